//! Joining along an axis.

use crate::Array;

/// Joins parts along an axis of the result's array; parts without a batch are repeated along the batch where others have one.
pub(crate) fn concat(parts: Vec<(Array, bool)>, axis: usize, batch: Option<usize>) -> Array {
    let parts = parts
        .into_iter()
        .map(|(part, batched)| match batch {
            Some(batch) if !batched => {
                let mut sizes = part.dims();
                sizes.insert(0, 1);
                let part = part.reshape(&sizes);
                sizes[0] = batch;
                part.expand(&sizes)
            }
            _ => part,
        })
        .collect();
    Array::concat(parts, axis)
}
