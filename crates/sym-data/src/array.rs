//! Arrays as files hold them.

use crate::cursor::Cursor;
use crate::element::{Element, Entries, Order};
use crate::error::{Error, Place};
use std::path::Path;

/// Numbers with axes, the last running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// The numbers: as many as the product of the sizes.
    pub entries: Entries,
}

/// Which axis of a file's array runs fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The last one, as in C.
    LastFastest,
    /// The first one, as in Fortran.
    FirstFastest,
}

impl Array {
    /// Reads the numbers of an array of `sizes` from a file.
    ///
    /// # Errors
    ///
    /// Sizes that say more than the file holds, and numbers that double precision does not hold.
    pub fn read(cursor: &mut Cursor<'_>, sizes: &[u64], element: Element, order: Order, layout: Layout) -> Result<Self, Error> {
        let shown = || sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ");
        let start = cursor.at();
        let count = sizes.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
        let bytes = count.and_then(|count| count.checked_mul(element.size())).ok_or_else(|| {
            cursor
                .damaged(start, format!("{} numbers are more than can be counted", shown()))
                .found(shown())
                .expected("sizes of an array")
        })?;
        let bytes = cursor.bytes(bytes, &format!("the {} numbers", shown()))?;
        let entries = element.read(bytes, order).map_err(|at| {
            let byte = start + at as u64 * element.size();
            cursor
                .damaged(byte, format!("number {at} has more digits than double precision"))
                .expected("whole numbers up to 2^53")
        })?;
        let shape: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
        let array = Self { shape, entries };
        Ok(if layout == Layout::FirstFastest { array.transposed() } else { array })
    }

    /// The same numbers where the first axis ran fastest: entry (i₁, …, iₖ) stood at i₁ + n₁(i₂ + n₂(i₃ + …)).
    fn transposed(self) -> Self {
        let Self { shape, entries } = self;
        if shape.len() < 2 || entries.is_empty() {
            return Self { shape, entries };
        }
        let mut strides = Vec::with_capacity(shape.len());
        let mut stride = 1;
        for &size in &shape {
            strides.push(stride);
            stride *= size;
        }
        let mut index = vec![0; shape.len()];
        let mut at = 0;
        let positions = (0..entries.len()).map(|_| {
            let position = at;
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                at += strides[axis];
                if index[axis] < shape[axis] {
                    break;
                }
                at -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
            position
        });
        let entries = entries.pick(positions);
        Self { shape, entries }
    }

    /// The size of the first axis.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// The numbers as classes 0, 1, …; `named` is the array in messages.
    ///
    /// # Errors
    ///
    /// More than one number an example, and numbers that are no classes (of `count`, where that is given).
    pub fn classes(&self, file: &Path, named: &str, count: Option<u64>) -> Result<Vec<usize>, Error> {
        let place = || Place::Member(named.to_string());
        if self.shape.is_empty() || self.shape[1..].iter().any(|&size| size != 1) {
            return Err(Error::damaged(file, place(), "it has more than one class an example")
                .found(shown(&self.shape))
                .expected("one axis: one class an example"));
        }
        let limit = count.unwrap_or(1 << 32);
        let whole = |(at, value): (usize, f64)| {
            let fits = value.fract() == 0.0 && value >= 0.0 && value < limit as f64;
            fits.then_some(value as usize).ok_or_else(|| {
                let expected = count.map_or_else(|| "a whole number from 0".to_string(), |count| format!("0..{count}"));
                let error =
                    Error::damaged(file, place(), format!("example {at} has the class {value}")).found(value).expected(expected);
                if count.is_some_and(|count| value == count as f64) { error.help("classes are counted from 0") } else { error }
            })
        };
        (0..self.entries.len()).map(|at| (at, self.entries.at(at))).map(whole).collect()
    }
}

/// Sizes in words: `3 × 4`.
pub(crate) fn shown(shape: &[usize]) -> String {
    if shape.is_empty() {
        "a single number".to_string()
    } else {
        shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
    }
}
