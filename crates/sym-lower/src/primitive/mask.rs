//! Entries that a position does not see.

use crate::Array;

/// −∞ in place of the entries (i, j) of two array axes for which `sees` is false.
pub(crate) fn mask(array: Array, row: usize, column: usize, sees: impl Fn(usize, usize) -> bool) -> Array {
    let dims = array.dims();
    let mut sizes = vec![1; dims.len()];
    sizes[row] = dims[row];
    sizes[column] = dims[column];
    let (first, second) = (row.min(column), row.max(column));
    let values: Vec<f64> = (0..dims[first])
        .flat_map(|a| (0..dims[second]).map(move |b| if row < column { (a, b) } else { (b, a) }))
        .map(|(i, j)| if sees(i, j) { 0.0 } else { f64::NEG_INFINITY })
        .collect();
    let hidden = Array::from_values(&values, &sizes, &array.device(), array.dtype());
    array + hidden
}
