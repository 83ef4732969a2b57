//! Tensors on their way into a safetensors file.

use safetensors::tensor::{Dtype, View};
use std::borrow::Cow;

/// A tensor of a safetensors file; its bytes exist only while they are written.
#[derive(Debug)]
pub struct Packed<'a> {
    /// Its entries, row-major.
    pub values: &'a [f64],
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Whether it is kept in single precision.
    pub single: bool,
}

impl View for Packed<'_> {
    fn dtype(&self) -> Dtype {
        if self.single { Dtype::F32 } else { Dtype::F64 }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(if self.single {
            self.values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect()
        } else {
            self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
        })
    }

    fn data_len(&self) -> usize {
        self.values.len() * if self.single { size_of::<f32>() } else { size_of::<f64>() }
    }
}
