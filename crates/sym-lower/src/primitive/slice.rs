//! Successive entries of an axis.

use crate::Array;

/// `length` entries of an array axis from `start` on.
pub(crate) fn slice(array: Array, axis: usize, start: usize, length: usize) -> Array {
    array.narrow(axis, start, length)
}
