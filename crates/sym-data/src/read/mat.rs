//! Numeric arrays of MATLAB level 5 files ("MAT-File Format", the vendor's description), packed or not: the form of SVHN's cropped digits.
//!
//! A header of 128 bytes ends in the version and in `IM` or `MI`, which says the order of bytes. Elements follow: a type, a number of bytes, and
//! these bytes, padded to a multiple of 8. A type 15 holds one element packed by zlib, a type 14 an array: flags, sizes, name, numbers.

use super::Result;
use crate::array::{Array, Layout};
use crate::cursor::Cursor;
use crate::element::{Element, Entries, Order};
use crate::error::{Error, Kind, Place};
use crate::examples::{Examples, Parts, Targets, inputs, paired};
use std::path::Path;

const COMPRESSED: u32 = 15;
const MATRIX: u32 = 14;
/// Classes of arrays that hold plain numbers, double precision first.
const NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;

/// The head of an element: its type and its bytes; small ones hold up to four bytes in the head itself.
struct Tag {
    kind: u32,
    count: u64,
    small: Option<Vec<u8>>,
}

/// Reads in the file's order of bytes.
struct Reader<'a, 'b> {
    cursor: &'a mut Cursor<'b>,
    order: Order,
}

impl Reader<'_, '_> {
    fn word(&self, bytes: [u8; 4]) -> u32 {
        match self.order {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        }
    }

    fn tag(&mut self, what: &str) -> Result<Tag> {
        let start = self.cursor.at();
        let first = self.cursor.array(what)?;
        let rest: [u8; 4] = self.cursor.array(what)?;
        let first = self.word(first);
        // The count of a small element stands in the upper half of its type.
        if first >> 16 != 0 {
            let count = (first >> 16) as usize;
            let Some(bytes) = rest.get(..count) else {
                return Err(self
                    .cursor
                    .damaged(start, format!("a small element says {count} bytes"))
                    .found(count)
                    .expected("at most 4"));
            };
            return Ok(Tag { kind: first & 0xffff, count: count as u64, small: Some(bytes.to_vec()) });
        }
        Ok(Tag { kind: first, count: u64::from(self.word(rest)), small: None })
    }

    /// The bytes of an element, up to the beginning of the next.
    fn content(&mut self, tag: Tag, what: &str) -> Result<Vec<u8>> {
        if let Some(bytes) = tag.small {
            return Ok(bytes);
        }
        let bytes = self.cursor.bytes(tag.count, what)?;
        self.pad(tag.count)?;
        Ok(bytes)
    }

    fn pad(&mut self, count: u64) -> Result<()> {
        let padding = count.next_multiple_of(8) - count;
        if self.cursor.remaining() != Some(0) {
            self.cursor.bytes(padding, "the padding of an element")?;
        }
        Ok(())
    }

    /// The array of a matrix element, where it has this name; its tag has been read.
    fn matrix(&mut self, wanted: &str) -> Result<Option<Array>> {
        let start = self.cursor.at();
        let tag = self.tag("the flags of an array")?;
        let flags = self.content(tag, "the flags of an array")?;
        let Some(word) = flags.first_chunk::<4>() else {
            return Err(self.cursor.damaged(start, "the flags of an array are too short").found(flags.len()).expected("8 bytes"));
        };
        let flags = self.word(*word);
        let class = (flags & 0xff) as u8;
        let sizes_at = self.cursor.at();
        let tag = self.tag("the sizes of an array")?;
        let sizes: Vec<i64> = self
            .content(tag, "the sizes of an array")?
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| i64::from(self.word(*bytes) as i32))
            .collect();
        let sizes: Vec<u64> = sizes
            .iter()
            .map(|&size| u64::try_from(size))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| self.cursor.damaged(sizes_at, "an array has a negative size").expected("sizes from 0"))?;
        let tag = self.tag("the name of an array")?;
        let name = self.content(tag, "the name of an array")?;
        if name != wanted.as_bytes() {
            return Ok(None);
        }
        let unsupported = |cursor: &Cursor<'_>, what: &str| {
            Err(Error::new(cursor.file(), Kind::Unsupported, Place::Member(wanted.to_string()), what)
                .expected("an array of real numbers"))
        };
        if !NUMERIC.contains(&class) {
            return unsupported(self.cursor, "it is no array of plain numbers");
        }
        if flags & 0x0800 != 0 {
            return unsupported(self.cursor, "its numbers are complex");
        }
        self.numbers(&sizes).map(Some)
    }

    /// The numbers of an array of these sizes, whose first axis runs fastest.
    fn numbers(&mut self, sizes: &[u64]) -> Result<Array> {
        let at = self.cursor.at();
        let tag = self.tag("the numbers of an array")?;
        let element = match tag.kind {
            1 => Element::I8,
            2 => Element::U8,
            3 => Element::I16,
            4 => Element::U16,
            5 => Element::I32,
            6 => Element::U32,
            7 => Element::F32,
            9 => Element::F64,
            12 => Element::I64,
            13 => Element::U64,
            other => {
                return Err(self
                    .cursor
                    .damaged(at, "an array has no such number type")
                    .found(other)
                    .expected("1–7, 9, 12 or 13"));
            }
        };
        let expected = sizes.iter().try_fold(element.size(), |product, &size| product.checked_mul(size));
        if expected != Some(tag.count) {
            let shown = sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ");
            return Err(self
                .cursor
                .damaged(at, format!("{shown} numbers stand in {} bytes", tag.count))
                .found(format!("{} bytes", tag.count))
                .expected(expected.map_or_else(|| "sizes that can be counted".to_string(), |count| format!("{count} bytes"))));
        }
        match tag.small {
            Some(bytes) => {
                let mut cursor = Cursor::of_bytes(self.cursor.file(), &bytes);
                Array::read(&mut cursor, sizes, element, self.order, Layout::FirstFastest)
            }
            None => Array::read(self.cursor, sizes, element, self.order, Layout::FirstFastest),
        }
    }
}

/// The array of this name. Its axes are MATLAB's; the last one runs fastest in memory, as everywhere here.
///
/// # Errors
///
/// What is no such file, and one without such an array.
pub fn mat_array(path: &Path, name: &str) -> Result<Array> {
    parse(Cursor::open(path)?, name)
}

pub(crate) fn parse(mut cursor: Cursor<'_>, name: &str) -> Result<Array> {
    let header: [u8; 128] = cursor.array("the header of a MATLAB file")?;
    if header.starts_with(b"\x89HDF") || header.starts_with(b"MATLAB 7.3") {
        return Err(Error::new(cursor.file(), Kind::Unsupported, Place::Byte(0), "it is a MATLAB 7.3 file")
            .found("version 7.3")
            .expected("version 5")
            .help("save it with `-v7`"));
    }
    let (order, version) = match &header[126..] {
        b"IM" => (Order::Little, u16::from_le_bytes([header[124], header[125]])),
        b"MI" => (Order::Big, u16::from_be_bytes([header[124], header[125]])),
        other => {
            return Err(cursor
                .damaged(126, "it does not begin as a MATLAB level 5 file")
                .found(format!("{:#04x} {:#04x}", other[0], other[1]))
                .expected("`IM` or `MI`"));
        }
    };
    if version != 0x0100 {
        return Err(cursor.damaged(124, "it is no MATLAB level 5 file").found(format!("{version:#06x}")).expected("0x0100"));
    }
    while cursor.remaining() != Some(0) {
        let at = cursor.at();
        let tag = Reader { cursor: &mut cursor, order }.tag("an element")?;
        let found = match tag.kind {
            COMPRESSED => {
                let mut inner = cursor.inflated(tag.count, "a packed element")?;
                let mut reader = Reader { cursor: &mut inner, order };
                let tag = reader.tag("a packed element")?;
                let array = if tag.kind == MATRIX { reader.matrix(name)? } else { None };
                if array.is_some() {
                    // Up to seven bytes of padding; the checksum of the packed data is compared at their end.
                    let end = inner.at();
                    let padding = inner.rest("the padding of an array")?;
                    if padding.len() > 7 {
                        return Err(inner.damaged(end, "bytes follow behind the numbers of an array"));
                    }
                }
                array
            }
            MATRIX => {
                let bytes = cursor.bytes(tag.count, "an array")?;
                let mut inner = Cursor::of_bytes(cursor.file(), &bytes);
                Reader { cursor: &mut inner, order }.matrix(name).map_err(|error| moved(error, at + 8))?
            }
            _ => {
                Reader { cursor: &mut cursor, order }.content(tag, "an element")?;
                None
            }
        };
        if let Some(array) = found {
            return Ok(array);
        }
    }
    Err(Error::damaged(cursor.file(), Place::Whole, format!("it has no array `{name}`")).expected(format!("an array `{name}`")))
}

/// The same fault with its byte counted from the beginning of the file.
fn moved(error: Error, by: u64) -> Error {
    match error.place {
        Place::Byte(byte) => Error { place: Place::Byte(byte + by), ..error },
        _ => error,
    }
}

/// The cropped digits of SVHN (Netzer et al. 2011) from a folder with `train_32x32.mat` and `test_32x32.mat`.
///
/// # Errors
///
/// What are no such files.
pub fn svhn(folder: &Path) -> Result<Parts> {
    let part = |name: &str| {
        let path = folder.join(name);
        digits(&path, mat_array(&path, "X")?, &mat_array(&path, "y")?)
    };
    Ok(Parts { train: part("train_32x32.mat")?, test: Some(part("test_32x32.mat")?) })
}

/// `X` has height × width × channels × examples, `y` the digits with 10 for 0.
pub(crate) fn digits(file: &Path, images: Array, labels: &Array) -> Result<Examples> {
    let &[height, width, channels, count] = &images.shape[..] else {
        return Err(Error::damaged(file, Place::Member("X".to_string()), "it has other axes")
            .found(crate::array::shown(&images.shape))
            .expected("height × width × channels × examples"));
    };
    let column = |example: usize, channel: usize, row: usize, column: usize| {
        ((row * width + column) * channels + channel) * count + example
    };
    let per_image = height * width * channels;
    let positions = (0..images.entries.len()).map(|at| {
        let (example, place) = (at / per_image.max(1), at % per_image.max(1));
        column(example, place / (height * width), place / width % height, place % width)
    });
    let entries = images.entries.pick(positions);
    let array = Array { shape: vec![count, channels, height, width], entries };
    let labels = Array { shape: labels.shape.clone(), entries: Entries::Double(ten_as_zero(labels)) };
    let classes = labels.classes(file, "y", Some(10))?;
    paired(file, inputs(file, "X", array, true)?, Targets::Classes(classes))
}

fn ten_as_zero(labels: &Array) -> Vec<f64> {
    (0..labels.entries.len()).map(|at| labels.entries.at(at)).map(|label| if label == 10.0 { 0.0 } else { label }).collect()
}
