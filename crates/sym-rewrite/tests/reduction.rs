//! The reduced program computes what the full one computes on the fixed set, and its maps are those of an orthogonal projection.

mod support;

use support::{check, clause, distance, weights};
use sym_diagnostics::Code;
use sym_infer::infer;
use sym_ir::experiment::StateVerb;
use sym_ir::{Builder, Builtin, Program};
use sym_rewrite::{Coordinates, reduce};

/// x[3] → fc1[6] → fc2[5] → head[2].
fn mlp(activation: Option<Builtin>) -> Program {
    let mut builder = Builder::new("M");
    let mut h = builder.input("x", &[3]);
    for (path, width) in [("fc1", 6), ("fc2", 5)] {
        h = builder.linear(path, h, width, activation.is_some());
        if let Some(activation) = activation {
            h = builder.map(activation, h);
        }
    }
    let y = builder.linear("head", h, 2, activation.is_some());
    builder.output("output", y);
    builder.finish()
}

#[test]
fn merged_units_become_one_unit_in_both_coordinates() {
    let program = mlp(Some(Builtin::Tanh));
    for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
        let reduction = reduce(&program, &infer(&program), &[clause(StateVerb::Merge { classes: 3 }, "fc1", None)], coordinates);
        let reduction = reduction.expect("units of a tanh layer merge");
        check(&program, &reduction);
        assert_eq!(reduction.rank, 3 * 3 + 3 + 5 * 3 + 5 + 2 * 5 + 2);
    }
}

#[test]
fn classes_of_different_sizes_carry_their_multiplicities() {
    let program = mlp(Some(Builtin::Tanh));
    let state = [clause(StateVerb::Merge { classes: 4 }, "fc1", None), clause(StateVerb::Merge { classes: 2 }, "fc2", None)];
    for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
        check(&program, &reduce(&program, &infer(&program), &state, coordinates).expect("both layers merge"));
    }
}

#[test]
fn sign_merged_and_zeroed_units_combine_in_one_layer() {
    let program = mlp(Some(Builtin::Tanh));
    let state =
        [clause(StateVerb::MergeSigned { classes: 2 }, "fc1", Some((0, 4))), clause(StateVerb::Zero, "fc1", Some((5, 6)))];
    let reduction = reduce(&program, &infer(&program), &state, Coordinates::Orthonormal).expect("a signed state");
    check(&program, &reduction);
    assert_eq!(reduction.program.parameters[0].shape[0].size, 3);
}

#[test]
fn a_linear_layer_is_cut_to_a_rank() {
    let program = mlp(None);
    let symmetries = infer(&program);
    let state = [clause(StateVerb::LowRank { rank: 2 }, "fc1", None)];
    let reduction = reduce(&program, &symmetries, &state, Coordinates::Orthonormal).expect("GL(6) holds the reflection");
    check(&program, &reduction);
    assert_eq!(reduction.rank, 2 * 3 + 5 * 2 + 2 * 5);
}

#[test]
fn the_projection_is_the_mean_over_the_group() {
    let program = mlp(Some(Builtin::Tanh));
    let state = [clause(StateVerb::MergeSigned { classes: 1 }, "fc2", Some((1, 4)))];
    let reduction = reduce(&program, &infer(&program), &state, Coordinates::Orthonormal).expect("a signed state");
    let start = weights(&program, 5);
    // All 6 permutations of units 1, −2, 3 of fc2, each unit being (row of fc2.weight, entry of fc2.bias, column of head.weight).
    let signs = [1.0, -1.0, 1.0];
    let mut mean = start.clone();
    let (weight, bias, reader) = (2, 3, 4);
    for values in &mut [weight, bias, reader] {
        mean.values[*values].iter_mut().for_each(|value| *value = 0.0);
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let source = |unit: usize| match unit {
            1..=3 => (order[unit - 1] + 1, signs[unit - 1] * signs[order[unit - 1]]),
            other => (other, 1.0),
        };
        for unit in 0..5 {
            let (from, sign) = source(unit);
            for column in 0..6 {
                mean.values[weight][unit * 6 + column] += sign * start.values[weight][from * 6 + column] / 6.0;
            }
            mean.values[bias][unit] += sign * start.values[bias][from] / 6.0;
            for row in 0..2 {
                mean.values[reader][row * 5 + unit] += sign * start.values[reader][row * 5 + from] / 6.0;
            }
        }
    }
    assert!(distance(&reduction.project(&start), &mean) < 1e-14);
}

#[test]
fn a_softmax_over_merged_units_weighs_classes_by_their_size() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let logits = builder.linear("fc1", x, 6, true);
    let shares = builder.softmax(logits, 0);
    let y = builder.linear("head", shares, 2, true);
    builder.output("output", y);
    let program = builder.finish();
    for state in [
        vec![clause(StateVerb::Merge { classes: 2 }, "fc1", None)],
        vec![clause(StateVerb::Merge { classes: 1 }, "fc1", Some((0, 4)))],
    ] {
        for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
            check(&program, &reduce(&program, &infer(&program), &state, coordinates).expect("a softmax permutes"));
        }
    }
}

#[test]
fn signs_that_the_activation_does_not_have_are_refused() {
    let program = mlp(Some(Builtin::Gelu));
    let symmetries = infer(&program);
    for verb in [StateVerb::MergeSigned { classes: 2 }, StateVerb::Zero, StateVerb::LowRank { rank: 1 }] {
        let errors =
            reduce(&program, &symmetries, &[clause(verb, "fc1", None)], Coordinates::Orthonormal).expect_err("no such symmetry");
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::E0401], "{verb:?}");
    }
}

#[test]
fn impossible_states_are_refused_with_what_is_wrong() {
    let program = mlp(Some(Builtin::Tanh));
    let merge = |classes: u128, target: &str, units: Option<(u128, u128)>| clause(StateVerb::Merge { classes }, target, units);
    let states = [
        (vec![merge(7, "fc1", None)], "6 units of `fc1` cannot form 7 classes"),
        (vec![merge(0, "fc1", None)], "6 units of `fc1` cannot form 0 classes"),
        (vec![clause(StateVerb::Zero, "fc1", Some((4, 9)))], "`fc1` has no units 4..9"),
        (vec![clause(StateVerb::Zero, "fc1", None)], "no unit of `fc1` is left"),
        (
            vec![merge(1, "fc1", Some((0, 4))), clause(StateVerb::Zero, "fc1", Some((3, 5)))],
            "two clauses of the state claim unit 3 of `fc1`",
        ),
        (vec![merge(2, "fc1", None), merge(3, "fc1", None)], "two clauses of the state claim the units of `fc1`"),
        (vec![merge(1, "fc3", None)], "`M` has no symmetry on `fc3`"),
        (vec![merge(1, "head", None)], "`M` has no symmetry on `head`"),
    ];
    for (state, message) in states {
        let errors = reduce(&program, &infer(&program), &state, Coordinates::Orthonormal).expect_err("an impossible state");
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::E0401], "{state:?}");
        assert_eq!(errors[0].message, message);
        assert!(errors[0].expected.is_some() || errors[0].help.is_some(), "{message}");
    }
}
