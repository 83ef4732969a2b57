//! Operations of derivatives.

use super::window::Windows;
use super::{normalise, top_k};
use crate::Array;
use crate::array::with_tensor;
use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use sym_ir::ReduceKind;

/// The sum (or mean) over the batch, the first array axis.
pub(crate) fn over_batch(array: Array, mean: bool) -> Array {
    let count = array.dims()[0];
    let sum = array.sum_axis(0);
    if mean { sum.scale(1.0 / count as f64) } else { sum }
}

/// The array for every example; `sizes` are those of the result, the batch in front.
pub(crate) fn repeat(array: Array, sizes: &[usize]) -> Array {
    let mut one = sizes.to_vec();
    one[0] = 1;
    array.reshape(&one).expand(sizes)
}

/// The sum over windows and taps that show a position, for each of `size` positions.
pub(crate) fn fold(array: Array, axis: usize, size: usize, windows: &Windows) -> Array {
    let mut sizes = array.dims();
    sizes.splice(axis..axis + 2, [windows.count * windows.taps]);
    let shown = array.reshape(&sizes);
    sizes[axis] = size + 2 * windows.padding;
    let padded = Array::full(0.0, &sizes, &shown.device(), shown.dtype());
    add_at(padded, axis, &windows.positions(), shown).narrow(axis, windows.padding, size)
}

/// Adds entries of `values` to those of `array` at positions of an axis.
fn add_at(array: Array, axis: usize, positions: &[i64], values: Array) -> Array {
    let device = array.device().inner();
    let data = TensorData::new(positions.to_vec(), [positions.len()]);
    let positions = Tensor::<1, Int>::from_data(data, (&device, DType::I64));
    crate::array::with_tensors!(array, values, a, b => Array::from(a.select_assign(axis, positions, b, IndexingUpdateOp::Add)))
}

/// Zeros, the array, and zeros up to `size` along an axis.
pub(crate) fn pad(array: Array, axis: usize, before: usize, size: usize) -> Array {
    let own = array.dims();
    let zeros = |count: usize| {
        let mut sizes = own.clone();
        sizes[axis] = count;
        Array::full(0.0, &sizes, &array.device(), array.dtype())
    };
    let (front, back) = (zeros(before), zeros(size - before - own[axis]));
    Array::concat([front, array, back].into_iter().filter(|part| !part.is_empty()).collect(), axis)
}

/// 1 at the first largest or smallest entry over array axes, 0 elsewhere.
pub(crate) fn first(array: &Array, kind: ReduceKind, axes: &[usize]) -> Array {
    let sizes = array.dims();
    let values = array.values();
    let groups: usize = sizes.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &size)| size).product();
    let mut best: Vec<Option<usize>> = vec![None; groups];
    for (at, value) in values.iter().enumerate() {
        let (mut rest, mut group, mut step) = (at, 0, 1);
        for axis in (0..sizes.len()).rev() {
            if !axes.contains(&axis) {
                group += rest % sizes[axis] * step;
                step *= sizes[axis];
            }
            rest /= sizes[axis];
        }
        let better = best[group].is_none_or(|present| match kind {
            ReduceKind::Max => *value > values[present],
            ReduceKind::Min => *value < values[present],
        });
        if better {
            best[group] = Some(at);
        }
    }
    let mut kept = vec![0.0; values.len()];
    best.into_iter().flatten().for_each(|at| kept[at] = 1.0);
    Array::from_values(&kept, &sizes, &array.device(), array.dtype())
}

/// 1 at the largest entries along an array axis, 0 elsewhere.
pub(crate) fn kept(array: &Array, axis: usize, count: usize) -> Array {
    let kept: Vec<f64> = top_k::kept(array, axis, count).into_iter().map(|kept| f64::from(u8::from(kept))).collect();
    Array::from_values(&kept, &array.dims(), &array.device(), array.dtype())
}

/// 1 where `sees` is true of row and column.
pub(crate) fn band(sizes: &[usize], device: &Device, dtype: DType, sees: impl Fn(usize, usize) -> bool) -> Array {
    let entry = |at: usize| f64::from(u8::from(sees(at / sizes[1], at % sizes[1])));
    let values: Vec<f64> = (0..sizes[0] * sizes[1]).map(entry).collect();
    Array::from_values(&values, sizes, device, dtype)
}

/// 1/√(v + ε) of a normalisation over array axes; `sizes` are those of the result.
pub(crate) fn inverse_deviation(array: Array, axes: &[usize], centre: bool, epsilon: f64, sizes: &[usize]) -> Array {
    with_tensor!(array, tensor => Array::from(normalise::deviations(tensor, axes, centre, epsilon).1.recip())).reshape(sizes)
}
