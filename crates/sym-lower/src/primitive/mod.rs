//! The primitives on arrays, one file per family.
//!
//! A batched value has a leading batch axis, so an axis of the program is one further right in its array.

pub(crate) mod add;
pub(crate) mod adjoint;
pub(crate) mod arrange;
pub(crate) mod concat;
pub(crate) mod dense;
pub(crate) mod einsum;
pub(crate) mod map;
pub(crate) mod mask;
pub(crate) mod normalise;
pub(crate) mod one_hot;
pub(crate) mod reduce;
pub(crate) mod rotary;
pub(crate) mod slice;
pub(crate) mod softmax;
pub(crate) mod top_k;
pub(crate) mod window;
