//! The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of one or two labels and 3,072 grey values, channel after channel,
//! row after row.

use super::{Result, first_there};
use crate::array::Array;
use crate::cursor::Cursor;
use crate::element::Entries;
use crate::examples::{Examples, Parts, Targets, inputs};
use std::path::Path;

/// Which of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CifarKind {
    /// Ten classes.
    Cifar10,
    /// A hundred classes, before which stands one of twenty coarse ones.
    Cifar100,
}

/// Grey values of an image: three channels of 32 × 32.
const PIXELS: usize = 3072;

impl CifarKind {
    /// The number of classes.
    pub fn classes(self) -> usize {
        match self {
            CifarKind::Cifar10 => 10,
            CifarKind::Cifar100 => 100,
        }
    }

    /// Bytes before the grey values, the last of which is the class.
    fn labels(self) -> usize {
        match self {
            CifarKind::Cifar10 => 1,
            CifarKind::Cifar100 => 2,
        }
    }

    fn folder(self) -> &'static str {
        match self {
            CifarKind::Cifar10 => "cifar-10-batches-bin",
            CifarKind::Cifar100 => "cifar-100-binary",
        }
    }
}

/// Grey values and classes, as they are read.
#[derive(Debug, Default)]
struct Records {
    pixels: Vec<u8>,
    classes: Vec<usize>,
}

/// Adds the records of a file.
fn take(records: &mut Records, mut cursor: Cursor<'_>, kind: CifarKind) -> Result<()> {
    let record = kind.labels() + PIXELS;
    let bytes = cursor.rest("the records")?;
    let whole = bytes.len() / record * record;
    if whole < bytes.len() || bytes.is_empty() {
        return Err(cursor
            .damaged(whole as u64, "the file is no whole number of records")
            .found(format!("{} bytes", bytes.len()))
            .expected(format!("one or more records of {record} bytes")));
    }
    records.pixels.reserve_exact(bytes.len() / record * PIXELS);
    for (at, record) in bytes.chunks_exact(record).enumerate() {
        let (labels, pixels) = record.split_at(kind.labels());
        let class = usize::from(labels[labels.len() - 1]);
        if class >= kind.classes() {
            let byte = at * record.len() + kind.labels() - 1;
            return Err(cursor
                .damaged(byte as u64, format!("record {at} has the class {class}"))
                .found(class)
                .expected(format!("0..{}", kind.classes())));
        }
        records.classes.push(class);
        records.pixels.extend_from_slice(pixels);
    }
    Ok(())
}

fn examples(file: &Path, records: Records) -> Result<Examples> {
    let Records { pixels, classes } = records;
    let array = Array { shape: vec![classes.len(), 3, 32, 32], entries: Entries::Bytes(pixels) };
    let (inputs, shape) = inputs(file, "images", array, true)?;
    Ok(Examples { inputs, shape, targets: Targets::Classes(classes) })
}

/// One file of records, or the beginning of one.
///
/// # Errors
///
/// What is no such file.
pub fn cifar_file(path: &Path, kind: CifarKind) -> Result<Examples> {
    parse(Cursor::open(path)?.gunzipped()?, kind)
}

pub(crate) fn parse(cursor: Cursor<'_>, kind: CifarKind) -> Result<Examples> {
    let mut records = Records::default();
    let file = cursor.file().to_path_buf();
    take(&mut records, cursor, kind)?;
    examples(&file, records)
}

/// The whole set from a folder that holds its files, or the folder of them that the archive gives.
///
/// # Errors
///
/// As [`cifar_file`].
pub fn cifar(folder: &Path, kind: CifarKind) -> Result<Parts> {
    let test_file = match kind {
        CifarKind::Cifar10 => "test_batch.bin",
        CifarKind::Cifar100 => "test.bin",
    };
    let found = first_there(&[folder.join(kind.folder()).join(test_file), folder.join(test_file)]).to_path_buf();
    let folder = found.parent().unwrap_or(folder);
    let train_files: Vec<String> = match kind {
        CifarKind::Cifar10 => (1..=5).map(|number| format!("data_batch_{number}.bin")).collect(),
        CifarKind::Cifar100 => vec!["train.bin".to_string()],
    };
    let mut train = Records::default();
    for name in train_files {
        take(&mut train, Cursor::open(&folder.join(name))?.gunzipped()?, kind)?;
    }
    Ok(Parts { train: examples(folder, train)?, test: Some(cifar_file(&found, kind)?) })
}
