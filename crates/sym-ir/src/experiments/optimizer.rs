//! `optim gd(lr: 0.05)`, `sgd(lr: 0.1, momentum: 0.9)`, `adam(lr: 1e-3)`, `adamw(lr: 1e-3, decay: 1e-2)`.

use super::arguments::{Arguments, arguments, callee};
use super::reporter::Reporter;
use super::values::{flag, fraction, non_negative, positive, whole};
use crate::experiment::{DecayKind, Optimizer, Rule};
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::{Argument, Expr};

const NAMES: [&str; 4] = ["gd", "sgd", "adam", "adamw"];

/// The arguments of each.
const GD: [&str; 2] = ["lr", "decay"];
const SGD: [&str; 6] = ["lr", "temperature", "momentum", "nesterov", "decay", "batch"];
const ADAM: [&str; 5] = ["lr", "beta1", "beta2", "eps", "decay"];

/// PyTorch's default for `adamw`.
const ADAMW_DECAY: f64 = 0.01;

/// The optimiser that an expression names.
pub(super) fn elaborate(expr: &Expr, reporter: &mut Reporter) -> Option<Optimizer> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`optim`", "an optimiser such as `gd(lr: 0.05)`");
        return None;
    };
    match name.text.as_str() {
        "gd" => descent(Arguments::of(expr, "gd", &GD), false, reporter),
        "sgd" => descent(Arguments::of(expr, "sgd", &SGD), true, reporter),
        "adam" => adam(Arguments::of(expr, "adam", &ADAM), DecayKind::Coupled, 0.0, reporter),
        "adamw" => adam(Arguments::of(expr, "adamw", &ADAM), DecayKind::Decoupled, ADAMW_DECAY, reporter),
        other => {
            reporter.unknown(name.span, "optimiser", other, NAMES);
            None
        }
    }
}

/// The arguments of an optimiser; none for one that is unknown.
pub(super) fn arguments_of(name: &str) -> &'static [&'static str] {
    match name {
        "gd" => &GD,
        "sgd" => &SGD,
        "adam" | "adamw" => &ADAM,
        _ => &[],
    }
}

/// An optional argument: its default where absent, `None` where it has an error.
fn optional<T>(value: Option<&Expr>, default: T, read: impl FnOnce(&Expr) -> Option<T>) -> Option<T> {
    value.map_or(Some(default), read)
}

fn descent(mut arguments: Arguments, stochastic: bool, reporter: &mut Reporter) -> Option<Optimizer> {
    let temperature = if stochastic { arguments.named("temperature") } else { None };
    let learning_rate = match temperature {
        Some(value) => {
            if let Some(rate) = arguments.named("lr") {
                reporter.duplicate(value.span, rate.span, "the learning rate, which is `temperature` times the batch,");
            }
            positive(value, "`temperature`", reporter)
        }
        None => arguments.required("lr", "0.05", reporter).and_then(|value| positive(value, "`lr`", reporter)),
    };
    let decay = optional(arguments.named("decay"), 0.0, |value| non_negative(value, "`decay`", reporter));
    let (mut momentum, mut nesterov, mut batch) = (Some(0.0), Some(false), Some(None));
    if stochastic {
        momentum = optional(arguments.named("momentum"), 0.0, |value| fraction(value, "`momentum`", reporter));
        let flagged = arguments.named("nesterov");
        nesterov = optional(flagged, false, |value| flag(value, "`nesterov`", reporter));
        if let (Some(value), Some(true), Some(0.0)) = (flagged, nesterov, momentum) {
            reporter.push(
                Diagnostic::new(Code::E0223, value.span, "`nesterov` needs a `momentum` above 0")
                    .label("without momentum")
                    .found("`momentum` is 0")
                    .expected("`momentum` above 0")
                    .help("add `momentum: 0.9`"),
            );
            nesterov = None;
        }
        batch = optional(arguments.named("batch"), None, |value| whole(value, "`batch`", 1, reporter).map(Some));
    }
    arguments.finish(reporter);
    Some(Optimizer {
        rule: Rule::Sgd { momentum: momentum?, nesterov: nesterov? },
        learning_rate: learning_rate?,
        decay: decay?,
        decay_kind: DecayKind::Coupled,
        batch: batch?,
    })
}

fn adam(mut arguments: Arguments, decay_kind: DecayKind, decay: f64, reporter: &mut Reporter) -> Option<Optimizer> {
    let learning_rate = arguments.required("lr", "1e-3", reporter).and_then(|value| positive(value, "`lr`", reporter));
    let beta1 = optional(arguments.named("beta1"), 0.9, |value| fraction(value, "`beta1`", reporter));
    let beta2 = optional(arguments.named("beta2"), 0.999, |value| fraction(value, "`beta2`", reporter));
    let epsilon = optional(arguments.named("eps"), 1e-8, |value| non_negative(value, "`eps`", reporter));
    let decay = optional(arguments.named("decay"), decay, |value| non_negative(value, "`decay`", reporter));
    arguments.finish(reporter);
    Some(Optimizer {
        rule: Rule::Adam { beta1: beta1?, beta2: beta2?, epsilon: epsilon? },
        learning_rate: learning_rate?,
        decay: decay?,
        decay_kind,
        batch: None,
    })
}

/// The optimiser of a theorem, which has its batch among its arguments.
pub(super) fn of_theorem(expr: &Expr, reporter: &mut Reporter) -> Option<Optimizer> {
    let mut optimizer = elaborate(expr, reporter)?;
    if has_temperature(expr) {
        let Some(batch) = optimizer.batch else {
            reporter.bad_value(expr.span, "`temperature` without `batch`", "no learning rate", "with `batch: 32` beside it");
            return None;
        };
        optimizer.learning_rate *= batch as f64;
    }
    Some(optimizer)
}

/// Whether the learning rate is given as temperature T = η/S: what was read as the rate is to be multiplied by the batch S.
pub(super) fn has_temperature(expr: &Expr) -> bool {
    let named = |argument: &Argument| argument.name.as_ref().is_some_and(|name| name.text == "temperature");
    matches!(callee(expr), Some([name]) if name.text == "sgd") && arguments(expr).iter().any(named)
}

/// Whether the optimiser is written `gd`: all examples at every step.
pub(super) fn takes_all_examples(expr: &Expr) -> bool {
    matches!(callee(expr), Some([name]) if name.text == "gd")
}
