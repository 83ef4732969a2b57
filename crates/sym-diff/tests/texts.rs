//! Derived programs as texts: what is computed, and that nothing else is.

use sym_diff::{hessian_vector, jvp, per_sample_vjp, vjp};
use sym_ir::{Builder, Builtin, InputId, ParameterId, Program, text};

/// y = V tanh(W x + b).
fn perceptron() -> Program {
    let mut b = Builder::new("Perceptron");
    let x = b.input("x", &[3]);
    let hidden = b.linear("first", x, 4, true);
    let hidden = b.map(Builtin::Tanh, hidden);
    let output = b.linear("second", hidden, 2, false);
    b.output("output", output);
    b.finish()
}

fn all(program: &Program) -> Vec<ParameterId> {
    program.parameter_ids().map(|(id, _)| id).collect()
}

#[test]
fn gradients_of_a_perceptron() {
    let program = perceptron();
    insta::assert_snapshot!(text(&vjp(&program, &all(&program), &[])));
}

#[test]
fn gradients_of_each_example_are_not_summed_over_the_batch() {
    let program = perceptron();
    insta::assert_snapshot!(text(&per_sample_vjp(&program, &all(&program)[2..], &[])));
}

#[test]
fn tangents_of_a_perceptron() {
    let program = perceptron();
    insta::assert_snapshot!(text(&jvp(&program, &all(&program)[..1], &[InputId(0)])));
}

#[test]
fn products_with_the_hessian_of_a_square() {
    let mut b = Builder::new("Square");
    let (x, w) = (b.input("x", &[3]), b.parameter("w", &[3]));
    let output = b.einsum("i,i,i->", &[x, w, w]);
    b.output("output", output);
    let program = b.finish();
    insta::assert_snapshot!(text(&hessian_vector(&program, &all(&program))));
}

#[test]
fn what_nothing_reaches_is_zero() {
    let mut b = Builder::new("Apart");
    let (x, w) = (b.input("x", &[2]), b.parameter("w", &[2]));
    let _unused = b.map(Builtin::Exp, w);
    let output = b.map(Builtin::Sin, x);
    b.output("output", output);
    let program = b.finish();
    insta::assert_snapshot!(text(&vjp(&program, &all(&program), &[])));
}

#[test]
fn the_nodes_of_the_program_come_first() {
    let program = perceptron();
    for derived in [
        vjp(&program, &all(&program), &[InputId(0)]),
        jvp(&program, &all(&program), &[InputId(0)]),
        hessian_vector(&program, &all(&program)),
    ] {
        assert_eq!(derived.nodes[..program.nodes.len()], program.nodes);
        assert_eq!(derived.outputs[0], program.outputs[0]);
    }
}
