//! States with classes of any units, and the plain model that is left of one.

mod support;

use support::{check, clause, evaluate, weights};
use sym_diagnostics::Code;
use sym_infer::infer;
use sym_ir::experiment::StateVerb;
use sym_ir::{Builder, Builtin, Operation, Program};
use sym_rewrite::{ClassedSpace, Coordinates, UnitClass, absorbed, reduce, reduce_to};

/// x[3] → fc1[6] → fc2[4] → head[2].
fn mlp(activation: Builtin) -> Program {
    let mut builder = Builder::new("M");
    let mut h = builder.input("x", &[3]);
    for (path, width) in [("fc1", 6), ("fc2", 4)] {
        h = builder.linear(path, h, width, true);
        h = builder.map(activation, h);
    }
    let y = builder.linear("head", h, 2, true);
    builder.output("output", y);
    builder.finish()
}

fn of(class: usize) -> UnitClass {
    UnitClass::Of { class, negative: false }
}

const NEGATIVE_OF_0: UnitClass = UnitClass::Of { class: 0, negative: true };

/// Units 0 and 3 of fc1 are equal, unit 5 their negative, unit 2 has no weights; units 1 and 3 of fc2 are equal.
fn state(program: &Program) -> Vec<ClassedSpace> {
    let symmetries = infer(program);
    let space = |name: &str| symmetries.spaces.iter().position(|space| space.name == name).expect("the layer has units");
    vec![
        ClassedSpace { space: space("fc1"), units: vec![of(0), of(1), UnitClass::Vanishing, of(0), of(2), NEGATIVE_OF_0] },
        ClassedSpace { space: space("fc2"), units: vec![of(1), of(0), of(2), of(0)] },
    ]
}

#[test]
fn classes_need_not_be_neighbours() {
    let program = mlp(Builtin::Tanh);
    for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
        let reduction = reduce_to(&program, &infer(&program), &state(&program), coordinates).expect("a signed state");
        check(&program, &reduction);
        assert_eq!(reduction.rank, 3 * 3 + 3 + 3 * 3 + 3 + 2 * 3 + 2);
        let at = reduction.project(&weights(&program, 1));
        let row = |unit: usize| &at.values[0][3 * unit..3 * unit + 3];
        assert_eq!(row(0), row(3));
        assert_eq!(row(5), row(0).iter().map(|entry| -entry).collect::<Vec<_>>());
        assert_eq!(row(2), [0.0; 3]);
    }
}

#[test]
fn contiguous_classes_are_those_of_clauses() {
    let program = mlp(Builtin::Tanh);
    let symmetries = infer(&program);
    let clauses = [clause(StateVerb::Merge { classes: 2 }, "fc1", Some((0, 5))), clause(StateVerb::Zero, "fc1", Some((5, 6)))];
    let units = vec![of(0), of(0), of(0), of(1), of(1), UnitClass::Vanishing];
    let chosen = ClassedSpace { space: state(&program)[0].space, units };
    let one = reduce(&program, &symmetries, &clauses, Coordinates::Copies).expect("a state");
    let other = reduce_to(&program, &symmetries, &[chosen], Coordinates::Copies).expect("the same state");
    let full = weights(&program, 4);
    assert_eq!(one.project(&full).values, other.project(&full).values);
}

#[test]
fn weights_take_up_the_multiplicities_of_what_they_read() {
    let program = mlp(Builtin::Tanh);
    let reduction = reduce_to(&program, &infer(&program), &state(&program), Coordinates::Copies).expect("a signed state");
    let full = weights(&program, 2);
    let (small, own) = absorbed(&reduction, &full);
    assert_eq!(small.trainable_entries(), Some(reduction.rank));
    assert!(small.parameters.iter().all(|parameter| parameter.trainable), "no multiplicities are left");
    let plain = |operation: &Operation| !matches!(operation, Operation::Einsum { coefficient, .. } if *coefficient != 1.0);
    assert!(small.nodes.iter().all(|node| plain(&node.operation)));
    let inputs = vec![vec![0.3, -1.2, 0.7]];
    let expected = evaluate(&program, &reduction.project(&full), &inputs);
    let found = evaluate(&small, &own, &inputs);
    assert!(expected.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-14), "{expected:?} against {found:?}");
}

#[test]
fn a_state_that_the_group_does_not_have_is_refused() {
    let program = mlp(Builtin::Sigmoid);
    let error = reduce_to(&program, &infer(&program), &state(&program), Coordinates::Copies).expect_err("no signs");
    assert_eq!(error[0].code, Code::E0401);
}
