//! Softmax.

use crate::Array;
use crate::array::with_tensor;

/// Softmax over an array axis; the largest logit is subtracted first, so that nothing overflows.
pub(crate) fn softmax(array: Array, axis: usize) -> Array {
    with_tensor!(array, tensor => Array::from(burn::tensor::activation::softmax(tensor, axis)))
}
