//! `init kaiming, scaled(0.1)`, `init merged(fc*, jitter: 1e-6)`, `init from("file")`: ways to initialise, with the parameters that each selects.

use super::arguments::{Arguments, callee};
use super::reporter::Reporter;
use super::values::{non_negative, number, positive, string};
use crate::experiment::{Init, InitKind};
use crate::{Program, selector};
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::Expr;

const NAMES: [&str; 10] =
    ["default", "kaiming", "kaiming_uniform", "xavier", "normal", "uniform", "constant", "scaled", "merged", "from"];

/// One step of initialisation of a model. Positional arguments are selectors (`kaiming(fc*)`), after the number of `constant` and
/// `scaled` and the path of `from`.
pub(super) fn elaborate(expr: &Expr, program: Option<&Program>, reporter: &mut Reporter) -> Option<Init> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`init`", "a way to initialise, such as `kaiming`");
        return None;
    };
    let known: &'static [&'static str] = match name.text.as_str() {
        "normal" => &["std"],
        "uniform" => &["bound"],
        "constant" => &["value"],
        "scaled" => &["factor"],
        "merged" => &["jitter"],
        "from" => &["path"],
        "default" | "kaiming" | "kaiming_uniform" | "xavier" => &[],
        other => {
            reporter.unknown(name.span, "way to initialise", other, NAMES);
            return None;
        }
    };
    let mut arguments = Arguments::of(expr, &name.text, known);
    let targets = arguments.selectors();
    let kind = match name.text.as_str() {
        "kaiming" => Some(InitKind::Kaiming),
        "kaiming_uniform" => Some(InitKind::KaimingUniform),
        "xavier" => Some(InitKind::Xavier),
        "normal" => arguments
            .required("std", "0.02", reporter)
            .and_then(|value| non_negative(value, "`std`", reporter))
            .map(|std| InitKind::Normal { std }),
        "uniform" => arguments
            .required("bound", "0.1", reporter)
            .and_then(|value| positive(value, "`bound`", reporter))
            .map(|bound| InitKind::Uniform { bound }),
        "constant" => arguments
            .required("value", "0", reporter)
            .and_then(|value| number(value, "`value`", reporter))
            .map(|value| InitKind::Constant { value }),
        "scaled" => arguments
            .required("factor", "0.1", reporter)
            .and_then(|value| number(value, "`factor`", reporter))
            .map(|factor| InitKind::Scaled { factor }),
        "merged" => match arguments.named("jitter") {
            Some(value) => non_negative(value, "`jitter`", reporter).map(|jitter| InitKind::Merged { jitter }),
            None => Some(InitKind::Merged { jitter: 0.0 }),
        },
        "from" => arguments
            .required("path", "\"weights.safetensors\"", reporter)
            .and_then(|value| string(value, "`path`", reporter))
            .map(|path| InitKind::File { path }),
        _ => Some(InitKind::Default),
    };
    arguments.finish(reporter);
    let mut selected = true;
    for (target, span) in &targets {
        if let Some(program) = program
            && selector::prefixes(target, program).is_empty()
        {
            reporter.push(unmatched(target, *span, program));
            selected = false;
        }
    }
    let targets = targets.into_iter().map(|(target, _)| target).collect();
    kind.filter(|_| selected).map(|kind| Init { kind, targets, span: expr.span })
}

/// E0221: a selector that selects no parameter of the model.
pub(super) fn unmatched(target: &str, span: sym_diagnostics::Span, program: &Program) -> Diagnostic {
    Diagnostic::new(Code::E0221, span, format!("`{target}` matches no parameter of `{}`", program.name))
        .label("matches nothing")
        .found(format!("`{target}`"))
        .expected(format!("a layer or parameter of `{}`", program.name))
        .suggest(target, selector::candidates(program))
}
