//! Parameters that carry one space on several axes: residual and recurrent weights, their products and functions, quadratic readouts.

mod support;

use support::{check, clause, distance, weights};
use sym_diagnostics::Code;
use sym_infer::infer;
use sym_ir::experiment::{StateClause, StateVerb};
use sym_ir::{Builder, Builtin, Program, ValueId};
use sym_rewrite::{Coordinates, Reduction, reduce};

const UNITS: u128 = 6;

/// x[3] → h = act(U x) → h + `between`(h) → readout A.
fn residual(act: Option<Builtin>, between: impl Fn(&mut Builder, ValueId) -> ValueId) -> Program {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let mut h = builder.linear("fc1", x, UNITS, false);
    if let Some(act) = act {
        h = builder.map(act, h);
    }
    let more = between(&mut builder, h);
    let h = builder.add(&[h, more]);
    let y = builder.linear("head", h, 2, false);
    builder.output("output", y);
    builder.finish()
}

/// h ↦ W h with a square weight.
fn square(builder: &mut Builder, h: ValueId) -> ValueId {
    let w = builder.parameter("w", &[UNITS, UNITS]);
    builder.einsum("ij,j->i", &[w, h])
}

/// h ↦ tr(W²) W h.
fn with_trace(builder: &mut Builder, h: ValueId) -> ValueId {
    let w = builder.parameter("w", &[UNITS, UNITS]);
    let moved = builder.einsum("ij,j->i", &[w, h]);
    builder.einsum("jk,kj,i->i", &[w, w, moved])
}

fn reduced(program: &Program, state: &[StateClause], coordinates: Coordinates) -> Reduction {
    let found = reduce(program, &infer(program), state, coordinates);
    let reduction = found.unwrap_or_else(|errors| panic!("{errors:?}"));
    check(program, &reduction);
    reduction
}

fn merge(classes: u128, units: Option<(u128, u128)>) -> StateClause {
    clause(StateVerb::Merge { classes }, "fc1", units)
}

#[test]
fn a_square_weight_keeps_its_diagonal_apart_in_every_merged_class() {
    let program = residual(Some(Builtin::Gelu), square);
    for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
        // Classes of 3, 3: a diagonal each beside 2 × 2.
        assert_eq!(reduced(&program, &[merge(2, None)], coordinates).rank, 2 * 3 + (4 + 2) + 2 * 2);
        // Classes of 1, 1, 2, 2.
        let state = [merge(2, Some((2, 6)))];
        assert_eq!(reduced(&program, &state, coordinates).rank, 4 * 3 + (16 + 2) + 2 * 4);
        // Classes of 4, 1, 1: the diagonal of the merged class alone.
        let state = [merge(1, Some((0, 4)))];
        let reduction = reduced(&program, &state, coordinates);
        assert_eq!(reduction.rank, 3 * 3 + (9 + 1) + 2 * 3);
        let paths: Vec<&str> = reduction.program.parameters.iter().map(|parameter| parameter.path.as_str()).collect();
        assert!(paths.contains(&"w.diagonal"), "{paths:?}");
    }
}

#[test]
fn the_projection_of_a_square_weight_is_the_mean_over_simultaneous_permutations() {
    let program = residual(Some(Builtin::Gelu), square);
    let reduction = reduced(&program, &[merge(1, Some((1, 4)))], Coordinates::Orthonormal);
    let w = program.parameters.iter().position(|parameter| parameter.path == "w").expect("declared");
    let start = weights(&program, 5);
    let mut mean = vec![0.0; 36];
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let moved = |unit: usize| if (1..4).contains(&unit) { order[unit - 1] } else { unit };
        for (entry, value) in mean.iter_mut().enumerate() {
            *value += start.values[w][moved(entry / 6) * 6 + moved(entry % 6)] / 6.0;
        }
    }
    let projected = &reduction.project(&start).values[w];
    assert!(projected.iter().zip(&mean).all(|(one, other)| (one - other).abs() < 1e-15));
}

#[test]
fn opposite_units_change_signs_off_the_diagonal_only() {
    let program = residual(Some(Builtin::Tanh), square);
    let state = [clause(StateVerb::MergeSigned { classes: 2 }, "fc1", None)];
    for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
        let reduction = reduced(&program, &state, coordinates);
        assert_eq!(reduction.rank, 2 * 3 + (4 + 2) + 2 * 2);
        let start = reduction.project(&weights(&program, 6));
        let w = &start.values[program.parameters.iter().position(|parameter| parameter.path == "w").expect("declared")];
        assert!(w[0] == w[7] && w[1] == w[6] && w[1] == w[8] && w[1] == -w[2], "units 0, 1, 2 are v, −v, v: {w:?}");
    }
}

#[test]
fn a_vanishing_unit_keeps_the_weight_from_itself_to_itself_and_nothing_reads_it() {
    let program = residual(Some(Builtin::Tanh), square);
    let state = [clause(StateVerb::Zero, "fc1", Some((4, 6)))];
    // The signs of units 4 and 5 cancel in w₄₄ and w₅₅.
    let reduction = reduced(&program, &state, Coordinates::Orthonormal);
    assert_eq!(reduction.rank, 4 * 3 + (16 + 2) + 2 * 4);
}

#[test]
fn a_low_rank_stream_keeps_the_block_between_unused_directions() {
    let program = residual(None, square);
    let state = [clause(StateVerb::LowRank { rank: 2 }, "fc1", None)];
    let reduction = reduced(&program, &state, Coordinates::Orthonormal);
    assert_eq!(reduction.rank, 2 * 3 + (2 * 2 + 4 * 4) + 2 * 2);
    assert_eq!(reduced(&program, &[merge(2, None)], Coordinates::Orthonormal).rank, 2 * 3 + (4 + 2) + 2 * 2);
}

#[test]
fn products_powers_and_functions_of_square_weights_follow() {
    let product = |builder: &mut Builder, h: ValueId| {
        let (v, w) = (builder.parameter("v", &[UNITS, UNITS]), builder.parameter("w", &[UNITS, UNITS]));
        let vw = builder.einsum("ij,jk->ik", &[v, w]);
        builder.einsum("ik,k->i", &[vw, h])
    };
    let power = |builder: &mut Builder, h: ValueId| {
        let w = builder.parameter("w", &[UNITS, UNITS]);
        let ww = builder.einsum("ij,jk->ik", &[w, w]);
        builder.einsum("ik,k->i", &[ww, h])
    };
    let tied = |builder: &mut Builder, h: ValueId| {
        let w = builder.parameter("w", &[UNITS, UNITS]);
        let ww = builder.einsum("ij,kj->ik", &[w, w]);
        builder.einsum("ik,k->i", &[ww, h])
    };
    let masked = |builder: &mut Builder, h: ValueId| {
        let (v, w) = (builder.parameter("v", &[UNITS, UNITS]), builder.parameter("w", &[UNITS, UNITS]));
        let hadamard = builder.einsum("ij,ji->ij", &[v, w]);
        let bent = builder.map(Builtin::Tanh, hadamard);
        builder.einsum("ij,j->i", &[bent, h])
    };
    let cubic = |builder: &mut Builder, h: ValueId| {
        let t = builder.parameter("t", &[UNITS, UNITS, UNITS]);
        builder.einsum("ijk,j,k->i", &[t, h, h])
    };
    let bent_cubic = |builder: &mut Builder, h: ValueId| {
        let t = builder.parameter("t", &[UNITS, UNITS, UNITS]);
        let bent = builder.map(Builtin::Tanh, t);
        builder.einsum("ijk,j,k->i", &[bent, h, h])
    };
    let programs = [
        residual(Some(Builtin::Gelu), product),
        residual(Some(Builtin::Gelu), tied),
        residual(Some(Builtin::Gelu), masked),
        residual(Some(Builtin::Gelu), power),
        residual(Some(Builtin::Gelu), with_trace),
        residual(Some(Builtin::Gelu), cubic),
        residual(Some(Builtin::Gelu), bent_cubic),
    ];
    for program in &programs {
        for state in [vec![merge(2, None)], vec![merge(3, None)], vec![merge(1, Some((0, 2))), merge(1, Some((3, 6)))]] {
            for coordinates in [Coordinates::Orthonormal, Coordinates::Copies] {
                reduced(program, &state, coordinates);
            }
        }
    }
}

#[test]
fn a_sum_that_counts_vanishing_units_is_refused() {
    let trace = residual(Some(Builtin::Tanh), with_trace);
    let state = [clause(StateVerb::Zero, "fc1", Some((4, 6)))];
    let errors = reduce(&trace, &infer(&trace), &state, Coordinates::Orthonormal).expect_err("tr(W²) counts w₄₄");
    assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::E0401]);
    assert!(errors[0].message.contains("vanish"), "{}", errors[0].message);
    // Merged units are all there.
    reduced(&trace, &[clause(StateVerb::MergeSigned { classes: 2 }, "fc1", None)], Coordinates::Orthonormal);
}

#[test]
fn the_maps_of_both_coordinates_agree() {
    let program = residual(Some(Builtin::Gelu), square);
    let [orthonormal, copies] =
        [Coordinates::Orthonormal, Coordinates::Copies].map(|kind| reduced(&program, &[merge(2, None)], kind));
    let start = weights(&program, 7);
    assert!(distance(&orthonormal.project(&start), &copies.project(&start)) < 1e-15);
    // |θ| is kept by orthonormal coordinates.
    let norm = |values: &[Vec<f64>]| values.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
    let reduced = orthonormal.restrict(&start);
    let trainable = orthonormal.program.parameters.iter().zip(reduced.values).filter(|(parameter, _)| parameter.trainable);
    let trainable: Vec<Vec<f64>> = trainable.map(|(_, values)| values).collect();
    assert!((norm(&trainable) - norm(&orthonormal.project(&start).values)).abs() < 1e-14);
}
