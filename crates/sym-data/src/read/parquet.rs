//! Apache Parquet tables of numbers with one target column: flat columns, packed by Snappy, gzip, LZ4 or not at all.

use super::{Result, TableTargets, table};
use crate::error::{Error, Kind, Place};
use crate::examples::Examples;
use bytes::Bytes;
use parquet::basic::{Compression, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::path::Path;

/// The most numbers of a table (4 GiB of them).
const MOST_NUMBERS: usize = 1 << 29;
/// The most rows a byte of the file: a column of equal numbers takes almost nothing.
const MOST_ROWS_A_BYTE: usize = 4096;

/// The examples of a file: all columns but the target are inputs, in their order.
///
/// # Errors
///
/// What is no such table.
pub fn parquet(path: &Path, targets: TableTargets<'_>) -> Result<Examples> {
    let bytes = std::fs::read(path).map_err(|error| Error::system(path, &error))?;
    parse(path, Bytes::from(bytes), targets)
}

pub(crate) fn parse(path: &Path, bytes: Bytes, targets: TableTargets<'_>) -> Result<Examples> {
    let size = bytes.len();
    let damaged = |place: Place, what: String| Error::damaged(path, place, what);
    if size < 12 || !bytes.starts_with(b"PAR1") {
        return Err(damaged(Place::Byte(0), "it does not begin as a Parquet file".to_string()).expected("`PAR1`"));
    }
    if !bytes.ends_with(b"PAR1") {
        return Err(damaged(Place::Byte(size as u64 - 4), "it does not end as a Parquet file".to_string()).expected("`PAR1`"));
    }
    let refused =
        |error: parquet::errors::ParquetError| Error::damaged(path, Place::Whole, format!("it cannot be read: {error}"));
    let reader = SerializedFileReader::new(bytes).map_err(refused)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr_ptr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.name().to_string()).collect();
    let width = names.len();
    if width < 2 {
        return Err(damaged(Place::Whole, format!("it has {width} column; inputs and a target need at least 2")));
    }
    let target = match targets.column {
        None => width - 1,
        Some(name) => names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| damaged(Place::Whole, format!("it has no column `{name}`")).found(names.join(", ")).expected(name))?,
    };
    let unsupported = |name: &str, what: String| Error::new(path, Kind::Unsupported, Place::Member(name.to_string()), what);
    for column in schema.columns() {
        if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
            return Err(
                unsupported(column.name(), "it is a column of lists or records".to_string()).expected("a column of numbers")
            );
        }
    }
    let rows =
        metadata.row_groups().iter().try_fold(0usize, |sum, group| sum.checked_add(usize::try_from(group.num_rows()).ok()?));
    let most = (MOST_NUMBERS / width).min(size.saturating_mul(MOST_ROWS_A_BYTE));
    let rows = rows
        .filter(|&rows| rows <= most)
        .ok_or_else(|| damaged(Place::Whole, format!("it says that it has more than {most} rows")))?;
    if rows == 0 {
        return Err(damaged(Place::Whole, "it has no rows".to_string()));
    }
    for (at, group) in metadata.row_groups().iter().enumerate() {
        group.columns().iter().zip(&names).try_for_each(|(chunk, name)| check(path, size, at, chunk, name))?;
    }
    let mut values = Vec::new();
    for at in 0..metadata.num_row_groups() {
        let group = reader.get_row_group(at).map_err(refused)?;
        let there = usize::try_from(metadata.row_group(at).num_rows()).unwrap_or(0);
        let mut columns = Vec::new();
        for (column, name) in names.iter().enumerate() {
            let of_column = metadata.row_group(at).column(column);
            let compression = of_column.compression();
            if !matches!(
                compression,
                Compression::UNCOMPRESSED
                    | Compression::SNAPPY
                    | Compression::GZIP(_)
                    | Compression::LZ4
                    | Compression::LZ4_RAW
                    | Compression::ZSTD(_)
            ) {
                return Err(unsupported(name, format!("it is packed by {compression}"))
                    .expected("Snappy, gzip, LZ4, Zstandard or no packing")
                    .help("write it again with `compression=\"snappy\"`"));
            }
            let optional = schema.column(column).max_def_level() > 0;
            let numbers =
                numbers(group.get_column_reader(column).map_err(refused)?, there, optional).map_err(|fault| match fault {
                    Fault::Kind(kind) => {
                        unsupported(name, format!("it holds values of type {kind}")).expected("numbers or booleans")
                    }
                    Fault::Missing(row) => {
                        damaged(Place::Member(name.clone()), format!("row {row} is empty")).expected("a number in each row")
                    }
                    Fault::Inexact(row) => {
                        damaged(Place::Member(name.clone()), format!("row {row} has more digits than double precision"))
                    }
                    Fault::Parquet(error) => damaged(Place::Member(name.clone()), format!("it cannot be read: {error}")),
                })?;
            if numbers.len() != there {
                let what = format!("it ends after {} rows", numbers.len());
                return Err(damaged(Place::Member(name.clone()), what).found(numbers.len()).expected(there));
            }
            if let Some(row) = numbers.iter().position(|value| !value.is_finite()) {
                return Err(
                    damaged(Place::Member(name.clone()), format!("row {row} holds {}", numbers[row])).expected("finite numbers")
                );
            }
            columns.push(numbers);
        }
        values.extend((0..there).flat_map(|row| columns.iter().map(move |column| column[row])));
    }
    table::from_columns(path, &values, width, target, targets.classes)
}

/// Checks that a column's pages lie in the file, which the library takes for granted.
fn check(path: &Path, size: usize, group: usize, chunk: &ColumnChunkMetaData, name: &str) -> Result<()> {
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let end = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
    let end = end.and_then(|(start, length)| start.checked_add(length)).filter(|&end| end <= size as u64);
    let sound = end.is_some() && chunk.data_page_offset() >= start && chunk.num_values() >= 0 && chunk.uncompressed_size() >= 0;
    if sound {
        return Ok(());
    }
    let what = format!("its pages in row group {group} do not lie in the file");
    Err(Error::damaged(path, Place::Member(name.to_string()), what)
        .found(format!("{} bytes from byte {start}", chunk.compressed_size()))
        .expected(format!("pages in a file of {size} bytes")))
}

/// What a column does not give.
enum Fault {
    Kind(Type),
    Missing(usize),
    Inexact(usize),
    Parquet(parquet::errors::ParquetError),
}

fn numbers(reader: ColumnReader, rows: usize, optional: bool) -> std::result::Result<Vec<f64>, Fault> {
    let integer = |(at, value): (usize, i64)| (value.unsigned_abs() <= 1 << 53).then_some(value as f64).ok_or(Fault::Inexact(at));
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            Ok(take(reader, rows, optional)?.into_iter().map(|value| f64::from(u8::from(value))).collect())
        }
        ColumnReader::Int32ColumnReader(reader) => Ok(take(reader, rows, optional)?.into_iter().map(f64::from).collect()),
        ColumnReader::Int64ColumnReader(reader) => take(reader, rows, optional)?.into_iter().enumerate().map(integer).collect(),
        ColumnReader::FloatColumnReader(reader) => Ok(take(reader, rows, optional)?.into_iter().map(f64::from).collect()),
        ColumnReader::DoubleColumnReader(reader) => take(reader, rows, optional),
        ColumnReader::Int96ColumnReader(_) => Err(Fault::Kind(Type::INT96)),
        ColumnReader::ByteArrayColumnReader(_) => Err(Fault::Kind(Type::BYTE_ARRAY)),
        ColumnReader::FixedLenByteArrayColumnReader(_) => Err(Fault::Kind(Type::FIXED_LEN_BYTE_ARRAY)),
    }
}

fn take<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize, optional: bool) -> std::result::Result<Vec<T::T>, Fault> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < rows {
        let asked = (rows - done).min(1 << 16);
        let (records, _, _) =
            reader.read_records(asked, optional.then_some(&mut levels), None, &mut values).map_err(Fault::Parquet)?;
        if records == 0 {
            break;
        }
        done += records;
    }
    match levels.iter().position(|&level| level == 0) {
        Some(row) => Err(Fault::Missing(row)),
        None => Ok(values),
    }
}
