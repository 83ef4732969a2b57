//! `statistics running(momentum: 0.1)`, `statistics batch`.

use super::arguments::{Arguments, callee};
use super::reporter::Reporter;
use super::values::share;
use crate::Program;
use crate::experiment::Statistics;
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::Expr;

/// The statistics that an expression names.
pub(super) fn elaborate(expr: &Expr, reporter: &mut Reporter) -> Option<Statistics> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`statistics`", "`running` or `batch`");
        return None;
    };
    let known: &[&str] = match name.text.as_str() {
        "running" => &["momentum"],
        "batch" => &[],
        other => {
            reporter.unknown(name.span, "kind of statistics", other, ["running", "batch"]);
            return None;
        }
    };
    let mut arguments = Arguments::of(expr, &name.text, known);
    let found = if name.text == "batch" {
        Some(Statistics::Batch)
    } else {
        let momentum = arguments.named("momentum").map(|value| share(value, "`momentum`", reporter));
        momentum.map_or(Some(Statistics::default()), |value| value.map(|momentum| Statistics::Running { momentum }))
    };
    arguments.finish(reporter);
    found
}

/// Only norms over the batch have statistics.
pub(super) fn check(expr: &Expr, program: &Program, reporter: &mut Reporter) {
    if program.batch_norms().is_empty() {
        reporter.push(
            Diagnostic::new(
                Code::E0223,
                expr.span,
                format!("`statistics` has no meaning for `{}`, which has no norm over the batch", program.name),
            )
            .label("of which norm?")
            .expected("a model with `batch_norm1d`, `batch_norm2d` or `normalise(…, batch: true)`")
            .help("remove `statistics`"),
        );
    }
}
