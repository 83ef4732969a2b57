//! What there is to say about a theorem that was not run or did not hold.

use super::{Features, Lazy, Run};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::{DecayKind, Optimizer, Rule, StateVerb, Theorem};

/// Adam on a rotation: it treats coordinates one by one.
pub(super) fn without_reduced_dynamics(theorem: &Theorem, optimizer: Optimizer) -> Option<Diagnostic> {
    let Rule::Adam { .. } = optimizer.rule else { return None };
    let clause = theorem.state.iter().find(|clause| matches!(clause.verb, StateVerb::LowRank { .. }))?;
    let message = format!("`{}` has no reduced dynamics on the low-rank state of `{}`", name(optimizer), clause.target);
    Some(
        Diagnostic::new(Code::E0402, clause.span, message)
            .label("the fixed set of a reflection in a group of rotations")
            .found("adam, which scales each coordinate by itself and so depends on the basis")
            .expected("gd or sgd, with or without momentum")
            .help("list `adam` in a theorem of its own, with `merge`, `merge_signed` or `zero`"),
    )
}

/// A divergence beyond the tolerance, with the cause that curvature and the comparison of two orders point to.
pub(super) fn refuted(theorem: &Theorem, run: &Run) -> Diagnostic {
    let message = format!(
        "under `{}` the full and the reduced model of `{}` diverge by {:.1e} in {} steps",
        run.optimizer, theorem.name, run.divergence, run.steps
    );
    let diagnostic = Diagnostic::new(Code::E0403, theorem.span, message)
        .found(format!("{:.1e}", run.divergence))
        .expected(format!("below {:.1e}", theorem.tolerance));
    let beyond = run.edge.filter(|&edge| edge >= 1.0);
    if !run.last_loss.is_finite() || beyond.is_some() {
        let edge = beyond.map_or_else(String::new, |edge| format!(" ({edge:.2} times the largest stable one)"));
        return diagnostic.help(format!("lower the learning rate: it is beyond the edge of stability{edge}"));
    }
    let rounding = match run.orders {
        Some(orders) if orders > theorem.tolerance => {
            format!("; the full model alone, its examples summed in another order, diverges by {orders:.1e} too")
        }
        _ => String::new(),
    };
    let amplified = |growth: Option<f64>| growth.filter(|growth| growth * f64::EPSILON > theorem.tolerance);
    let advice = match (theorem.reproject, amplified(run.growth), amplified(run.growth_within)) {
        (None, Some(growth), _) => format!(
            "add `reproject {}`, or take fewer steps: curvature across the state amplifies rounding by {growth:.1e} in this run, whatever the \
             learning rate",
            (theorem.steps / 10).max(1)
        ),
        (Some(every), Some(growth), _) => format!(
            "project more often: in {every} steps curvature across the state amplifies rounding by {growth:.1e}, whatever the learning rate"
        ),
        (_, None, Some(growth)) => format!(
            "take fewer steps: curvature within the state amplifies rounding by {growth:.1e} in this run, which no projection removes"
        ),
        (_, None, None) => "take fewer steps or a lower learning rate, so that rounding has less time to grow".to_string(),
    };
    diagnostic.help(advice + &rounding)
}

/// Features of the tangent kernel that the state does not mask, or that are not those of the reduced model.
pub(super) fn unmasked(theorem: &Theorem, features: &Features) -> Diagnostic {
    let message = format!("the tangent features of `{}` at its initial weights are not those of the reduced model", theorem.name);
    Diagnostic::new(Code::E0403, theorem.span, message)
        .found(format!("{:.1e} outside the state, kernels {:.1e} apart", features.outside, features.kernel))
        .expected(format!("both below {:.1e}", theorem.tolerance))
        .help("this contradicts the claimed symmetry: prove it with `symc check --verify`")
}

/// E0403 where the kernel has more directions than the state.
pub(super) fn beyond_the_mask(theorem: &Theorem, rank: u128, found: &Lazy) -> Option<Diagnostic> {
    (found.gram_rank as u128 > rank).then(|| {
        let message = format!("the tangent kernel of `{}` has more directions than its state", theorem.name);
        Diagnostic::new(Code::E0403, theorem.span, message)
            .found(format!("a Gram matrix of rank {}", found.gram_rank))
            .expected(format!("at most rank(P_G) = {rank}"))
            .help("this contradicts the claimed symmetry: prove it with `symc check --verify`")
    })
}

/// E0403 where gradient descent on the linearised model does not end at its least squares, or is not looked at.
pub(super) fn beside_least_squares(theorem: &Theorem, found: Option<f64>, bound: f64) -> Diagnostic {
    let message = format!("gradient descent on the linearised `{}` is not seen to end at A⁺b", theorem.name);
    let said = Diagnostic::new(Code::E0403, theorem.span, message).expected(format!("a relative distance below {bound:.1e}"));
    match found {
        Some(distance) => said
            .found(format!("{distance:.1e}"))
            .help("it ends there up to rounding times the condition of A: ask for less, or for a state with fewer parameters"),
        None => said
            .found("a model that is not linearised: it has more than 400 parameters, masks, several outputs, one of more than 96 entries, or statistics of the batch")
            .help("remove `expect least_squares`, or state it for a smaller model"),
    }
}

/// The optimiser as the language writes it.
pub(super) fn name(optimizer: Optimizer) -> String {
    let mut settings = vec![format!("lr: {}", optimizer.learning_rate)];
    let word = match optimizer.rule {
        Rule::Sgd { momentum, nesterov } => {
            if momentum != 0.0 {
                settings.push(format!("momentum: {momentum}"));
            }
            if nesterov {
                settings.push("nesterov: true".to_string());
            }
            if momentum == 0.0 && optimizer.batch.is_none() { "gd" } else { "sgd" }
        }
        Rule::Adam { .. } if optimizer.decay_kind == DecayKind::Decoupled && optimizer.decay != 0.0 => "adamw",
        Rule::Adam { .. } => "adam",
    };
    if optimizer.decay != 0.0 {
        settings.push(format!("decay: {}", optimizer.decay));
    }
    if let Some(batch) = optimizer.batch {
        settings.push(format!("batch: {batch}"));
    }
    format!("{word}({})", settings.join(", "))
}
