//! Number types of files, as double precision.

use half::{bf16, f16};

/// A number type that tensors are stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
    /// 16 bits, 5 of them exponent.
    F16,
    /// 16 bits, 8 of them exponent.
    Bf16,
    /// 8 bits, 4 of them exponent, without infinities (OCP FP8, E4M3).
    F8E4M3,
    /// 8 bits, 5 of them exponent (OCP FP8, E5M2).
    F8E5M2,
    /// Signed.
    I64,
    /// Signed.
    I32,
    /// Signed.
    I16,
    /// Signed.
    I8,
    /// Unsigned.
    U64,
    /// Unsigned.
    U32,
    /// Unsigned.
    U16,
    /// Unsigned.
    U8,
    /// One byte; 0 is false.
    Bool,
}

impl NumberType {
    /// Every type under its name here and in reports.
    pub const ALL: [(&'static str, NumberType); 15] = [
        ("f64", NumberType::F64),
        ("f32", NumberType::F32),
        ("f16", NumberType::F16),
        ("bf16", NumberType::Bf16),
        ("f8e4m3", NumberType::F8E4M3),
        ("f8e5m2", NumberType::F8E5M2),
        ("i64", NumberType::I64),
        ("i32", NumberType::I32),
        ("i16", NumberType::I16),
        ("i8", NumberType::I8),
        ("u64", NumberType::U64),
        ("u32", NumberType::U32),
        ("u16", NumberType::U16),
        ("u8", NumberType::U8),
        ("bool", NumberType::Bool),
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, own)| *own == self).map_or("", |(name, _)| name)
    }

    /// How many bytes a number has.
    pub const fn width(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F8E4M3 | Self::F8E5M2 | Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether weights can be of this type. What is of another one is a counter, a mask or an index.
    pub const fn is_floating(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16 | Self::F8E4M3 | Self::F8E5M2)
    }

    /// Appends numbers as double precision: exactly, but for whole numbers beyond 2⁵³, which are rounded. `bytes` are whole numbers of this
    /// type in little-endian order, or big-endian order where `swapped`.
    pub(crate) fn widen(self, bytes: &[u8], swapped: bool, into: &mut Vec<f64>) {
        fn each<const N: usize>(bytes: &[u8], swapped: bool, into: &mut Vec<f64>, widen: impl Fn([u8; N]) -> f64) {
            into.extend(bytes.as_chunks::<N>().0.iter().map(|&(mut chunk)| {
                if swapped {
                    chunk.reverse();
                }
                widen(chunk)
            }));
        }
        match self {
            Self::F64 => each(bytes, swapped, into, f64::from_le_bytes),
            Self::F32 => each(bytes, swapped, into, |chunk| f64::from(f32::from_le_bytes(chunk))),
            Self::F16 => each(bytes, swapped, into, |chunk| f64::from(f16::from_le_bytes(chunk))),
            Self::Bf16 => each(bytes, swapped, into, |chunk| f64::from(bf16::from_le_bytes(chunk))),
            Self::F8E4M3 => each(bytes, swapped, into, |[byte]: [u8; 1]| e4m3(byte)),
            // The upper half of a number of 16 bits.
            Self::F8E5M2 => each(bytes, swapped, into, |[byte]: [u8; 1]| f64::from(f16::from_bits(u16::from(byte) << 8))),
            Self::I64 => each(bytes, swapped, into, |chunk| i64::from_le_bytes(chunk) as f64),
            Self::I32 => each(bytes, swapped, into, |chunk| f64::from(i32::from_le_bytes(chunk))),
            Self::I16 => each(bytes, swapped, into, |chunk| f64::from(i16::from_le_bytes(chunk))),
            Self::I8 => each(bytes, swapped, into, |chunk| f64::from(i8::from_le_bytes(chunk))),
            Self::U64 => each(bytes, swapped, into, |chunk| u64::from_le_bytes(chunk) as f64),
            Self::U32 => each(bytes, swapped, into, |chunk| f64::from(u32::from_le_bytes(chunk))),
            Self::U16 => each(bytes, swapped, into, |chunk| f64::from(u16::from_le_bytes(chunk))),
            Self::U8 => each(bytes, swapped, into, |[byte]: [u8; 1]| f64::from(byte)),
            Self::Bool => each(bytes, swapped, into, |[byte]: [u8; 1]| f64::from(u8::from(byte != 0))),
        }
    }
}

/// A number with a sign bit, four bits of exponent with bias 7 and three of mantissa. All exponents are finite; only the last mantissa of the
/// last exponent is not a number.
fn e4m3(byte: u8) -> f64 {
    let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
    let (exponent, mantissa) = (i32::from(byte >> 3 & 0xf), f64::from(byte & 7));
    match (exponent, byte & 7) {
        (0xf, 7) => f64::NAN,
        (0, _) => sign * mantissa * 2f64.powi(-9),
        _ => sign * (8.0 + mantissa) * 2f64.powi(exponent - 10),
    }
}

#[cfg(test)]
mod tests {
    use super::NumberType;

    fn widened(number: NumberType, bytes: &[u8]) -> Vec<f64> {
        let mut values = Vec::new();
        number.widen(bytes, false, &mut values);
        values
    }

    #[test]
    fn numbers_of_eight_bits_by_the_tables_of_their_specification() {
        // OCP 8-bit floating point, table 2: largest, smallest normal, largest and smallest subnormal.
        assert_eq!(
            widened(NumberType::F8E4M3, &[0x7e, 0x08, 0x07, 0x01, 0xfe]),
            [448.0, 0.015_625, 0.875 / 64.0, 1.0 / 512.0, -448.0]
        );
        assert_eq!(
            widened(NumberType::F8E5M2, &[0x7b, 0x04, 0x03, 0x01]),
            [57344.0, 1.0 / 16384.0, 0.75 / 16384.0, 1.0 / 65536.0]
        );
        assert!(widened(NumberType::F8E4M3, &[0x7f])[0].is_nan());
        assert_eq!(widened(NumberType::F8E5M2, &[0xfc]), [f64::NEG_INFINITY]);
    }

    #[test]
    fn halves_and_whole_numbers() {
        assert_eq!(widened(NumberType::F16, &[0x00, 0x3c, 0xff, 0x7b]), [1.0, 65504.0]);
        assert_eq!(widened(NumberType::Bf16, &[0xc0, 0x3f]), [1.5]);
        assert_eq!(widened(NumberType::I16, &[0xfe, 0xff]), [-2.0]);
        assert_eq!(widened(NumberType::Bool, &[0, 2]), [0.0, 1.0]);
    }

    #[test]
    fn the_other_order_of_bytes() {
        let mut values = Vec::new();
        NumberType::F32.widen(&[0x3f, 0xc0, 0, 0], true, &mut values);
        assert_eq!(values, [1.5]);
    }
}
