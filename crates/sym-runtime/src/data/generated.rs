//! Examples that are drawn.

use super::teacher::Teacher;
use super::{Examples, Inputs, Table, Targets, entries};
use crate::Stream;
use std::path::Path;
use sym_data::draw::{InContext, Subspace};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{Data, DataSource, Distribution};
use sym_ir::{Entries, Program};

/// What examples are drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The data set, which all seeds share.
    Set,
    /// One step of one seed.
    Step {
        /// The run's seed.
        seed: u64,
        /// The step.
        step: u64,
    },
}

impl Occasion {
    /// The stream (0, purpose, path), or (seed, `fresh`, purpose / path / step).
    pub(super) fn stream(self, purpose: &str, path: &str) -> Stream {
        match self {
            Occasion::Set => Stream::new(0, purpose, path),
            Occasion::Step { seed, step } => Stream::new(seed, "fresh", &format!("{purpose}/{path}/{step}")),
        }
    }
}

/// A source that gives any number of examples.
#[derive(Debug)]
pub struct Generator<'a> {
    data: &'a Data,
    program: &'a Program,
    /// What answers, where a network does.
    teacher: Option<Teacher<'a>>,
}

impl<'a> Generator<'a> {
    /// The source of a data set for a model. Files of a teacher's weights are named from `base`.
    ///
    /// # Errors
    ///
    /// Initial values that do not fit the teacher.
    pub fn new(data: &'a Data, program: &'a Program, base: &Path) -> Result<Self, Vec<Diagnostic>> {
        let teacher = match &data.source {
            DataSource::Teacher { program, init, scale, noise, .. } => Some(Teacher::new(program, init, *scale, *noise, base)?),
            _ => None,
        };
        Ok(Self { data, program, teacher })
    }

    /// So many examples as they are drawn, before anything is done to them.
    ///
    /// # Errors
    ///
    /// E0207 for more than memory holds, and what a teacher cannot be executed for.
    ///
    /// # Panics
    ///
    /// For a source that is read.
    pub fn draw(&self, occasion: Occasion, rows: usize) -> Result<Examples, Vec<Diagnostic>> {
        let data = self.data;
        let one = |error: Diagnostic| vec![error];
        match &data.source {
            DataSource::Digits | DataSource::File(_) => unreachable!("only generated sources have a generator"),
            DataSource::Teacher { inputs: distribution, rank, .. } => {
                let tables = inputs(data, self.program, distribution, *rank, occasion, rows)?;
                let teacher = self.teacher.as_ref().expect("a teacher was made with the generator");
                teacher.examples(data, tables, occasion)
            }
            DataSource::Identity { dimension, inputs, rank, .. } => {
                let width = usize::try_from(*dimension).map_err(|_| vec![too_large(data, rows)])?;
                let table = numbers(data, "x", inputs, *rank, occasion, (rows, width)).map_err(one)?;
                let targets = Targets::Numbers(Table { values: table.dense(), width });
                Ok(Examples { inputs: vec![table], targets })
            }
            DataSource::InContext { tokens, features, noise, .. } => {
                let size = |value: u64| usize::try_from(value).map_err(|_| vec![too_large(data, rows)]);
                let task = InContext { tokens: size(*tokens)?, features: size(*features)?, noise: *noise };
                in_context(data, &task, occasion, rows).map_err(one)
            }
        }
    }
}

/// The most numbers that a generated data set may hold (4 GiB of them).
const MAX_NUMBERS: usize = 1 << 29;

fn too_large(data: &Data, rows: usize) -> Diagnostic {
    Diagnostic::new(Code::E0207, data.span, format!("{rows} examples of `{}` do not fit into memory", data.name))
        .help("fewer examples or a smaller input")
}

fn inputs(
    data: &Data,
    program: &Program,
    distribution: &Distribution,
    rank: Option<u64>,
    occasion: Occasion,
    rows: usize,
) -> Result<Vec<Inputs>, Vec<Diagnostic>> {
    let tables = program.inputs.iter().map(|input| {
        let width = entries(&input.shape).ok_or_else(|| too_large(data, rows))?;
        if let Entries::Integer { below } = input.entries {
            return whole_numbers(data, &input.name, below, occasion, (rows, width));
        }
        numbers(data, &input.name, distribution, rank, occasion, (rows, width))
    });
    tables.collect::<Result<_, _>>().map_err(|error| vec![error])
}

/// Independent numbers from the stream of `data`, name of the data set / name of the input; with a rank, that many coordinates a row in a
/// subspace that the stream (0, `subspace`, the same path) gives.
fn numbers(
    data: &Data,
    input: &str,
    distribution: &Distribution,
    rank: Option<u64>,
    occasion: Occasion,
    (rows, width): (usize, usize),
) -> Result<Inputs, Diagnostic> {
    let count = width.checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let path = format!("{}/{input}", data.name);
    let mut stream = occasion.stream("data", &path);
    let Some(rank) = rank.and_then(|rank| usize::try_from(rank).ok()) else {
        let mut values = vec![0.0; count];
        fill(distribution, &mut stream, &mut values);
        return Ok(Inputs::of(values, width));
    };
    let subspace = Subspace::draw(rank.min(width), width, &mut Stream::new(0, "subspace", &path));
    let mut values = vec![0.0; count];
    let mut coordinates = vec![0.0; subspace.rank()];
    for row in values.chunks_exact_mut(width.max(1)) {
        fill(distribution, &mut stream, &mut coordinates);
        subspace.point(&coordinates, row);
    }
    Ok(Inputs::of(values, width))
}

/// Sequences that show a linear function at work, from the stream of `data`, name of the data set.
fn in_context(data: &Data, task: &InContext, occasion: Occasion, rows: usize) -> Result<Examples, Diagnostic> {
    let count = task.width().checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let mut stream = occasion.stream("data", &data.name);
    let mut values = Vec::with_capacity(count);
    let targets = (0..rows).map(|_| task.draw(&mut stream, &mut values)).collect();
    let inputs = vec![Inputs::of(values, task.width())];
    Ok(Examples { inputs, targets: Targets::Numbers(Table { values: targets, width: 1 }) })
}

/// Whole numbers below `below`, all equally likely, from the stream of [`numbers`]: what a distribution of real numbers does not give.
fn whole_numbers(
    data: &Data,
    input: &str,
    below: u128,
    occasion: Occasion,
    (rows, width): (usize, usize),
) -> Result<Inputs, Diagnostic> {
    let count = width.checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let mut stream = occasion.stream("data", &format!("{}/{input}", data.name));
    Ok(Inputs::of((0..count).map(|_| stream.below(below as u64) as f64).collect(), width))
}

/// Independent numbers of a distribution.
fn fill(distribution: &Distribution, stream: &mut Stream, values: &mut [f64]) {
    match distribution {
        Distribution::Normal { mean, std } => {
            stream.fill_normal(values);
            for value in values {
                *value = mean + std * *value;
            }
        }
        Distribution::Uniform { low, high } => stream.fill_uniform(*low, *high, values),
        Distribution::Sine(inner) => {
            fill(inner, stream, values);
            for value in values {
                *value = libm::sin(*value);
            }
        }
    }
}
