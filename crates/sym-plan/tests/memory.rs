//! Memory is used again within a run and from run to run.

use sym_ir::{Builder, Builtin, Program};
use sym_plan::Plan;

const WIDTH: u128 = 32;
const BATCH: usize = 64;

fn deep(layers: usize) -> Program {
    let mut builder = Builder::new("Deep");
    let mut hidden = builder.input("x", &[WIDTH]);
    for layer in 0..layers {
        hidden = builder.linear(&format!("fc{layer}"), hidden, WIDTH, true);
        hidden = builder.map(Builtin::Tanh, hidden);
    }
    builder.output("output", hidden);
    builder.finish()
}

/// Entries beyond parameters, inputs and outputs.
fn working_memory(layers: usize) -> usize {
    let plan = Plan::<f64>::new(&deep(layers), BATCH);
    let width = WIDTH as usize;
    plan.entries() - layers * (width * width + width) - 2 * BATCH * width
}

#[test]
fn a_forward_pass_needs_memory_for_two_layers_however_deep() {
    assert_eq!(working_memory(20), working_memory(4));
    assert!(working_memory(20) <= 2 * BATCH * WIDTH as usize);
}

#[test]
fn a_layer_is_a_product_and_a_chain() {
    let program = deep(8);
    let plan = Plan::<f64>::new(&program, BATCH);
    assert_eq!(plan.steps(), 16);
}
