//! Loss and accuracy on a set of examples.

use crate::data::{Examples, Inputs, Table, Targets};
use crate::loss;
use sym_ir::experiment::Loss;

/// How well a model answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The share of examples whose largest output is their class; `None` where targets are no classes.
    pub accuracy: Option<f64>,
}

/// The score on all examples, `chunk` of them at a time; `outputs` gives the first output, which has `width` entries an example.
pub fn score(
    outputs: &mut dyn FnMut(&[Inputs]) -> Vec<f64>,
    examples: &Examples,
    loss: Loss,
    width: usize,
    chunk: usize,
) -> Score {
    let (mut total, mut correct) = (0.0, 0);
    let count = examples.len();
    for start in (0..count).step_by(chunk.max(1)) {
        let end = (start + chunk.max(1)).min(count);
        let rows: Vec<usize> = (start..end).collect();
        let inputs: Vec<Inputs> = examples.inputs.iter().map(|inputs| inputs.select(&rows)).collect();
        let values = outputs(&inputs);
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
