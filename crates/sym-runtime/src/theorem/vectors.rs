//! Weights as vectors.

use sym_infer::Weights;

fn pairs<'a>(one: &'a Weights, other: &'a Weights) -> impl Iterator<Item = (f64, f64)> + 'a {
    one.values.iter().flatten().copied().zip(other.values.iter().flatten().copied())
}

/// The inner product.
pub(super) fn inner(one: &Weights, other: &Weights) -> f64 {
    pairs(one, other).map(|(a, b)| a * b).sum()
}

/// The Euclidean norm.
pub(super) fn norm(weights: &Weights) -> f64 {
    inner(weights, weights).sqrt()
}

/// |one − other|.
pub(super) fn distance(one: &Weights, other: &Weights) -> f64 {
    pairs(one, other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// one + factor · other.
pub(super) fn combined(one: &Weights, factor: f64, other: &Weights) -> Weights {
    let values = one.values.iter().zip(&other.values);
    Weights { values: values.map(|(one, other)| one.iter().zip(other).map(|(a, b)| a + factor * b).collect()).collect() }
}
