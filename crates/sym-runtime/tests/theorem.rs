//! Theorem 1 on small networks: what holds, and what is caught.

use sym_diagnostics::{Code, FileId, Span};
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule, StateClause, StateVerb, Theorem};
use sym_ir::{Builder, Builtin, Program};
use sym_runtime::Silent;
use sym_runtime::theorem::{Report, execute};

const SPAN: Span = Span::new(FileId(0), 0, 0);

/// x[3] → fc1[6] → head[2].
fn network(activation: Option<Builtin>) -> Program {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let mut h = builder.linear("fc1", x, 6, activation.is_some());
    if let Some(activation) = activation {
        h = builder.map(activation, h);
    }
    let y = builder.linear("head", h, 2, activation.is_some());
    builder.output("output", y);
    builder.finish()
}

fn clause(verb: StateVerb, units: Option<(u128, u128)>) -> StateClause {
    StateClause { verb, target: "fc1".to_string(), units, span: SPAN }
}

fn gradient_descent(learning_rate: f64, momentum: f64, batch: Option<u64>) -> Optimizer {
    let rule = Rule::Sgd { momentum, nesterov: false };
    Optimizer { rule, learning_rate, decay: 0.0, decay_kind: DecayKind::Coupled, batch }
}

fn nesterov(learning_rate: f64) -> Optimizer {
    let rule = Rule::Sgd { momentum: 0.9, nesterov: true };
    Optimizer { rule, ..gradient_descent(learning_rate, 0.0, None) }
}

/// Every optimiser that the states of units keep: decay within the gradient and beside it, momentum of both kinds.
fn every_optimiser() -> Vec<Optimizer> {
    let decayed = |decay_kind, optimizer| Optimizer { decay: 0.01, decay_kind, ..optimizer };
    vec![
        gradient_descent(0.05, 0.0, None),
        decayed(DecayKind::Coupled, gradient_descent(0.05, 0.0, None)),
        decayed(DecayKind::Decoupled, gradient_descent(0.05, 0.0, Some(32))),
        decayed(DecayKind::Coupled, gradient_descent(0.01, 0.9, Some(32))),
        decayed(DecayKind::Decoupled, nesterov(0.01)),
        adam(0.0, DecayKind::Coupled),
        adam(0.01, DecayKind::Coupled),
        adam(0.01, DecayKind::Decoupled),
    ]
}

fn adam(decay: f64, decay_kind: DecayKind) -> Optimizer {
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    Optimizer { rule, learning_rate: 1e-3, decay, decay_kind, batch: None }
}

fn theorem(program: Program, state: Vec<StateClause>, optimizers: Vec<Optimizer>) -> Theorem {
    Theorem {
        name: "Reduction".to_string(),
        model: "M()".to_string(),
        program,
        state,
        data: None,
        loss: Loss::Mse,
        optimizers,
        steps: 60,
        seed: 0,
        projected: true,
        reproject: None,
        tolerance: 1e-9,
        least_squares: None,
        span: SPAN,
    }
}

fn executed(theorem: &Theorem) -> Report {
    execute(theorem, &sym_infer::infer(&theorem.program), None, &Silent)
}

fn codes(report: &Report) -> Vec<Code> {
    report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// No run diverges beyond 1e-9, leaves the state beyond rounding, or stands still.
fn assert_holds(report: &Report, runs: usize) {
    assert_eq!(codes(report), [], "{:?}", report.diagnostics);
    assert_eq!(report.runs.len(), runs);
    for run in &report.runs {
        assert!(run.holds && run.divergence < 1e-9 && run.off_state < 1e-9, "{run:?}");
        assert!(run.last_loss < run.first_loss, "{run:?}");
    }
}

#[test]
fn merged_units_follow_the_smaller_model_under_every_optimiser() {
    let state = vec![clause(StateVerb::Merge { classes: 4 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, every_optimiser()));
    assert_holds(&report, 8);
    // Four units of 3 + 1 + 2 numbers, and the bias of the head.
    assert_eq!((report.parameters, report.rank), (38, 26));
}

#[test]
fn sign_merged_and_zeroed_units_follow_too() {
    let state = vec![clause(StateVerb::MergeSigned { classes: 2 }, Some((0, 4))), clause(StateVerb::Zero, Some((5, 6)))];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, every_optimiser()));
    assert_holds(&report, 8);
    assert_eq!(report.rank, 3 * 6 + 2);
}

#[test]
fn dead_relu_units_stay_dead() {
    let state = vec![clause(StateVerb::Zero, Some((4, 6)))];
    let report = executed(&theorem(network(Some(Builtin::Relu)), state, every_optimiser()));
    assert_holds(&report, 8);
}

#[test]
fn a_linear_layer_of_low_rank_follows_gradient_descent_and_adam_is_refused() {
    let state = vec![clause(StateVerb::LowRank { rank: 2 }, None)];
    let report = executed(&theorem(network(None), state, every_optimiser()));
    assert_eq!(codes(&report), [Code::E0402; 3], "one for each Adam");
    assert_eq!(report.runs.len(), 5);
    assert!(report.runs.iter().all(|run| run.holds && run.off_state < 1e-9), "{:?}", report.runs);
    assert_eq!(report.rank, 2 * (3 + 2));
}

/// x[3] → h = act(fc1 x) → two steps h ↦ act(W h + fc1 x) → head[2]: one weight between the units of one space.
fn recurrent(activation: Builtin) -> Program {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let drive = builder.linear("fc1", x, 6, activation != Builtin::Tanh);
    let w = builder.parameter("w", &[6, 6]);
    let mut h = builder.map(activation, drive);
    for _ in 0..2 {
        let moved = builder.scaled_einsum("ij,j->i", &[w, h], 0.2);
        let sum = builder.add(&[moved, drive]);
        h = builder.map(activation, sum);
    }
    let y = builder.linear("head", h, 2, true);
    builder.output("output", y);
    builder.finish()
}

#[test]
fn recurrent_weights_follow_with_their_diagonal_apart() {
    let merged =
        vec![clause(StateVerb::Merge { classes: 1 }, Some((0, 3))), clause(StateVerb::Merge { classes: 1 }, Some((3, 5)))];
    let report = executed(&theorem(recurrent(Builtin::Gelu), merged, every_optimiser()));
    assert_holds(&report, 8);
    // Classes of 3, 2 and 1 units: 9 numbers and 2 diagonals in w.
    assert_eq!(report.rank, 3 * 4 + (9 + 2) + (2 * 3 + 2));
    let signed = vec![clause(StateVerb::MergeSigned { classes: 2 }, Some((0, 4))), clause(StateVerb::Zero, Some((5, 6)))];
    let report = executed(&theorem(recurrent(Builtin::Tanh), signed, every_optimiser()));
    assert_holds(&report, 8);
    // Classes of 2, 2 and 1; w of the vanishing unit with itself is no zero.
    assert_eq!(report.rank, 3 * 3 + (9 + 2 + 1) + (2 * 3 + 2));
}

#[test]
fn a_low_rank_residual_stream_follows_gradient_descent() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let h = builder.linear("fc1", x, 6, false);
    let w = builder.parameter("w", &[6, 6]);
    let moved = builder.scaled_einsum("ij,j->i", &[w, h], 0.2);
    let h = builder.add(&[h, moved]);
    let y = builder.linear("head", h, 2, false);
    builder.output("output", y);
    let optimizers =
        every_optimiser().into_iter().map(|optimizer| Optimizer { learning_rate: 0.2 * optimizer.learning_rate, ..optimizer });
    let optimizers = optimizers.filter(|optimizer| matches!(optimizer.rule, Rule::Sgd { .. })).collect();
    let report = executed(&theorem(builder.finish(), vec![clause(StateVerb::LowRank { rank: 2 }, None)], optimizers));
    assert_holds(&report, 5);
    assert_eq!(report.rank, 2 * 3 + (4 + 16) + 2 * 2);
}

#[test]
fn near_a_state_tangent_features_are_masked_up_to_the_distance() {
    let merged =
        vec![clause(StateVerb::Merge { classes: 1 }, Some((0, 3))), clause(StateVerb::Merge { classes: 1 }, Some((3, 5)))];
    let low_rank = vec![clause(StateVerb::LowRank { rank: 2 }, None)];
    let cases = [(recurrent(Builtin::Gelu), merged.clone()), (network(Some(Builtin::Tanh)), merged), (network(None), low_rank)];
    for (program, state) in cases {
        let report = executed(&Theorem { steps: 1, ..theorem(program, state, vec![gradient_descent(0.01, 0.0, None)]) });
        let features = report.features.expect("executed");
        assert!(features.outside < 1e-14 && features.kernel < 1e-13, "{features:?}");
        // Ten times closer is ten times better masked, to a fifth.
        for pair in features.near.windows(2) {
            let ratio = pair[0].outside / pair[1].outside;
            assert!((8.0..12.0).contains(&ratio), "{features:?}");
        }
    }
}

#[test]
fn a_state_that_the_activation_does_not_have_is_refused() {
    let state = vec![clause(StateVerb::MergeSigned { classes: 3 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Gelu)), state, vec![gradient_descent(0.05, 0.0, None)]));
    assert_eq!(codes(&report), [Code::E0401]);
    assert!(report.runs.is_empty());
}

#[test]
fn weights_that_are_not_projected_are_caught() {
    let state = vec![clause(StateVerb::Merge { classes: 2 }, None)];
    let given =
        Theorem { projected: false, ..theorem(network(Some(Builtin::Tanh)), state, vec![gradient_descent(0.05, 0.0, None)]) };
    assert_eq!(codes(&executed(&given)), [Code::E0401]);
}

#[test]
fn a_learning_rate_beyond_the_edge_of_stability_is_named_as_the_cause() {
    let state = vec![clause(StateVerb::Merge { classes: 2 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, vec![gradient_descent(50.0, 0.0, None)]));
    let run = &report.runs[0];
    assert!(run.edge.is_some_and(|edge| edge > 1.0), "{run:?}");
    if !run.holds {
        assert_eq!(codes(&report), [Code::E0403]);
        assert!(report.diagnostics[0].help.as_ref().is_some_and(|help| help.contains("edge of stability")));
    }
}

#[test]
fn rounding_is_shown_beside_the_same_model_in_another_order_of_summation() {
    let state = vec![clause(StateVerb::Merge { classes: 2 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, every_optimiser()));
    for run in &report.runs {
        let orders = run.orders.expect("many examples");
        assert!(orders > 0.0 && orders < 1e-12, "{run:?}");
        assert_eq!(
            run.moments.iter().map(|moment| moment.step).collect::<Vec<_>>(),
            (0..=10).map(|part| 6 * part).collect::<Vec<_>>()
        );
        assert!(run.moments.iter().all(|moment| moment.divergence <= run.divergence));
    }
}

#[test]
fn adams_edge_of_stability_is_estimated_from_the_preconditioned_curvature() {
    let state = vec![clause(StateVerb::Merge { classes: 2 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, every_optimiser()));
    for run in &report.runs {
        assert_eq!(run.estimated, run.optimizer.starts_with("adam"), "{run:?}");
        assert!(run.edge.is_some_and(|edge| edge > 0.0 && edge < 1.0), "{run:?}");
        assert!(run.growth.is_some_and(|growth| growth >= 1.0), "{run:?}");
    }
}

#[test]
fn projection_during_a_run_keeps_the_optimisers_memory_at_the_state() {
    let state = vec![clause(StateVerb::MergeSigned { classes: 2 }, Some((0, 4))), clause(StateVerb::Zero, Some((5, 6)))];
    let once = theorem(network(Some(Builtin::Tanh)), state, every_optimiser());
    let often = executed(&Theorem { reproject: Some(3), ..once.clone() });
    assert_holds(&often, 8);
    for (often, once) in often.runs.iter().zip(&executed(&once).runs) {
        assert!((often.last_loss - once.last_loss).abs() < 1e-12, "{often:?} {once:?}");
    }
}

#[test]
fn the_linearised_model_and_the_growth_across_a_state_are_as_the_paper_says() {
    let program = network(Some(Builtin::Tanh));
    let state = vec![clause(StateVerb::Merge { classes: 2 }, None)];
    let bounded = Theorem { least_squares: Some(1e-6), ..theorem(program, state, vec![gradient_descent(0.05, 0.0, None)]) };
    let report = executed(&Theorem { steps: 1, ..bounded.clone() });
    assert!(report.least_squares.is_some_and(|claim| claim.holds) && report.diagnostics.is_empty(), "{report:?}");
    let beyond_rounding = executed(&Theorem { steps: 1, least_squares: Some(1e-300), ..bounded });
    assert!(beyond_rounding.least_squares.is_some_and(|claim| !claim.holds), "{beyond_rounding:?}");
    assert_eq!(codes(&beyond_rounding), [Code::E0403]);
    let lazy = report.lazy.as_ref().expect("the model is small");
    // PSU, Theorem 3.2 and Eqs. 19 to 25: the mask, and the limit of descent; the condition of A squares that of J.
    assert!(lazy.gram_rank as u128 <= report.rank, "{lazy:?}");
    assert!(lazy.least_squares < 1e-6 && lazy.reduced_least_squares < 1e-6, "{lazy:?}");
    // The lazy limit: ten times the scale, a tenth of the distance.
    for pair in lazy.scaled.windows(2) {
        let ratio = pair[0].distance / pair[1].distance;
        assert!((5.0..20.0).contains(&ratio), "{lazy:?}");
    }
    // PSU, Eq. 4: quadratic across the state, and what is left is of higher order.
    assert!((lazy.order - 2.0).abs() < 0.1 && lazy.remainder_order > 2.5, "{lazy:?}");
}
