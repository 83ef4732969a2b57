//! Measurements as Parquet: a row a measurement, columns `seed`, `step`, `wall_seconds` and one for each measured quantity.

use parquet::basic::{Repetition, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::sync::Arc;

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Steps done before it.
    pub step: u64,
    /// Seconds of computing before it: the only column that two equal runs may differ in.
    pub wall_seconds: f64,
    /// A value for each measured column; `None` for what was not measured at this step.
    pub values: Vec<Option<f64>>,
}

/// Names of the measured columns, and rows with their seeds.
pub type Measurements = (Vec<String>, Vec<(u64, Row)>);

/// Columns before the measured ones.
const FIXED: usize = 3;

fn schema(columns: &[String]) -> Result<Arc<Type>, ParquetError> {
    let column = |name: &str, physical, repetition| {
        Type::primitive_type_builder(name, physical).with_repetition(repetition).build().map(Arc::new)
    };
    let mut fields = vec![
        column("seed", Physical::INT64, Repetition::REQUIRED)?,
        column("step", Physical::INT64, Repetition::REQUIRED)?,
        column("wall_seconds", Physical::DOUBLE, Repetition::REQUIRED)?,
    ];
    for name in columns {
        fields.push(column(name, Physical::DOUBLE, Repetition::OPTIONAL)?);
    }
    Type::group_type_builder("measurements").with_fields(fields).build().map(Arc::new)
}

/// A file with one row group a seed.
pub fn write(columns: &[String], seeds: &[(u64, &[Row])]) -> Result<Vec<u8>, ParquetError> {
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema(columns)?, Arc::new(WriterProperties::builder().build()))?;
    for (seed, rows) in seeds {
        let mut group = writer.next_row_group()?;
        let mut at = 0;
        while let Some(mut column) = group.next_column()? {
            match at {
                0 => {
                    column.typed::<Int64Type>().write_batch(&vec![*seed as i64; rows.len()], None, None)?;
                }
                1 => {
                    let steps: Vec<i64> = rows.iter().map(|row| row.step as i64).collect();
                    column.typed::<Int64Type>().write_batch(&steps, None, None)?;
                }
                2 => {
                    let seconds: Vec<f64> = rows.iter().map(|row| row.wall_seconds).collect();
                    column.typed::<DoubleType>().write_batch(&seconds, None, None)?;
                }
                _ => {
                    let present: Vec<i16> = rows.iter().map(|row| i16::from(row.values[at - FIXED].is_some())).collect();
                    let values: Vec<f64> = rows.iter().filter_map(|row| row.values[at - FIXED]).collect();
                    column.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
                }
            }
            column.close()?;
            at += 1;
        }
        group.close()?;
    }
    writer.close()?;
    Ok(bytes)
}

/// The measured columns and the rows with their seeds, in the order of the file; a reason where it is no such file.
pub fn read(bytes: Vec<u8>) -> Result<Measurements, String> {
    read_groups(bytes).map_err(|error| error.to_string())
}

fn read_groups(bytes: Vec<u8>) -> Result<Measurements, ParquetError> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes))?;
    let fields = reader.metadata().file_metadata().schema_descr().columns();
    let names: Vec<String> = fields.iter().map(|field| field.name().to_string()).collect();
    if names.len() < FIXED || names[..FIXED] != ["seed", "step", "wall_seconds"] {
        return Err(ParquetError::General("its columns are not those of measurements".to_string()));
    }
    let mut rows = Vec::new();
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at)?;
        let count = usize::try_from(group.metadata().num_rows()).map_err(|error| ParquetError::General(error.to_string()))?;
        let mut seeds = Vec::new();
        let mut steps = Vec::new();
        let mut numbers: Vec<Vec<Option<f64>>> = Vec::new();
        for (column, name) in names.iter().enumerate() {
            match group.get_column_reader(column)? {
                ColumnReader::Int64ColumnReader(mut reader) if column < 2 => {
                    let values = if column == 0 { &mut seeds } else { &mut steps };
                    reader.read_records(count, None, None, values)?;
                }
                ColumnReader::DoubleColumnReader(mut reader) if column >= 2 => {
                    let (mut present, mut values) = (Vec::new(), Vec::new());
                    let levels = (column >= FIXED).then_some(&mut present);
                    reader.read_records(count, levels, None, &mut values)?;
                    let mut values = values.into_iter();
                    let entries =
                        (0..count).map(|row| if column < FIXED || present.get(row) == Some(&1) { values.next() } else { None });
                    numbers.push(entries.collect());
                }
                _ => return Err(ParquetError::General(format!("column `{name}` has another type"))),
            }
        }
        if seeds.len() != count || steps.len() != count {
            return Err(ParquetError::General(format!("{count} rows are announced, {} are there", seeds.len().min(steps.len()))));
        }
        rows.extend((0..count).map(|row| {
            let values = numbers[1..].iter().map(|column| column[row]).collect();
            (seeds[row] as u64, Row { step: steps[row] as u64, wall_seconds: numbers[0][row].unwrap_or(0.0), values })
        }));
    }
    Ok((names[FIXED..].to_vec(), rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64, values: &[Option<f64>]) -> Row {
        Row { step, wall_seconds: step as f64 / 8.0, values: values.to_vec() }
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let columns = ["loss".to_string(), "delta(fc1)[0]".to_string()];
        let first = [row(0, &[Some(0.1), None]), row(10, &[Some(f64::NAN), Some(f64::MIN_POSITIVE)]), row(15, &[None, None])];
        let second = [row(0, &[Some(-0.0), Some(f64::INFINITY)])];
        let bytes = write(&columns, &[(3, &first), (u64::MAX, &second)]).expect("written");
        let (names, rows) = read(bytes).expect("read");
        assert_eq!(names, columns);
        assert_eq!(rows.iter().map(|(seed, _)| *seed).collect::<Vec<_>>(), [3, 3, 3, u64::MAX]);
        let bits = |row: &Row| row.values.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
        for ((_, found), written) in rows.iter().zip(first.iter().chain(&second)) {
            assert_eq!((found.step, found.wall_seconds, bits(found)), (written.step, written.wall_seconds, bits(written)));
        }
    }

    #[test]
    fn no_columns_and_no_rows_are_fine() {
        let bytes = write(&[], &[(0, &[])]).expect("written");
        assert_eq!(read(bytes).expect("read"), (vec![], vec![]));
    }

    #[test]
    fn half_a_file_is_refused() {
        let mut bytes = write(&["loss".to_string()], &[(0, &[row(0, &[Some(1.0)])])]).expect("written");
        bytes.truncate(bytes.len() / 2);
        assert!(read(bytes).is_err());
    }
}
