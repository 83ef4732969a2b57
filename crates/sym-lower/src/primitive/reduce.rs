//! Largest and smallest entries.

use crate::Array;
use sym_ir::ReduceKind;

/// The largest or smallest entry over array axes (ascending), which are removed. Of equal entries the first takes the gradient.
pub(crate) fn reduce(array: Array, kind: ReduceKind, axes: &[usize]) -> Array {
    let largest = match kind {
        ReduceKind::Max => true,
        ReduceKind::Min => false,
    };
    axes.iter().rev().fold(array, |array, &axis| array.extreme(axis, largest))
}
