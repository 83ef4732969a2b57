//! Weighted sums.

use super::arrange::lay_out;
use crate::Array;

/// A summand with its coefficient and, for each of its array axes, the axis of the result.
pub(crate) struct Summand {
    pub array: Array,
    pub coefficient: f64,
    pub positions: Vec<usize>,
}

/// constant + ∑ coefficient · summand, at least one summand, in the order given; `sizes` are those of the result's array.
pub(crate) fn add(summands: Vec<Summand>, constant: f64, sizes: &[usize]) -> Array {
    let sum = summands
        .into_iter()
        .map(|summand| lay_out(summand.array, &summand.positions, sizes.len()).scale(summand.coefficient))
        .reduce(|sum, summand| sum + summand)
        .expect("at least one summand");
    sum.shift(constant).expand(sizes)
}
