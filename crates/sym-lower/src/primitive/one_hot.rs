//! Whole numbers as unit vectors.

use crate::Array;
use crate::array::with_tensors;

/// 1 where a number is the position along a new last axis of `classes` positions, else 0. `sizes` are those of the result.
pub(crate) fn one_hot(array: Array, classes: usize, sizes: &[usize]) -> Array {
    let (device, dtype) = (array.device(), array.dtype());
    let mut column = sizes.to_vec();
    *column.last_mut().expect("the axis of classes") = 1;
    let numbers = array.reshape(&column).expand(sizes);
    let mut row = vec![1; sizes.len()];
    *row.last_mut().expect("the axis of classes") = classes;
    let positions: Vec<f64> = (0..classes).map(|at| at as f64).collect();
    let positions = Array::from_values(&positions, &row, &device, dtype).expand(sizes);
    with_tensors!(numbers, positions, a, b => Array::from(b.zeros_like().mask_fill(a.equal(b), 1.0)))
}
