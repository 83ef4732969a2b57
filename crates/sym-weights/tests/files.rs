//! Files as they are published, their dialects, and damage.

#[path = "files/bytes.rs"]
mod bytes;
#[path = "files/damage.rs"]
mod damage;
#[path = "files/names.rs"]
mod names;
#[path = "files/numpy.rs"]
mod numpy;
#[path = "files/onnx.rs"]
mod onnx;
#[path = "files/pytorch.rs"]
mod pytorch;
#[path = "files/ranges.rs"]
mod ranges;
