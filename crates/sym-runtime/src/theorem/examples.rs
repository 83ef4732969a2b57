//! Examples for a theorem that names no data set.

use crate::data::{Examples, Inputs, Table, Targets};
use crate::{Stream, evaluate, init};
use sym_diagnostics::Diagnostic;
use sym_ir::Entries;
use sym_ir::experiment::{Loss, Theorem};

/// The number of examples.
const COUNT: usize = 128;

/// Normal inputs, or whole numbers where an input takes such, answered by a random network of the same model; for cross-entropy its largest output is the class.
pub(super) fn of_teacher(theorem: &Theorem) -> Result<Examples, Vec<Diagnostic>> {
    let program = &theorem.program;
    let mut stream = Stream::new(theorem.seed, "theorem/inputs", &theorem.name);
    let inputs: Vec<Inputs> = program
        .inputs
        .iter()
        .map(|input| {
            let width: usize = input.shape.iter().map(|axis| axis.size as usize).product();
            let mut next = || match input.entries {
                Entries::Real => stream.normal(),
                Entries::Integer { below } => stream.below(below as u64) as f64,
            };
            Inputs::of((0..COUNT * width).map(|_| next()).collect(), width)
        })
        .collect();
    let weights = init::weights(program, None, &[], &init::Files::default(), theorem.seed, "theorem/teacher")?;
    let values = evaluate::outputs(program, &weights, &inputs)?;
    let count = if inputs.is_empty() { 1 } else { COUNT };
    let width = values.len() / count;
    let targets = match theorem.loss {
        Loss::Mse => Targets::Numbers(Table { values, width }),
        Loss::CrossEntropy => {
            let largest = |row: &[f64]| (0..row.len()).max_by(|&one, &other| row[one].total_cmp(&row[other])).unwrap_or(0);
            Targets::Classes(values.chunks(width).map(largest).collect())
        }
    };
    Ok(Examples { inputs, targets })
}
