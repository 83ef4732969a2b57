//! Inputs that are drawn.

use super::{Examples, Table, Targets, entries};
use crate::Stream;
use sym_data::draw::{InContext, Subspace};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{Data, Distribution};
use sym_ir::{Entries, Program};

/// The most numbers that a generated data set may hold (4 GiB of them).
const MAX_NUMBERS: usize = 1 << 29;

pub(super) fn too_large(data: &Data, rows: usize) -> Diagnostic {
    Diagnostic::new(Code::E0207, data.span, format!("{rows} examples of `{}` do not fit into memory", data.name))
        .help("fewer examples or a smaller input")
}

pub(super) fn inputs(
    data: &Data,
    program: &Program,
    distribution: &Distribution,
    rank: Option<u64>,
    rows: usize,
) -> Result<Vec<Table>, Vec<Diagnostic>> {
    let tables = program.inputs.iter().map(|input| {
        let width = entries(&input.shape).ok_or_else(|| too_large(data, rows))?;
        if let Entries::Integer { below } = input.entries {
            return whole_numbers(data, &input.name, below, rows, width);
        }
        numbers(data, &input.name, distribution, rank, rows, width)
    });
    tables.collect::<Result<_, _>>().map_err(|error| vec![error])
}

/// Independent numbers from the stream (0, `data`, name of the data set / name of the input); with a rank, that many coordinates a row in a
/// subspace that the stream (0, `subspace`, the same path) gives.
pub(super) fn numbers(
    data: &Data,
    input: &str,
    distribution: &Distribution,
    rank: Option<u64>,
    rows: usize,
    width: usize,
) -> Result<Table, Diagnostic> {
    let count = width.checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let path = format!("{}/{input}", data.name);
    let mut stream = Stream::new(0, "data", &path);
    let Some(rank) = rank.and_then(|rank| usize::try_from(rank).ok()) else {
        return Ok(Table { values: (0..count).map(|_| sample(distribution, &mut stream)).collect(), width });
    };
    let subspace = Subspace::draw(rank.min(width), width, &mut Stream::new(0, "subspace", &path));
    let mut values = vec![0.0; count];
    let mut coordinates = vec![0.0; subspace.rank()];
    for row in values.chunks_exact_mut(width.max(1)) {
        coordinates.fill_with(|| sample(distribution, &mut stream));
        subspace.point(&coordinates, row);
    }
    Ok(Table { values, width })
}

/// Sequences that show a linear function at work, from the stream (0, `data`, name of the data set).
pub(super) fn in_context(data: &Data, task: &InContext, rows: usize) -> Result<Examples, Diagnostic> {
    let count = task.width().checked_mul(rows).filter(|&count| count <= MAX_NUMBERS).ok_or_else(|| too_large(data, rows))?;
    let mut stream = Stream::new(0, "data", &data.name);
    let mut values = Vec::with_capacity(count);
    let targets = (0..rows).map(|_| task.draw(&mut stream, &mut values)).collect();
    let inputs = vec![Table { values, width: task.width() }];
    Ok(Examples { inputs, targets: Targets::Numbers(Table { values: targets, width: 1 }) })
}

/// Whole numbers below `below`, all equally likely, from the stream of [`numbers`]: what a distribution of real numbers does not give.
fn whole_numbers(data: &Data, input: &str, below: u128, rows: usize, width: usize) -> Result<Table, Diagnostic> {
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
