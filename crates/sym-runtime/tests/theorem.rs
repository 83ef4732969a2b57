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
        steps: 100,
        seed: 0,
        projected: true,
        tolerance: 1e-9,
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
    let optimizers = vec![
        gradient_descent(0.05, 0.0, None),
        gradient_descent(0.05, 0.0, Some(32)),
        gradient_descent(0.02, 0.9, Some(32)),
        Optimizer { decay: 0.01, ..gradient_descent(0.05, 0.0, None) },
        adam(0.0, DecayKind::Coupled),
        adam(0.01, DecayKind::Coupled),
        adam(0.01, DecayKind::Decoupled),
    ];
    let state = vec![clause(StateVerb::Merge { classes: 4 }, None)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, optimizers));
    assert_holds(&report, 7);
    // Four units of 3 + 1 + 2 numbers, and the bias of the head.
    assert_eq!((report.parameters, report.rank), (38, 26));
}

#[test]
fn sign_merged_and_zeroed_units_follow_too() {
    let state = vec![clause(StateVerb::MergeSigned { classes: 2 }, Some((0, 4))), clause(StateVerb::Zero, Some((5, 6)))];
    let optimizers = vec![gradient_descent(0.05, 0.0, None), adam(0.0, DecayKind::Coupled)];
    let report = executed(&theorem(network(Some(Builtin::Tanh)), state, optimizers));
    assert_holds(&report, 2);
    assert_eq!(report.rank, 3 * 6 + 2);
}

#[test]
fn dead_relu_units_stay_dead() {
    let state = vec![clause(StateVerb::Zero, Some((4, 6)))];
    let report = executed(&theorem(network(Some(Builtin::Relu)), state, vec![gradient_descent(0.05, 0.0, None)]));
    assert_holds(&report, 1);
}

#[test]
fn a_linear_layer_of_low_rank_follows_gradient_descent_and_adam_is_refused() {
    let state = vec![clause(StateVerb::LowRank { rank: 2 }, None)];
    let optimizers = vec![gradient_descent(0.05, 0.9, None), adam(0.0, DecayKind::Coupled)];
    let report = executed(&theorem(network(None), state, optimizers));
    assert_eq!(codes(&report), [Code::E0402]);
    assert_eq!(report.runs.len(), 1);
    assert!(report.runs[0].holds, "{:?}", report.runs[0]);
    assert_eq!(report.rank, 2 * (3 + 2));
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
