//! NumPy's `.npz`: a zip archive of `.npy` members, stored or deflated.

use super::{Result, npy};
use crate::array::Array;
use crate::cursor::Cursor;
use crate::element::Entries;
use crate::error::{Error, Kind, Place};
use crate::examples::{Examples, Targets, inputs, paired};
use crate::table::Table;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// The array of this name in an archive.
///
/// # Errors
///
/// What is no such archive, and one without such an array.
pub fn npz_array(path: &Path, name: &str) -> Result<Array> {
    let file = std::fs::File::open(path).map_err(|error| Error::system(path, &error))?;
    let information = file.metadata().map_err(|error| Error::system(path, &error))?;
    if information.is_dir() {
        return Err(Error::new(path, Kind::Unreadable, Place::Whole, "is a directory"));
    }
    member(path, BufReader::new(file), name)
}

pub(crate) fn member<R: Read + Seek>(path: &Path, source: R, name: &str) -> Result<Array> {
    let mut archive = ZipArchive::new(source).map_err(|error| refused(path, Place::Whole, error))?;
    let full = format!("{name}.npy");
    let Some(at) = archive.index_for_name(&full) else {
        let names: Vec<String> =
            archive.file_names().flatten().map(|name| name.trim_end_matches(".npy").to_string()).take(20).collect();
        return Err(Error::damaged(path, Place::Whole, format!("it has no array `{name}`"))
            .found(names.join(", "))
            .expected(name));
    };
    let member = archive.by_index(at).map_err(|error| refused(path, Place::Member(name.to_string()), error))?;
    let (length, packed) = (member.size(), member.compressed_size());
    npy::parse(Cursor::of_member(path, name, Box::new(member), length, packed))
}

fn refused(path: &Path, place: Place, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof && error.raw_os_error().is_some() => {
            Error::system(path, &error)
        }
        ZipError::UnsupportedArchive(what) => {
            let error = Error::new(path, Kind::Unsupported, place, format!("it uses what is not read: {what}"));
            error.help("write it again with `numpy.savez` or `numpy.savez_compressed`")
        }
        other => Error::damaged(path, place, format!("it is no zip archive: {other}")).expected("a file of `numpy.savez`"),
    }
}

/// Examples from two arrays of one archive; targets are classes where a number of them is given. Bytes of inputs stand for 0..=1.
///
/// # Errors
///
/// What are no such arrays.
pub fn npz(path: &Path, x: &str, y: &str, classes: Option<u64>) -> Result<Examples> {
    pair((path, x), npz_array(path, x)?, (path, y), npz_array(path, y)?, classes)
}

/// Examples from two `.npy` files, as [`npz`] has them from two arrays of an archive.
///
/// # Errors
///
/// What are no such files.
pub fn npy_pair(x: &Path, y: &Path, classes: Option<u64>) -> Result<Examples> {
    pair((x, "x"), npy::npy_array(x)?, (y, "y"), npy::npy_array(y)?, classes)
}

/// Examples from an array of inputs and one of targets, each with its file and its name there.
pub(crate) fn pair(
    x: (&Path, &str),
    mut images: Array,
    y: (&Path, &str),
    targets: Array,
    classes: Option<u64>,
) -> Result<Examples> {
    // Bytes with two axes behind the first are images with one channel.
    let grey = matches!(images.entries, Entries::Bytes(_)) && images.shape.len() >= 3;
    if grey && images.shape.len() == 3 {
        images.shape.insert(1, 1);
    }
    let targets = match classes {
        Some(_) => Targets::Classes(targets.classes(y.0, y.1, classes)?),
        None => Targets::Numbers(numbers(y.0, y.1, targets)?),
    };
    paired(y.0, inputs(x.0, x.1, images, grey)?, targets)
}

fn numbers(path: &Path, named: &str, mut array: Array) -> Result<Table> {
    if array.shape.len() == 1 {
        array.shape.push(1);
    }
    Ok(inputs(path, named, array, false)?.0)
}
