//! Steps use their memory again: what is held does not grow from step to step.

#[path = "support/large.rs"]
mod large;
#[path = "support/texts.rs"]
mod texts;

use sym_infer::Weights;
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};
use sym_runtime::Stream;
use sym_runtime::data::{Examples, Table, Targets};
use sym_runtime::engine::{Engine, Planned, Task};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn table(stream: &mut Stream, rows: usize, width: usize) -> Table {
    Table { values: (0..rows * width).map(|_| stream.normal()).collect(), width }
}

#[test]
fn memory_does_not_grow_from_step_to_step() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for (what, text, examples) in large::MODELS {
        let program = texts::model(text);
        let mut stream = Stream::new(0, "allocations", what);
        let size = |shape: &[sym_ir::Axis]| shape.iter().map(|axis| axis.size as usize).product::<usize>();
        let width = size(&program.node(program.outputs[0].value).shape);
        let inputs = program.inputs.iter().map(|input| table(&mut stream, examples, size(&input.shape))).collect();
        let examples = Examples { inputs, targets: Targets::Numbers(table(&mut stream, examples, width)) };
        let mut weights = Weights::zeros(&program);
        weights.values.iter_mut().flatten().for_each(|value| *value = 0.1 * stream.normal());
        let optimizer = Optimizer {
            rule: Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: 1e-3,
            decay: 0.0,
            decay_kind: DecayKind::Coupled,
            batch: None,
        };
        let task = Task {
            program: &program,
            weights: &weights,
            loss: Loss::Mse,
            optimizer,
            divisors: None,
            examples: &examples,
            batch: None,
            width,
        };
        let mut engine = Planned::<f32>::new(task);
        (0..3).for_each(|_| assert!(engine.step(None).is_finite(), "{what}"));
        let before = dhat::HeapStats::get();
        (0..12).for_each(|_| assert!(engine.step(None).is_finite(), "{what}"));
        let after = dhat::HeapStats::get();
        // The pool of threads keeps some bytes of its own.
        let grown = after.curr_bytes.saturating_sub(before.curr_bytes);
        assert!(grown < 1 << 16, "{what}: {grown} bytes more are held after twelve steps");
    }
}
