//! Number types of files, and numbers in memory.

/// Numbers in the smallest type that holds each of them exactly.
#[derive(Debug, Clone, PartialEq)]
pub enum Entries {
    /// Whole numbers 0..=255.
    Bytes(Vec<u8>),
    /// Single precision.
    Single(Vec<f32>),
    /// Double precision.
    Double(Vec<f64>),
}

impl Entries {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Entries::Bytes(values) => values.len(),
            Entries::Single(values) => values.len(),
            Entries::Double(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One number.
    pub fn at(&self, at: usize) -> f64 {
        match self {
            Entries::Bytes(values) => f64::from(values[at]),
            Entries::Single(values) => f64::from(values[at]),
            Entries::Double(values) => values[at],
        }
    }

    /// The numbers at these positions, in this order.
    #[must_use]
    pub fn pick(&self, positions: impl Iterator<Item = usize>) -> Self {
        match self {
            Entries::Bytes(values) => Entries::Bytes(positions.map(|at| values[at]).collect()),
            Entries::Single(values) => Entries::Single(positions.map(|at| values[at]).collect()),
            Entries::Double(values) => Entries::Double(positions.map(|at| values[at]).collect()),
        }
    }

    /// The position of the first number that is not finite.
    pub fn not_finite(&self) -> Option<usize> {
        match self {
            Entries::Bytes(_) => None,
            Entries::Single(values) => values.iter().position(|value| !value.is_finite()),
            Entries::Double(values) => values.iter().position(|value| !value.is_finite()),
        }
    }
}

/// A number type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// True and false.
    Bool,
    /// Unsigned, 1 byte.
    U8,
    /// Signed, 1 byte.
    I8,
    /// Unsigned, 2 bytes.
    U16,
    /// Signed, 2 bytes.
    I16,
    /// Unsigned, 4 bytes.
    U32,
    /// Signed, 4 bytes.
    I32,
    /// Unsigned, 8 bytes.
    U64,
    /// Signed, 8 bytes.
    I64,
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

/// Whole numbers up to this are exact in double precision: 2⁵³.
const EXACT: u64 = 1 << 53;

impl Element {
    /// Bytes a number.
    pub fn size(self) -> u64 {
        match self {
            Element::Bool | Element::U8 | Element::I8 => 1,
            Element::U16 | Element::I16 | Element::F16 => 2,
            Element::U32 | Element::I32 | Element::F32 => 4,
            Element::U64 | Element::I64 | Element::F64 => 8,
        }
    }

    /// The numbers that bytes stand for. Bytes behind the last whole number are left out.
    ///
    /// # Errors
    ///
    /// The position of the first number that double precision does not hold.
    pub fn read(self, bytes: Vec<u8>, order: Order) -> Result<Entries, usize> {
        Ok(match self {
            Element::Bool | Element::U8 => Entries::Bytes(bytes),
            Element::I8 => Entries::Single(bytes.into_iter().map(|byte| f32::from(byte as i8)).collect()),
            Element::U16 => Entries::Single(words(&bytes, order).map(|word| f32::from(u16::from_le_bytes(word))).collect()),
            Element::I16 => Entries::Single(words(&bytes, order).map(|word| f32::from(i16::from_le_bytes(word))).collect()),
            Element::F16 => Entries::Single(words(&bytes, order).map(|word| half::f16::from_le_bytes(word).to_f32()).collect()),
            Element::F32 => Entries::Single(words(&bytes, order).map(f32::from_le_bytes).collect()),
            Element::U32 => Entries::Double(words(&bytes, order).map(|word| f64::from(u32::from_le_bytes(word))).collect()),
            Element::I32 => Entries::Double(words(&bytes, order).map(|word| f64::from(i32::from_le_bytes(word))).collect()),
            Element::F64 => Entries::Double(words(&bytes, order).map(f64::from_le_bytes).collect()),
            Element::U64 => {
                let numbers = words(&bytes, order).map(u64::from_le_bytes).enumerate();
                Entries::Double(
                    numbers.map(|(at, value)| (value <= EXACT).then_some(value as f64).ok_or(at)).collect::<Result<_, _>>()?,
                )
            }
            Element::I64 => {
                let numbers = words(&bytes, order).map(i64::from_le_bytes).enumerate();
                let exact = |(at, value): (usize, i64)| (value.unsigned_abs() <= EXACT).then_some(value as f64).ok_or(at);
                Entries::Double(numbers.map(exact).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// Words of N bytes, the lowest byte first.
fn words<const N: usize>(bytes: &[u8], order: Order) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().map(move |word| {
        let mut word = *word;
        if order == Order::Big {
            word.reverse();
        }
        word
    })
}
