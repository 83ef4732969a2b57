//! The measurements of all runs of a sweep as one Parquet file: columns `run`, one for each setting, `seed`, `step`, `wall_seconds`, and one for each
//! quantity that some run measured. A row group a run: the rows of one run at a time are in memory, beside the encoded file.

use super::Done;
use crate::record::{Record, Row, damaged};
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sym_diagnostics::Diagnostic;
use sym_ir::experiment::{SettingValue, Sweep};

/// The name of the file.
const NAME: &str = "runs.parquet";

/// Writes the table into a directory; nothing where there are no runs.
///
/// # Errors
///
/// E0603 where it cannot be written, E0604 for a damaged record.
pub(super) fn write(sweep: &Sweep, runs: &[Option<Done>], directory: &Path) -> Result<Option<PathBuf>, Diagnostic> {
    if runs.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut columns: Vec<String> = Vec::new();
    for done in runs.iter().flatten() {
        for column in Record::open(&done.directory)?.columns {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    let path = directory.join(NAME);
    let bytes = encoded(sweep, runs, &columns).map_err(|error| match error {
        Failure::Record(problem) => problem,
        Failure::Table(error) => damaged(&path, &error.to_string()),
    })?;
    crate::record::write(&path, &bytes)?;
    Ok(Some(path))
}

enum Failure {
    Record(Diagnostic),
    Table(ParquetError),
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Self::Table(error)
    }
}

/// Whether every run has a number for a setting.
fn is_number(sweep: &Sweep, setting: usize) -> bool {
    sweep.runs.iter().all(|run| matches!(run.values[setting], SettingValue::Number(_)))
}

fn column(name: &str, physical: Physical, repetition: Repetition) -> Result<Arc<Type>, ParquetError> {
    Type::primitive_type_builder(name, physical).with_repetition(repetition).build().map(Arc::new)
}

fn text(name: &str) -> Result<Arc<Type>, ParquetError> {
    let builder = Type::primitive_type_builder(name, Physical::BYTE_ARRAY).with_repetition(Repetition::REQUIRED);
    builder.with_converted_type(ConvertedType::UTF8).build().map(Arc::new)
}

fn schema(sweep: &Sweep, columns: &[String]) -> Result<Arc<Type>, ParquetError> {
    let mut fields = vec![text("run")?];
    for (at, setting) in sweep.settings.iter().enumerate() {
        let is_number = is_number(sweep, at);
        fields.push(if is_number { column(setting, Physical::DOUBLE, Repetition::REQUIRED)? } else { text(setting)? });
    }
    for name in ["seed", "step"] {
        fields.push(column(name, Physical::INT64, Repetition::REQUIRED)?);
    }
    fields.push(column("wall_seconds", Physical::DOUBLE, Repetition::REQUIRED)?);
    for name in columns {
        fields.push(column(name, Physical::DOUBLE, Repetition::OPTIONAL)?);
    }
    Type::group_type_builder("runs").with_fields(fields).build().map(Arc::new)
}

fn encoded(sweep: &Sweep, runs: &[Option<Done>], columns: &[String]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema(sweep, columns)?, properties)?;
    for (run, done) in sweep.runs.iter().zip(runs) {
        let Some(done) = done else { continue };
        let record = Record::open(&done.directory).map_err(Failure::Record)?;
        let rows: Vec<(u64, &Row)> =
            record.seeds.iter().flat_map(|seed| seed.rows.iter().map(move |row| (seed.seed, row))).collect();
        let address = crate::train::address(&record.settings.spec_hash).to_string();
        let mut group = writer.next_row_group()?;
        let mut place = 0_usize;
        let settings = sweep.settings.len();
        while let Some(mut column) = group.next_column()? {
            let numbers = |values: Vec<f64>, column: &mut parquet::file::writer::SerializedColumnWriter<'_>| {
                column.typed::<DoubleType>().write_batch(&values, None, None)
            };
            let texts = |text: &str, column: &mut parquet::file::writer::SerializedColumnWriter<'_>| {
                column.typed::<ByteArrayType>().write_batch(&vec![ByteArray::from(text); rows.len()], None, None)
            };
            match place.checked_sub(1 + settings) {
                None if place == 0 => {
                    texts(&address, &mut column)?;
                }
                None => match &run.values[place - 1] {
                    SettingValue::Number(value) if is_number(sweep, place - 1) => {
                        numbers(vec![*value; rows.len()], &mut column)?;
                    }
                    other => {
                        texts(&other.to_string(), &mut column)?;
                    }
                },
                Some(fixed @ (0 | 1)) => {
                    let values: Vec<i64> =
                        rows.iter().map(|(seed, row)| if fixed == 0 { *seed as i64 } else { row.step as i64 }).collect();
                    column.typed::<Int64Type>().write_batch(&values, None, None)?;
                }
                Some(2) => {
                    numbers(rows.iter().map(|(_, row)| row.wall_seconds).collect(), &mut column)?;
                }
                Some(behind) => {
                    let own = record.columns.iter().position(|known| *known == columns[behind - 3]);
                    let values: Vec<Option<f64>> = rows.iter().map(|(_, row)| own.and_then(|at| row.values[at])).collect();
                    let present: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                    let values: Vec<f64> = values.into_iter().flatten().collect();
                    column.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
                }
            }
            column.close()?;
            place += 1;
        }
        group.close()?;
    }
    writer.close()?;
    Ok(bytes)
}
