//! Examples: what a `data` item stands for.
//!
//! Everything random in a data set comes from streams of its name under seed 0: all seeds of a run see the same data.

mod digits;
mod each_step;
mod files;
mod fit;
mod generated;
mod prepare;
mod shared;
mod split;
mod teacher;

pub use each_step::EachStep;
pub use generated::{Generator, Occasion};
pub use shared::{Loaded, Shared};

use fit::fit;
use std::path::Path;
use sym_data::transform::Picture;
use sym_diagnostics::Diagnostic;
use sym_ir::experiment::{Data, DataSource};
use sym_ir::{Axis, Program};

/// Inputs of examples as they are stored, such as a byte a pixel. Batches are read out of them.
pub use sym_data::Table as Inputs;

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
    pub inputs: Vec<Inputs>,
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
    /// The axes of an input, where it is an image.
    pub picture: Option<Picture>,
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

/// Inputs times a factor.
fn scaled(inputs: &Inputs, factor: f64) -> Inputs {
    Inputs::of(inputs.dense().into_iter().map(|value| value * factor).collect(), inputs.width())
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
            for inputs in &part.inputs {
                hasher.update(&(inputs.width() as u64).to_le_bytes());
                let rows = (HASHED / inputs.width().max(1)).max(1);
                for start in (0..inputs.rows()).step_by(rows) {
                    hash_numbers(&mut hasher, &inputs.range(start, inputs.rows().min(start + rows)));
                }
            }
            match &part.targets {
                Targets::Numbers(table) => {
                    hasher.update(&(table.width as u64).to_le_bytes());
                    table.values.chunks(HASHED).for_each(|values| hash_numbers(&mut hasher, values));
                }
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

/// Numbers that are hashed at a time: blake3 takes several of its chunks at once.
const HASHED: usize = 1 << 13;

fn hash_numbers(hasher: &mut blake3::Hasher, values: &[f64]) {
    hasher.update(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
}

/// The examples of a data item for a model, prepared. Relative paths are taken from `base`, the directory of the `.sym` file.
///
/// # Errors
///
/// E0601 for a file that is not there, E0602 for one that is damaged, E0203 for examples whose sizes do not fit the model, E0207 for more than
/// memory holds, E0223 for a split that leaves no training examples.
pub fn load(data: &Data, program: &Program, base: &Path) -> Result<DataSet, Vec<Diagnostic>> {
    let one = |error: Diagnostic| vec![error];
    let mut set = match &data.source {
        DataSource::Digits => {
            let set = split::shuffled(data, digits::load(data.span).map_err(one)?)?;
            DataSet { picture: Some(digits::PICTURE), ..set }
        }
        DataSource::File(file) => {
            let read = files::load(file, base).map_err(one)?;
            let set = match (read.test, &data.split) {
                (Some(test), None) => DataSet { train: read.train, test: Some(test), picture: None },
                _ => split::shuffled(data, read.train)?,
            };
            DataSet { picture: read.picture, ..set }
        }
        DataSource::Teacher { count, .. } | DataSource::Identity { count, .. } | DataSource::InContext { count, .. } => {
            let total = split::total(data, *count)?;
            let examples = Generator::new(data, program, base)?.draw(Occasion::Set, total)?;
            split::ordered(examples, *count as usize)
        }
    };
    fit(data, program, &set.train.inputs)?;
    prepare::prepare(data, &mut set)?;
    fit(data, program, &set.train.inputs)?;
    Ok(set)
}

/// The number of entries of axes.
pub(crate) fn entries(shape: &[Axis]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, axis| product.checked_mul(usize::try_from(axis.size).ok()?))
}
