//! Examples: what a `data` item stands for.
//!
//! Everything random in a data set comes from streams of its name under seed 0: all seeds of a run see the same data.

mod csv;
mod digits;
mod split;
mod teacher;

use crate::Stream;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{Data, DataSource, Distribution};
use sym_ir::{Axis, Entries, Input, Program};

/// Rows of numbers, one an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Entries, row after row.
    pub values: Vec<f64>,
    /// Entries a row.
    pub width: usize,
}

/// What a network is to answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Numbers, as many an example as the first output has entries.
    Numbers(Table),
    /// Class numbers from 0.
    Classes(Vec<usize>),
}

/// Examples with their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// One table for each input of the program, in its order.
    pub inputs: Vec<Table>,
    /// Targets.
    pub targets: Targets,
}

/// A data set, ready for one model.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSet {
    /// The training examples.
    pub train: Examples,
    /// The second part, where the item splits off one.
    pub test: Option<Examples>,
}

impl Table {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// The rows at these positions, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&row| &self.values[row * self.width..(row + 1) * self.width]).copied().collect();
        Self { values, width: self.width }
    }
}

impl Targets {
    /// The number of examples.
    pub fn len(&self) -> usize {
        match self {
            Targets::Numbers(table) => table.rows(),
            Targets::Classes(classes) => classes.len(),
        }
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Examples {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples at these positions, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            inputs: self.inputs.iter().map(|table| table.select(rows)).collect(),
            targets: match &self.targets {
                Targets::Numbers(table) => Targets::Numbers(table.select(rows)),
                Targets::Classes(classes) => Targets::Classes(rows.iter().map(|&row| classes[row]).collect()),
            },
        }
    }
}

impl DataSet {
    /// A hash of every number in it.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(&self.train).chain(&self.test) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            for table in &part.inputs {
                hash_table(&mut hasher, table);
            }
            match &part.targets {
                Targets::Numbers(table) => hash_table(&mut hasher, table),
                Targets::Classes(classes) => {
                    for &class in classes {
                        hasher.update(&(class as u64).to_le_bytes());
                    }
                }
            }
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn hash_table(hasher: &mut blake3::Hasher, table: &Table) {
    hasher.update(&(table.width as u64).to_le_bytes());
    for value in &table.values {
        hasher.update(&value.to_le_bytes());
    }
}

/// The examples of a data item for a model. Relative paths are taken from `base`, the directory of the `.sym` file.
///
/// # Errors
///
/// E0601 for a file that is not there, E0602 for one that is damaged, E0203 for examples whose sizes do not fit the model, E0223 for a split
/// that leaves no training examples.
pub fn load(data: &Data, program: &Program, base: &Path) -> Result<DataSet, Vec<Diagnostic>> {
    match &data.source {
        DataSource::Digits => {
            let examples = digits::load(data.span).map_err(|error| vec![error])?;
            fit(data, program, &examples)?;
            split::shuffled(data, examples)
        }
        DataSource::Csv { path, target, classes, span } => {
            let examples = csv::load(&base.join(path), path, target.as_deref(), *classes, *span).map_err(|error| vec![error])?;
            fit(data, program, &examples)?;
            split::shuffled(data, examples)
        }
        DataSource::Teacher { program: teacher, init, scale, count, inputs, noise } => {
            let total = split::total(data, *count)?;
            let tables = sample_inputs(data, program, inputs, total)?;
            let teacher = teacher::Teacher { program: teacher, init, scale: *scale, noise: *noise };
            let examples = teacher.examples(data, tables, base)?;
            fit(data, program, &examples)?;
            Ok(split::ordered(examples, *count as usize))
        }
        DataSource::Identity { dimension, count, inputs } => {
            let total = split::total(data, *count)?;
            let width = usize::try_from(*dimension).map_err(|_| vec![too_large(data, total)])?;
            let table = sample_table(data, "x", inputs, total, width).map_err(|error| vec![error])?;
            let examples = Examples { inputs: vec![table.clone()], targets: Targets::Numbers(table) };
            fit(data, program, &examples)?;
            Ok(split::ordered(examples, *count as usize))
        }
    }
}

/// The number of entries of axes.
pub(crate) fn entries(shape: &[Axis]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, axis| product.checked_mul(usize::try_from(axis.size).ok()?))
}

/// The most numbers that a generated data set may hold (4 GiB of them).
const MAX_NUMBERS: usize = 1 << 29;

fn too_large(data: &Data, rows: usize) -> Diagnostic {
    Diagnostic::new(Code::E0207, data.span, format!("{rows} examples of `{}` do not fit into memory", data.name))
        .help("fewer examples or a smaller input")
}

fn sample_inputs(
    data: &Data,
    program: &Program,
    distribution: &Distribution,
    rows: usize,
) -> Result<Vec<Table>, Vec<Diagnostic>> {
    let tables = program.inputs.iter().map(|input| {
        let width = entries(&input.shape).ok_or_else(|| too_large(data, rows))?;
        if let Entries::Integer { below } = input.entries {
            return choose_table(data, &input.name, below, rows, width);
        }
        sample_table(data, &input.name, distribution, rows, width)
    });
    tables.collect::<Result<_, _>>().map_err(|error| vec![error])
}

/// Independent numbers from the stream (0, `data`, name of the data set / name of the input).
fn sample_table(data: &Data, input: &str, distribution: &Distribution, rows: usize, width: usize) -> Result<Table, Diagnostic> {
    let count = width.checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let mut stream = Stream::new(0, "data", &format!("{}/{input}", data.name));
    Ok(Table { values: (0..count).map(|_| sample(distribution, &mut stream)).collect(), width })
}

/// Whole numbers below `below`, all equally likely, from the stream of [`sample_table`]: what a distribution of real numbers does not give.
fn choose_table(data: &Data, input: &str, below: u128, rows: usize, width: usize) -> Result<Table, Diagnostic> {
    let count = width.checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let mut stream = Stream::new(0, "data", &format!("{}/{input}", data.name));
    Ok(Table { values: (0..count).map(|_| stream.below(below as u64) as f64).collect(), width })
}

/// One number of a distribution.
pub fn sample(distribution: &Distribution, stream: &mut Stream) -> f64 {
    match distribution {
        Distribution::Normal { mean, std } => mean + std * stream.normal(),
        Distribution::Uniform { low, high } => stream.uniform(*low, *high),
        Distribution::Sine(inner) => libm::sin(sample(inner, stream)),
    }
}

/// Checks that examples have the sizes of the model's inputs.
fn fit(data: &Data, program: &Program, examples: &Examples) -> Result<(), Vec<Diagnostic>> {
    if examples.inputs.len() != program.inputs.len() {
        let message = format!(
            "`{}` gives {} input an example and model `{}` has {}",
            data.name,
            examples.inputs.len(),
            program.name,
            program.inputs.len()
        );
        return Err(vec![
            Diagnostic::new(Code::E0203, data.span, message)
                .found(examples.inputs.len().to_string())
                .expected(program.inputs.len().to_string()),
        ]);
    }
    let wrong: Vec<Diagnostic> = program
        .inputs
        .iter()
        .zip(&examples.inputs)
        .filter(|(input, table)| entries(&input.shape) != Some(table.width))
        .map(|(input, table)| {
            let wanted: Vec<String> = input.shape.iter().map(|axis| axis.size.to_string()).collect();
            let wanted = wanted.join(" × ");
            Diagnostic::new(
                Code::E0203,
                data.span,
                format!(
                    "`{}` has {} numbers an example and input `{}` of `{}` takes {wanted}",
                    data.name, table.width, input.name, program.name
                ),
            )
            .label(format!("{} numbers an example", table.width))
            .cause(input.span, format!("takes {wanted}"))
            .found(table.width.to_string())
            .expected(wanted)
        })
        .collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let foreign: Vec<Diagnostic> =
        program.inputs.iter().zip(&examples.inputs).filter_map(|(input, table)| foreign_number(data, input, table)).collect();
    if foreign.is_empty() { Ok(()) } else { Err(foreign) }
}

/// The first number of an input of whole numbers that is none of them.
fn foreign_number(data: &Data, input: &Input, table: &Table) -> Option<Diagnostic> {
    let Entries::Integer { below } = input.entries else { return None };
    let inside = |value: f64| value.fract() == 0.0 && value >= 0.0 && value < below as f64;
    let at = table.values.iter().position(|&value| !inside(value))?;
    let (value, name) = (table.values[at], &input.name);
    let message = format!("example {} of `{}` has {value} for input `{name}`", at / table.width.max(1), data.name);
    Some(
        Diagnostic::new(Code::E0223, data.span, message)
            .cause(input.span, format!("takes whole numbers in 0..{below}"))
            .found(value.to_string())
            .expected(format!("whole numbers in 0..{below}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use sym_ir::Builder;

    #[test]
    fn an_input_of_whole_numbers_refuses_others_with_their_place() {
        let mut builder = Builder::new("Tokens");
        let entries = Entries::Integer { below: 5 };
        let tokens =
            Input { name: "tokens".into(), shape: vec![Axis::of(2)], rank: None, basis: Vec::new(), entries, span: span() };
        let value = builder.declare_input(tokens);
        builder.output("output", value);
        let program = builder.finish();
        let data = Data { name: "Words".into(), source: DataSource::Digits, split: None, span: span() };
        let examples = |values: &[f64]| Examples {
            inputs: vec![Table { values: values.to_vec(), width: 2 }],
            targets: Targets::Numbers(Table { values: vec![0.0; values.len() / 2], width: 1 }),
        };
        assert!(fit(&data, &program, &examples(&[0.0, 4.0, 3.0, 1.0])).is_ok());
        for wrong in [5.0, -1.0, 0.5, f64::NAN] {
            let found = fit(&data, &program, &examples(&[0.0, 4.0, 3.0, wrong])).expect_err("no whole number below 5");
            assert_eq!(found[0].code, Code::E0223);
            assert_eq!(found[0].message, format!("example 1 of `Words` has {wrong} for input `tokens`"));
        }
    }
}
