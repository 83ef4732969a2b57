//! `stop below(loss, 1e-3), stalled(lowest(test_loss), measurements: 10)` and `keep last(3), highest(test_accuracy)`.

use super::arguments::{Arguments, callee};
use super::probe;
use super::reporter::Reporter;
use super::statistic::one_number;
use super::values::{number, whole};
use crate::experiment::{Best, Keep, Measured, Probe, Stop};
use sym_syntax::ast::Expr;

/// What ends a run early.
pub(super) fn stop(expr: &Expr, run: &Measured, reporter: &mut Reporter) -> Option<Stop> {
    const WORDS: [&str; 3] = ["below", "above", "stalled"];
    let word = rule(expr, "`stop`", "a rule such as `below(loss, 1e-3)`", &WORDS, reporter)?;
    if word == "stalled" {
        let mut arguments = Arguments::of(expr, word, &["best", "measurements"]);
        let quantity = arguments.required("best", "lowest(test_loss)", reporter);
        let count = arguments.required("measurements", "10", reporter);
        arguments.finish(reporter);
        let best = quantity.and_then(|quantity| best(quantity, run, reporter));
        let measurements = count.and_then(|count| whole(count, "`measurements`", 1, reporter));
        return Some(Stop::Stalled { best: best?, measurements: measurements? });
    }
    let mut arguments = Arguments::of(expr, word, &["of", "value"]);
    let quantity = arguments.required("of", "loss", reporter);
    let value = arguments.required("value", "1e-3", reporter);
    arguments.finish(reporter);
    let probe = quantity.and_then(|quantity| measured(quantity, run, reporter));
    let value = value.and_then(|value| number(value, &format!("the number of `{word}`"), reporter));
    let (probe, value) = (probe?, value?);
    Some(if word == "below" { Stop::Below { probe, value } } else { Stop::Above { probe, value } })
}

/// Weights that stay.
pub(super) fn keep(expr: &Expr, run: &Measured, reporter: &mut Reporter) -> Option<Keep> {
    const WORDS: [&str; 3] = ["last", "lowest", "highest"];
    let word = rule(expr, "`keep`", "a rule such as `last(3)` or `lowest(test_loss)`", &WORDS, reporter)?;
    if word != "last" {
        return best(expr, run, reporter).map(Keep::Best);
    }
    let mut arguments = Arguments::of(expr, word, &["checkpoints"]);
    let count = arguments.required("checkpoints", "3", reporter);
    arguments.finish(reporter);
    count.and_then(|count| whole(count, "the number of checkpoints", 1, reporter)).map(Keep::Last)
}

/// `lowest(test_loss)`, `highest(test_accuracy)`.
fn best(expr: &Expr, run: &Measured, reporter: &mut Reporter) -> Option<Best> {
    let word = rule(expr, "the best value", "`lowest(…)` or `highest(…)`", &["lowest", "highest"], reporter)?;
    let mut arguments = Arguments::of(expr, word, &["of"]);
    let quantity = arguments.required("of", "test_loss", reporter);
    arguments.finish(reporter);
    let probe = measured(quantity?, run, reporter)?;
    Some(Best { probe, highest: word == "highest" })
}

/// A quantity of one number that the run measures.
fn measured(expr: &Expr, run: &Measured, reporter: &mut Reporter) -> Option<Probe> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "the quantity", "one that the run measures, such as `loss`");
        return None;
    };
    let probes = probe::referred(expr, name, run, reporter)?;
    one_number(expr, &probes, "", reporter)
}

/// The word of a rule among those that are known.
fn rule(
    expr: &Expr,
    what: &str,
    expected: &str,
    known: &'static [&'static str],
    reporter: &mut Reporter,
) -> Option<&'static str> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, what, expected);
        return None;
    };
    let found = known.iter().copied().find(|word| *word == name.text);
    if found.is_none() {
        reporter.unknown(name.span, "rule", &name.text, known.iter().copied());
    }
    found
}
