//! A test for each model: the build script wrote them.

use burn::tensor::TensorCreationOptions;
use sym_emitted::compare::{Emitted, compare, numbers, tensor};
use sym_lower::Array;

include!(concat!(env!("OUT_DIR"), "/models.rs"));
