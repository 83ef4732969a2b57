//! Numeric tables as comma-separated values with one target column.
//!
//! A first line that holds anything but numbers names the columns. Fields may stand in double quotes; empty lines are skipped.

use super::Result;
use crate::error::{Error, Place};
use crate::examples::{Examples, Targets};
use crate::table::Table;
use csv::{ByteRecord, ReaderBuilder, Trim};
use std::path::Path;

/// What the target column of a table is.
#[derive(Debug, Clone, Copy)]
pub struct TableTargets<'a> {
    /// Its name; the last column where there is none.
    pub column: Option<&'a str>,
    /// The number of classes where its numbers are classes.
    pub classes: Option<u64>,
}

/// The examples of a file.
///
/// # Errors
///
/// What is no such table.
pub fn csv(path: &Path, targets: TableTargets<'_>) -> Result<Examples> {
    let bytes = std::fs::read(path).map_err(|error| Error::system(path, &error))?;
    parse(path, &bytes, targets)
}

pub(crate) fn parse(path: &Path, bytes: &[u8], targets: TableTargets<'_>) -> Result<Examples> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::damaged(path, Place::Byte(error.valid_up_to() as u64), "it is not UTF-8 text")
            .expected("numbers with commas between")
    })?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    let mut names: Option<Vec<String>> = None;
    let mut width = 0;
    let (mut values, mut rows) = (Vec::new(), 0);
    while reader.read_byte_record(&mut record).map_err(|error| Error::damaged(path, Place::Whole, error.to_string()))? {
        let fields: Vec<&str> = record.iter().map(|field| std::str::from_utf8(field).unwrap_or_default()).collect();
        let is_blank = fields.len() < 2 && fields.iter().all(|field| field.is_empty());
        if is_blank {
            continue;
        }
        let line = line_of(text, &record);
        let is_first = rows == 0 && names.is_none();
        if is_first {
            width = fields.len();
            if fields.iter().any(|field| field.parse::<f64>().is_err()) {
                names = Some(header(path, line, &fields)?);
                continue;
            }
        }
        if fields.len() != width {
            return Err(Error::damaged(path, Place::Line(line), format!("it has {} fields", fields.len()))
                .found(fields.len())
                .expected(width));
        }
        for (at, field) in fields.iter().enumerate() {
            let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
            values.push(value.ok_or_else(|| {
                Error::damaged(path, Place::Line(line), format!("column {} holds `{field}`", at + 1))
                    .found(field)
                    .expected("a finite number")
            })?);
        }
        rows += 1;
    }
    let whole = |what: String| Error::damaged(path, Place::Whole, what);
    if rows == 0 {
        return Err(whole("it has no line of numbers".to_string()));
    }
    if width < 2 {
        return Err(whole(format!("it has {width} column; inputs and a target need at least 2")));
    }
    let column = match (targets.column, &names) {
        (None, _) => width - 1,
        (Some(name), None) => {
            return Err(
                whole(format!("it names no columns, so there is no target `{name}`")).help("name the columns in the first line")
            );
        }
        (Some(name), Some(names)) => names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| whole(format!("it has no column `{name}`")).found(names.join(", ")).expected(name))?,
    };
    from_columns(path, &values, width, column, targets.classes)
}

/// The line on which a record begins, counted from 1: blank lines before it are not its own.
fn line_of(text: &str, record: &ByteRecord) -> u64 {
    let Some(position) = record.position() else { return 1 };
    let rest = &text[position.byte() as usize..];
    let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    position.line() + rest[..blank].matches('\n').count() as u64
}

fn header(path: &Path, line: u64, names: &[&str]) -> Result<Vec<String>> {
    let repeated = names.iter().enumerate().find(|(at, name)| !name.is_empty() && names[..*at].contains(name));
    if let Some((at, name)) = repeated {
        let first = names.iter().position(|known| known == name).map_or(0, |first| first + 1);
        return Err(Error::damaged(path, Place::Line(line), format!("it names columns {first} and {} `{name}`", at + 1))
            .found(names.join(", "))
            .expected("a different name for each column")
            .help("rename one of the columns, or remove it"));
    }
    Ok(names.iter().map(|&name| name.to_string()).collect())
}

/// Examples of rows of `width` numbers, one column of which is the target.
pub(crate) fn from_columns(path: &Path, values: &[f64], width: usize, target: usize, classes: Option<u64>) -> Result<Examples> {
    let rows = values.chunks_exact(width);
    let targets: Vec<f64> = rows.clone().map(|row| row[target]).collect();
    let inputs = rows.flat_map(|row| row.iter().enumerate().filter(|(at, _)| *at != target).map(|(_, value)| *value)).collect();
    let targets = match classes {
        None => Targets::Numbers(Table::of(targets, 1)),
        Some(count) => {
            let whole = |value: f64| {
                let fits = value.fract() == 0.0 && value >= 0.0 && value < count as f64;
                fits.then_some(value as usize).ok_or_else(|| {
                    Error::damaged(path, Place::Whole, format!("the target {value} is no class number"))
                        .found(value)
                        .expected(format!("0..{count}"))
                })
            };
            Targets::Classes(targets.into_iter().map(whole).collect::<Result<_>>()?)
        }
    };
    Ok(Examples { inputs: Table::of(inputs, width - 1), shape: vec![width - 1], targets })
}
