//! IDX, the format of MNIST (`LeCun`, Cortes and Burges): two zero bytes, a number type, the number of axes, their sizes as four bytes each, and
//! the numbers, all with the highest byte first. Plain or packed by gzip.

use super::{Result, first_there};
use crate::array::{Array, Layout};
use crate::cursor::Cursor;
use crate::element::{Element, Order};
use crate::examples::{Examples, Parts, Targets, inputs, paired};
use std::path::Path;

/// The array of a file.
///
/// # Errors
///
/// What is no such file.
pub fn idx_array(path: &Path) -> Result<Array> {
    parse(Cursor::open(path)?.gunzipped()?)
}

pub(crate) fn parse(mut cursor: Cursor<'_>) -> Result<Array> {
    let [zero, also_zero, kind, axes] = cursor.array("the first four bytes")?;
    if zero != 0 || also_zero != 0 {
        return Err(cursor
            .damaged(0, "it does not begin as an IDX file")
            .found(format!("{zero:#04x} {also_zero:#04x}"))
            .expected("two zero bytes, then number type and number of axes"));
    }
    let element = match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        other => {
            return Err(cursor
                .damaged(2, "an IDX file has no such number type")
                .found(format!("{other:#04x}"))
                .expected("0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e"));
        }
    };
    let mut sizes = Vec::new();
    for axis in 0..axes {
        sizes.push(u64::from(u32::from_be_bytes(cursor.array(&format!("the size of axis {axis}"))?)));
    }
    let array = Array::read(&mut cursor, &sizes, element, Order::Big, Layout::LastFastest)?;
    cursor.end()?;
    Ok(array)
}

/// Examples of two files: inputs, and one class each. Bytes of inputs stand for 0..=1.
///
/// # Errors
///
/// What is no such pair.
pub fn idx(images: &Path, labels: &Path) -> Result<Examples> {
    let mut array = idx_array(images)?;
    // Two axes behind the first are an image with one channel.
    if array.shape.len() == 3 {
        array.shape.insert(1, 1);
    }
    let classes = idx_array(labels)?.classes(labels, "labels", None)?;
    paired(labels, inputs(images, "images", array, true)?, Targets::Classes(classes))
}

/// MNIST, or a set of the same files such as Fashion-MNIST, from a folder with the four files, plain or packed.
///
/// # Errors
///
/// As [`idx()`].
pub fn mnist(folder: &Path) -> Result<Parts> {
    let part = |name: &str| {
        let file = |rest: &str| {
            let plain = format!("{name}-{rest}-ubyte");
            // Some copies have a dot for the second hyphen.
            let dotted = plain.replace("-idx", ".idx");
            let all = [plain.clone() + ".gz", plain, dotted.clone(), dotted + ".gz"].map(|name| folder.join(name));
            first_there(&all).to_path_buf()
        };
        idx(&file("images-idx3"), &file("labels-idx1"))
    };
    Ok(Parts { train: part("train")?, test: Some(part("t10k")?) })
}
