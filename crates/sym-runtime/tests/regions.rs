//! Networks whose units have kinks: what a sample has to show before a count is believed.

use sym_diagnostics::Code;
use sym_ir::{Builder, Builtin, Program};
use sym_runtime::proof::{Numbers, Verification, verify};

fn mlp(widths: &[u128], activation: Builtin, bias: bool) -> Program {
    let mut builder = Builder::new("M");
    let mut h = builder.input("x", &[widths[0]]);
    for (layer, &width) in widths[1..].iter().enumerate() {
        h = builder.linear(&format!("fc{layer}"), h, width, bias);
        if layer + 2 < widths.len() {
            h = builder.map(activation, h);
        }
    }
    builder.output("output", h);
    builder.finish()
}

fn proof(program: &Program) -> Verification {
    verify(program, &sym_infer::infer(program), 0)
}

fn numbers(program: &Program) -> Numbers {
    let proof = proof(program);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    proof.numbers.expect("the program is small")
}

#[test]
fn connected_units_are_active_together_on_ten_inputs_of_the_sample() {
    let deep = numbers(&mlp(&[3, 6, 6, 6, 2], Builtin::Relu, true));
    assert!(deep.piecewise && deep.least_active >= Some(10), "{deep:?}");
    assert_eq!((deep.flat, deep.unexplained), (18, 0));
    assert!(numbers(&mlp(&[3, 6, 6, 2], Builtin::Relu, false)).least_active >= Some(10));
}

#[test]
fn units_that_forget_no_input_need_no_company() {
    let leaky = numbers(&mlp(&[3, 5, 2], Builtin::LeakyRelu(0.1), true));
    assert!(leaky.piecewise && leaky.least_active.is_none(), "{leaky:?}");
    let smooth = numbers(&mlp(&[3, 5, 2], Builtin::Tanh, true));
    assert!(!smooth.piecewise && smooth.least_active.is_none(), "{smooth:?}");
}

#[test]
fn at_least_three_points_are_tried() {
    assert!(numbers(&mlp(&[3, 5, 2], Builtin::Tanh, true)).points >= 3);
}

#[test]
fn units_that_are_never_active_together_leave_the_count_undecided() {
    // A unit of relu(−relu(z) − 1) is never active, so that everything before it is flat in the sample, for no symmetry.
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let z = builder.linear("fc1", x, 4, true);
    let h = builder.map(Builtin::Relu, z);
    let minus = builder.scaled_einsum("i->i", &[h], -1.0);
    let below = builder.frozen("below", &[4]);
    let below = builder.map(Builtin::Exp, below);
    let below = builder.scaled_einsum("i->i", &[below], -1.0);
    let shifted = builder.add(&[minus, below]);
    let dead = builder.map(Builtin::Relu, shifted);
    let y = builder.linear("head", dead, 2, true);
    builder.output("output", y);
    let proof = proof(&builder.finish());
    assert_eq!(proof.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::E0304]);
    assert_eq!(proof.numbers.expect("the program is small").least_active, Some(0));
}

#[test]
fn flat_directions_of_large_models_follow_one_formula_at_three_assignments() {
    let proof = proof(&mlp(&[40, 90, 60, 5], Builtin::Relu, true));
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    let all: Vec<&Numbers> = proof.numbers.iter().chain(&proof.others).collect();
    assert_eq!(all.len(), 3);
    let mut seen = Vec::new();
    for numbers in all {
        // One rescaling a hidden unit.
        let units = numbers.sizes["fc0.bias"][0] + numbers.sizes["fc1.bias"][0];
        assert_eq!((numbers.flat, numbers.explained), (units, units));
        assert!(numbers.miniature && numbers.least_active >= Some(10) && !seen.contains(&units));
        seen.push(units);
    }
}
