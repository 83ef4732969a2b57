//! Training steps of a model on random examples.

use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};
use sym_runtime::Stream;
use sym_runtime::data::{Examples, Inputs, Table, Targets};
use sym_runtime::engine::{Planned, Task};

fn numbers(stream: &mut Stream, rows: usize, width: usize) -> Vec<f64> {
    (0..rows * width).map(|_| stream.normal()).collect()
}

/// Adam on all of so many examples with the mean squared error, from random weights.
pub fn engine(program: &Program, examples: usize) -> Planned<f32> {
    let mut stream = Stream::new(0, "steps", &program.name);
    let size = |shape: &[sym_ir::Axis]| shape.iter().map(|axis| axis.size as usize).product::<usize>();
    let width = size(&program.node(program.outputs[0].value).shape);
    let mut input = |width: usize| Inputs::of(numbers(&mut stream, examples, width), width);
    let inputs = program.inputs.iter().map(|declared| input(size(&declared.shape))).collect();
    let examples = Examples { inputs, targets: Targets::Numbers(Table { values: numbers(&mut stream, examples, width), width }) };
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|value| *value = 0.1 * stream.normal());
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    Planned::new(Task {
        program,
        weights: &weights,
        loss: Loss::Mse,
        smoothing: 0.0,
        optimizer: Optimizer { rule, learning_rate: 1e-3, decay: 0.0, decay_kind: DecayKind::Coupled, batch: None },
        divisors: None,
        examples: &examples,
        batch: None,
        width,
        running: None,
    })
}
