//! Bringing operands to common axes.

use crate::Array;

/// Lays the axes of `array` along those of a result: axis `i` goes to `positions[i]`, all other axes of the result get size 1.
///
/// A rank-0 value is an array of one axis without a position.
pub(crate) fn lay_out(array: Array, positions: &[usize], rank: usize) -> Array {
    let rank = rank.max(1);
    if positions.is_empty() {
        return array.reshape(&vec![1; rank]);
    }
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|&axis| positions[axis]);
    let mut sizes = vec![1; rank];
    for (&position, size) in positions.iter().zip(array.dims()) {
        sizes[position] = size;
    }
    array.permute(&order).reshape(&sizes)
}
