//! `schedule cosine(to: 0.1, warmup: 500)`, `linear(to: 0)`, `step(every: 1_000, by: 0.1)`, `constant(warmup: 500)`.

use super::arguments::{Arguments, callee};
use super::reporter::Reporter;
use super::values::{non_negative, optional, positive, whole};
use crate::experiment::{Course, Schedule};
use sym_syntax::ast::Expr;

const NAMES: [&str; 4] = ["constant", "cosine", "linear", "step"];

/// The schedule that an expression names.
pub(super) fn elaborate(expr: &Expr, reporter: &mut Reporter) -> Option<Schedule> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`schedule`", "a schedule such as `cosine(to: 0)`");
        return None;
    };
    let known: &[&str] = match name.text.as_str() {
        "constant" => &["warmup"],
        "cosine" | "linear" => &["to", "warmup"],
        "step" => &["every", "by", "warmup"],
        other => {
            reporter.unknown(name.span, "schedule", other, NAMES);
            return None;
        }
    };
    let mut arguments = Arguments::of(expr, &name.text, known);
    let warmup = optional(arguments.named("warmup"), "`warmup`", 1, reporter);
    let mut to = || arguments.named("to").map_or(Some(0.0), |value| non_negative(value, "`to`", reporter));
    let course = match name.text.as_str() {
        "cosine" => to().map(|to| Course::Cosine { to }),
        "linear" => to().map(|to| Course::Linear { to }),
        "step" => {
            let every = arguments.required("every", "1_000", reporter);
            let every = every.and_then(|value| whole(value, "`every`", 1, reporter));
            let by = arguments.named("by").map_or(Some(0.1), |value| positive(value, "`by`", reporter));
            every.zip(by).map(|(every, by)| Course::Step { every, by })
        }
        _ => Some(Course::Constant),
    };
    arguments.finish(reporter);
    Some(Schedule { warmup: warmup?.unwrap_or(0), course: course? })
}
