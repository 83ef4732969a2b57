//! Number types of files, as double precision.

use burn::tensor::{bf16, f16};

/// A number type that weights are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberType {
    F64,
    F32,
    F16,
    BF16,
}

impl NumberType {
    /// Numbers of this type as double precision, exactly; `bytes` are whole numbers in little-endian order.
    pub fn widen(self, bytes: &[u8]) -> Vec<f64> {
        fn each<const N: usize>(bytes: &[u8], widen: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|&chunk| widen(chunk)).collect()
        }
        match self {
            NumberType::F64 => each(bytes, f64::from_le_bytes),
            NumberType::F32 => each(bytes, |chunk| f64::from(f32::from_le_bytes(chunk))),
            NumberType::F16 => each(bytes, |chunk| f64::from(f16::from_le_bytes(chunk))),
            NumberType::BF16 => each(bytes, |chunk| f64::from(bf16::from_le_bytes(chunk))),
        }
    }
}
