//! Normalisation by mean and variance.

use crate::Array;
use crate::array::with_tensor;
use burn::tensor::Tensor;

/// (x − m)/√(v + ε) with statistics over array axes together, the batch among them where asked for.
pub(crate) fn normalise(array: Array, axes: &[usize], centre: bool, epsilon: f64) -> Array {
    with_tensor!(array, tensor => Array::from(normalised(tensor, axes, centre, epsilon)))
}

fn normalised<const D: usize>(x: Tensor<D>, axes: &[usize], centre: bool, epsilon: f64) -> Tensor<D> {
    let (deviation, standard) = deviations(x, axes, centre, epsilon);
    deviation / standard
}

/// x − m and √(v + ε), the latter with axes of size 1 where the statistics run.
pub(crate) fn deviations<const D: usize>(x: Tensor<D>, axes: &[usize], centre: bool, epsilon: f64) -> (Tensor<D>, Tensor<D>) {
    let count: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
    // Not `div_scalar`: its gradient holds 1/count in single precision.
    let mean = |x: Tensor<D>| axes.iter().fold(x, |sum, &axis| sum.sum_dim(axis)).mul_scalar(1.0 / count as f64);
    let deviation = if centre { x.clone() - mean(x) } else { x };
    let variance = mean(deviation.clone() * deviation.clone());
    let variance = if epsilon == 0.0 { variance } else { variance.add_scalar(epsilon) };
    (deviation, variance.sqrt())
}
