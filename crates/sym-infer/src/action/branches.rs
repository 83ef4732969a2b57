//! Branches that change places as wholes.

use crate::action::Weights;
use crate::action::context::sizes;
use crate::action::tensor::{offsets, other_axes};
use sym_ir::{ParameterId, Program};

/// The number of index tuples at which branches are permuted independently.
pub(super) fn copies(program: &Program, parts: &[Vec<ParameterId>], over: &[Vec<usize>]) -> usize {
    let Some((parameter, axes)) = parts.first().and_then(|part| part.first()).zip(over.first()) else { return 0 };
    axes.iter().map(|&axis| program.parameter(*parameter).shape[axis].size as usize).product()
}

/// Puts branch `order[copy][to]` in the place of branch `to`, for each index tuple `copy`.
pub(super) fn permute(
    program: &Program,
    moved: &mut Weights,
    parts: &[Vec<ParameterId>],
    over: &[Vec<usize>],
    orders: &[Vec<usize>],
) {
    for (at, axes) in over.iter().enumerate() {
        let before: Vec<Vec<f64>> = parts.iter().map(|part| moved.values[part[at].0 as usize].clone()).collect();
        let shape = sizes(&program.parameter(parts[0][at]).shape);
        let rest = offsets(&shape, &other_axes(shape.len(), axes));
        for (start, order) in offsets(&shape, axes).into_iter().zip(orders) {
            for (to, &from) in order.iter().enumerate() {
                let values = &mut moved.values[parts[to][at].0 as usize];
                rest.iter().for_each(|entry| values[start + entry] = before[from][start + entry]);
            }
        }
    }
}

/// A random order of each index tuple's branches, not all of them the given one.
pub(super) fn random_orders(copies: usize, size: usize, normal: &mut dyn FnMut() -> f64) -> Vec<Vec<usize>> {
    let mut orders: Vec<Vec<usize>> = (0..copies).map(|_| super::element::random_order(size, normal)).collect();
    if orders.iter().all(|order| order.is_sorted())
        && let Some(first) = orders.first_mut()
    {
        first.rotate_left(1);
    }
    orders
}
