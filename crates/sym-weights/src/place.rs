//! Where the entries of a tensor lie, and reading them.

use crate::NumberType;
use crate::cursor::Cursor;
use crate::fault::{Read as Outcome, io, truncated};
use crate::onnx::wire;
use crate::source::Source;
use flate2::read::DeflateDecoder;
use std::io::{Read, Seek, SeekFrom};

/// How many numbers are read at once.
const CHUNK: u64 = 1 << 14;

/// The most entries of a tensor whose storage has fewer, as one that is repeated along an axis has.
const MAX_REPEATED: u64 = 1 << 22;

/// The entries of a tensor: numbers at `first` + ∑ iₐ `strides`ₐ of an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// Which of an archive's sources has the array.
    pub source: usize,
    /// The array.
    pub data: Data,
    /// How many numbers the array has.
    pub count: u64,
    /// Whether its numbers are big-endian.
    pub swapped: bool,
    /// The place of the first entry.
    pub first: u64,
    /// The step of each axis.
    pub strides: Vec<u64>,
}

/// How an array lies in its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Data {
    /// As it is, from this byte on.
    Plain { offset: u64 },
    /// Compressed: behind `skip` bytes of what these bytes unpack to.
    Deflated { offset: u64, length: u64, skip: u64 },
    /// Whole numbers of variable length, one after the other.
    Varints { offset: u64, length: u64 },
}

/// The number of entries of a shape, unless it is beyond counting.
pub(crate) fn entries(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size)).filter(|&count| usize::try_from(count).is_ok())
}

/// The steps of a tensor whose last axis varies fastest.
pub(crate) fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

impl Place {
    /// An array that is the tensor, row after row, from a byte of a source on. It must lie within `length` bytes.
    pub fn plain(source: usize, offset: u64, length: u64, number: NumberType, shape: &[u64]) -> Outcome<Self> {
        let count = entries(shape).ok_or_else(|| format!("a tensor of shape {shape:?} is beyond counting"))?;
        let needed = count.checked_mul(number.width()).ok_or_else(truncated)?;
        if needed > length {
            return Err(format!("a tensor of shape {shape:?} needs {needed} bytes and has {length}"));
        }
        Ok(Self { source, data: Data::Plain { offset }, count, swapped: false, first: 0, strides: row_major(shape) })
    }

    /// Whether every entry of a tensor of this shape is within the array.
    pub fn check(&self, shape: &[u64]) -> Outcome<()> {
        let count = entries(shape).ok_or_else(|| format!("a tensor of shape {shape:?} is beyond counting"))?;
        if shape.len() != self.strides.len() {
            return Err(format!("a tensor of shape {shape:?} has {} steps", self.strides.len()));
        }
        if count == 0 {
            return Ok(());
        }
        if count > self.count.max(MAX_REPEATED) {
            return Err(format!("a tensor of {count} entries repeats an array of {}", self.count));
        }
        match self.last(shape) {
            Some(last) if last < self.count => Ok(()),
            _ => Err(format!("a tensor of shape {shape:?} reaches beyond its array of {} numbers", self.count)),
        }
    }

    /// The furthest place of an entry of a tensor that has some.
    fn last(&self, shape: &[u64]) -> Option<u64> {
        shape
            .iter()
            .zip(&self.strides)
            .try_fold(self.first, |sum, (size, stride)| sum.checked_add(size.checked_sub(1)?.checked_mul(*stride)?))
    }

    /// The entries, row after row.
    pub fn read(&self, sources: &mut [Source], number: NumberType, shape: &[u64]) -> Outcome<Vec<f64>> {
        self.check(shape)?;
        let count = entries(shape).unwrap_or(0);
        if count == 0 {
            return Ok(Vec::new());
        }
        let source = sources.get_mut(self.source).ok_or_else(truncated)?;
        let last = self.last(shape).ok_or_else(truncated)?;
        let span = self.span(source, number, self.first, last - self.first + 1)?;
        if self.strides == row_major(shape) {
            return Ok(span);
        }
        let mut values = reserved(count)?;
        let mut position = vec![0u64; shape.len()];
        let mut at = 0u64;
        for _ in 0..count {
            values.push(span[at as usize]);
            for axis in (0..shape.len()).rev() {
                position[axis] += 1;
                at += self.strides[axis];
                if position[axis] < shape[axis] {
                    break;
                }
                at -= shape[axis] * self.strides[axis];
                position[axis] = 0;
            }
        }
        Ok(values)
    }

    /// Numbers of the array that follow each other.
    fn span(&self, source: &mut Source, number: NumberType, first: u64, count: u64) -> Outcome<Vec<f64>> {
        let mut values = Vec::new();
        match self.data {
            Data::Plain { offset } => {
                let start = offset.checked_add(first * number.width()).ok_or_else(truncated)?;
                // Held against the length before anything is reserved.
                let end = count.checked_mul(number.width()).and_then(|bytes| start.checked_add(bytes));
                end.filter(|end| *end <= source.length()).ok_or_else(truncated)?;
                source.seek(SeekFrom::Start(start)).map_err(|error| io(&error))?;
                values = reserved(count)?;
                self.numbers(source, number, count, &mut values)?;
            }
            Data::Deflated { offset, length, skip } => {
                source.seek(SeekFrom::Start(offset)).map_err(|error| io(&error))?;
                let mut unpacked = DeflateDecoder::new(source.take(length));
                let before = skip.saturating_add(first * number.width());
                let skipped =
                    std::io::copy(&mut (&mut unpacked).take(before), &mut std::io::sink()).map_err(|error| io(&error))?;
                if skipped < before {
                    return Err(truncated());
                }
                self.numbers(&mut unpacked, number, count, &mut values)?;
            }
            Data::Varints { offset, length } => {
                let mut cursor = Cursor::new(source, offset);
                cursor.narrow(length)?;
                for at in 0..first.saturating_add(count) {
                    let bits = wire::varint(&mut cursor)?;
                    if at >= first {
                        number.widen(&bits.to_le_bytes()[..number.width() as usize], false, &mut values);
                    }
                }
            }
        }
        Ok(values)
    }

    fn numbers(&self, from: &mut impl Read, number: NumberType, count: u64, values: &mut Vec<f64>) -> Outcome<()> {
        let mut buffer = vec![0; (CHUNK.min(count) * number.width()) as usize];
        let mut left = count;
        while left > 0 {
            let now = left.min(CHUNK);
            let bytes = &mut buffer[..(now * number.width()) as usize];
            from.read_exact(bytes).map_err(|error| io(&error))?;
            number.widen(bytes, self.swapped, values);
            left -= now;
        }
        Ok(())
    }
}

/// An empty list with room for so many numbers, or the words for one that does not fit into memory.
fn reserved(count: u64) -> Outcome<Vec<f64>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count as usize).map_err(|_| format!("a tensor of {count} entries does not fit into memory"))?;
    Ok(values)
}
