//! Values of fields and arguments: numbers, counts, flags, words, texts.

use super::reporter::Reporter;
use sym_syntax::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};

/// The value of an expression of numbers alone, if it is one.
pub(crate) fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(number) => Some(number.float),
        ExprKind::Unary { operator: UnaryOperator::Negate, operand } => Some(-constant(operand)?),
        ExprKind::Binary { operator, left, right } => arithmetic(*operator, constant(left)?, constant(right)?),
        _ => None,
    }
}

/// The value of an expression of whole numbers alone, if it is one: exact.
pub(crate) fn integer(expr: &Expr) -> Option<u128> {
    let ExprKind::Binary { operator, left, right } = &expr.kind else {
        let ExprKind::Number(literal) = &expr.kind else { return None };
        return literal.integer;
    };
    let (left, right) = (integer(left)?, integer(right)?);
    match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::Divide => left.checked_div(right).filter(|quotient| quotient * right == left),
        BinaryOperator::Power => left.checked_pow(u32::try_from(right).ok()?),
        BinaryOperator::And | BinaryOperator::Or => None,
    }
}

/// Arithmetic on numbers; `None` for logical operators.
pub(super) fn arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Option<f64> {
    match operator {
        BinaryOperator::Add => Some(left + right),
        BinaryOperator::Subtract => Some(left - right),
        BinaryOperator::Multiply => Some(left * right),
        BinaryOperator::Divide => Some(left / right),
        BinaryOperator::Power => Some(libm::pow(left, right)),
        BinaryOperator::And | BinaryOperator::Or => None,
    }
}

/// A finite number.
pub(super) fn number(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<f64> {
    bounded(expr, what, "a finite number", |_| true, reporter)
}

/// A number above 0.
pub(super) fn positive(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<f64> {
    bounded(expr, what, "above 0", |value| value > 0.0, reporter)
}

/// A number of at least 0.
pub(super) fn non_negative(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<f64> {
    bounded(expr, what, "at least 0", |value| value >= 0.0, reporter)
}

/// A number of at least 0 and below 1.
pub(super) fn fraction(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<f64> {
    bounded(expr, what, "at least 0 and below 1", |value| (0.0..1.0).contains(&value), reporter)
}

/// A number above 0 and at most 1.
pub(super) fn share(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<f64> {
    bounded(expr, what, "above 0 and at most 1", |value| value > 0.0 && value <= 1.0, reporter)
}

fn bounded(expr: &Expr, what: &str, range: &str, allowed: impl Fn(f64) -> bool, reporter: &mut Reporter) -> Option<f64> {
    let Some(value) = constant(expr) else {
        reporter.wrong_type(expr, what, "a number");
        return None;
    };
    if value.is_finite() && allowed(value) {
        return Some(value);
    }
    let found = reporter.text(expr.span);
    reporter.bad_value(expr.span, what, &found, range);
    None
}

/// A whole number of at least `minimum`.
pub(super) fn whole(expr: &Expr, what: &str, minimum: u64, reporter: &mut Reporter) -> Option<u64> {
    let size = size(expr, what, u128::from(minimum), reporter)?;
    let Ok(value) = u64::try_from(size) else {
        let found = reporter.text(expr.span);
        reporter.bad_value(expr.span, what, &found, "below 2^64");
        return None;
    };
    Some(value)
}

/// A whole number that may be absent: `None` where what is written is none, `Some(None)` where nothing is.
#[expect(clippy::option_option, reason = "absent and wrong are different things, as for every argument with a default")]
pub(super) fn optional(expr: Option<&Expr>, what: &str, minimum: u64, reporter: &mut Reporter) -> Option<Option<u64>> {
    expr.map_or(Some(None), |value| whole(value, what, minimum, reporter).map(Some))
}

/// A whole number of at least `minimum`, as large as sizes may be.
pub(super) fn size(expr: &Expr, what: &str, minimum: u128, reporter: &mut Reporter) -> Option<u128> {
    let Some(float) = constant(expr) else {
        reporter.wrong_type(expr, what, "a whole number");
        return None;
    };
    match integer(expr).or_else(|| exact(float)) {
        Some(value) if value >= minimum => Some(value),
        value => {
            let found = reporter.text(expr.span);
            let range = match value {
                None if float >= MAX_SIZE => "below 2^128".to_string(),
                None if float >= MAX_EXACT => "an exact number: of whole numbers alone, or below 2^53".to_string(),
                _ => format!("a whole number of at least {minimum}"),
            };
            reporter.bad_value(expr.span, what, &found, &range);
            None
        }
    }
}

/// 2^128: sizes are below.
const MAX_SIZE: f64 = 2.0 * (1_u128 << 127) as f64;

/// 2^53: below it floats hold each whole number.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A float as a whole number, where it is one and exact.
fn exact(value: f64) -> Option<u128> {
    (value.fract() == 0.0 && (0.0..MAX_EXACT).contains(&value)).then_some(value as u128)
}

/// `true` or `false`.
pub(super) fn flag(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<bool> {
    if let ExprKind::Bool(value) = expr.kind {
        return Some(value);
    }
    reporter.wrong_type(expr, what, "`true` or `false`");
    None
}

/// A string without holes.
pub(super) fn string(expr: &Expr, what: &str, reporter: &mut Reporter) -> Option<String> {
    if let ExprKind::String(literal) = &expr.kind
        && let Some(text) = literal.plain()
    {
        return Some(text);
    }
    reporter.wrong_type(expr, what, "a string without `{…}`");
    None
}

/// A bare name.
pub(super) fn name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Path(parts) => match parts.as_slice() {
            [one] => Some(&one.text),
            _ => None,
        },
        _ => None,
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(expr: &Expr, kind: &str, words: &[(&str, T)], reporter: &mut Reporter) -> Option<T> {
    let Some(found) = name(expr) else {
        let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        reporter.wrong_type(expr, kind, &list);
        return None;
    };
    let value = words.iter().find(|(word, _)| *word == found).map(|(_, value)| *value);
    if value.is_none() {
        reporter.unknown(expr.span, kind, found, words.iter().map(|(word, _)| *word));
    }
    value
}

/// The text of a selector: a path or a glob.
pub(super) fn selector(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Path(parts) => Some(parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")),
        ExprKind::Glob(text) => Some(text.clone()),
        _ => None,
    }
}
