//! Distributions of inputs.

use crate::experiment::Distribution;
use crate::experiments::arguments::{Arguments, callee};
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{non_negative, number};
use sym_syntax::ast::Expr;

/// `normal(0, 1.5)`, `uniform(-1, 1)`, `sin(normal(0, 1.5))`.
pub(super) fn distribution(expr: &Expr, reporter: &mut Reporter) -> Option<Distribution> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`x`", "a distribution such as `normal(0, 1)`");
        return None;
    };
    match name.text.as_str() {
        "normal" => {
            let mut arguments = Arguments::of(expr, "normal", &["mean", "std"]);
            let mean = arguments.required("mean", "0", reporter).and_then(|value| number(value, "`mean`", reporter));
            let std = arguments.required("std", "1", reporter).and_then(|value| non_negative(value, "`std`", reporter));
            arguments.finish(reporter);
            Some(Distribution::Normal { mean: mean?, std: std? })
        }
        "uniform" => {
            let mut arguments = Arguments::of(expr, "uniform", &["low", "high"]);
            let low = arguments.required("low", "-1", reporter).and_then(|value| number(value, "`low`", reporter));
            let high = arguments.required("high", "1", reporter);
            let bound = high.and_then(|value| number(value, "`high`", reporter));
            arguments.finish(reporter);
            let (low, bound) = (low?, bound?);
            if low >= bound {
                reporter.bad_value(high?.span, "`high`", &bound.to_string(), &format!("above `low`, {low}"));
                return None;
            }
            Some(Distribution::Uniform { low, high: bound })
        }
        "sin" => {
            let mut arguments = Arguments::of(expr, "sin", &["of"]);
            let inner = arguments.required("of", "normal(0, 1)", reporter).and_then(|value| distribution(value, reporter));
            arguments.finish(reporter);
            Some(Distribution::Sine(Box::new(inner?)))
        }
        other => {
            reporter.unknown(name.span, "distribution", other, ["normal", "uniform", "sin"]);
            None
        }
    }
}
