//! Loss and accuracy on a set of examples.

use crate::data::{Examples, Table, Targets};
use crate::{evaluate, loss};
use burn::tensor::{DType, Device};
use sym_ir::experiment::Loss;
use sym_lower::Module;

/// How well a model answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The share of examples whose largest output is their class; `None` where targets are no classes.
    pub accuracy: Option<f64>,
}

/// Examples that are evaluated at once.
const CHUNK: usize = 2048;

/// The score on all examples of a module on a device; its first output has `width` entries.
pub fn score(module: &Module, examples: &Examples, loss: Loss, width: usize, device: &Device, dtype: DType) -> Score {
    let (mut total, mut correct) = (0.0, 0);
    let count = examples.len();
    for start in (0..count).step_by(CHUNK) {
        let end = (start + CHUNK).min(count);
        let inputs: Vec<Table> = examples
            .inputs
            .iter()
            .map(|table| Table { values: table.values[start * table.width..end * table.width].to_vec(), width: table.width })
            .collect();
        let outputs = module.forward(&evaluate::arrays(module.program(), &inputs, device, dtype));
        let values = outputs.first().map_or_else(Vec::new, sym_lower::Array::values);
        let targets = match &examples.targets {
            Targets::Numbers(table) => Targets::Numbers(Table {
                values: table.values[start * table.width..end * table.width].to_vec(),
                width: table.width,
            }),
            Targets::Classes(classes) => Targets::Classes(classes[start..end].to_vec()),
        };
        total += loss::sum(loss, &values, &targets, width);
        if let Targets::Classes(classes) = &targets {
            correct += loss::correct(&values, classes, width);
        }
    }
    let accuracy = matches!(examples.targets, Targets::Classes(_)).then(|| correct as f64 / count as f64);
    Score { loss: total / count as f64, accuracy }
}
