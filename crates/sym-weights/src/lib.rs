//! Pretrained weights: files as they are published, and the names that tensors go by in them.
//!
//! | what | module |
//! |---|---|
//! | a file, or several that belong together, as a list of tensors that are read one at a time | [`Archive`] |
//! | number types | [`NumberType`] |
//! | the nodes of an ONNX graph | [`onnx`] |
//! | maps from the names of a file to those of a model | [`maps`] |
//!
//! Architecture invariant: nothing here knows a model or a tensor library. A file is input that may be damaged or hostile: every length is held
//! against what the file has before it allocates or indexes, and nothing that a file says is executed. What is not read costs no memory.

mod archive;
mod cursor;
mod fault;
pub mod maps;
mod npy;
mod number;
pub mod onnx;
mod place;
mod pytorch;
mod safetensors;
mod sharded;
mod source;
mod zipped;

pub use archive::{Archive, Format, Tensor, Unread, open};
pub use number::NumberType;
