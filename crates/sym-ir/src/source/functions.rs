//! Elementwise functions: built-in ones and powers as they are, others as `fn` items.

use super::names::{is_name, is_reserved};
use super::{Expression, Writer, number};
use crate::program::ValueId;
use crate::{Builtin, Function, Scalar};

impl Writer<'_> {
    pub fn map(&mut self, value: ValueId, function: &Function) -> Expression {
        let argument = self.name(value).to_string();
        Expression::plain(match &function.body {
            Scalar::Call(builtin, inner) if **inner == Scalar::Argument => call(*builtin, &argument),
            Scalar::Power(base, exponent) if **base == Scalar::Argument && *exponent == 0.5 => format!("sqrt({argument})"),
            Scalar::Power(base, exponent) if **base == Scalar::Argument && *exponent != 1.0 => {
                format!("{argument}^({})", number(*exponent))
            }
            body => format!("{}({argument})", self.function(&function.name, body)),
        })
    }

    /// The name of the item that defines a function.
    fn function(&mut self, name: &str, body: &Scalar) -> String {
        if let Some((known, _)) = self.functions.iter().find(|(_, known)| known == body) {
            return known.clone();
        }
        let name = if is_name(name) && !is_reserved(name) { self.names.fresh(name) } else { self.names.fresh("act") };
        self.functions.push((name.clone(), body.clone()));
        name
    }
}

fn call(builtin: Builtin, argument: &str) -> String {
    match builtin {
        Builtin::LeakyRelu(slope) => format!("leaky_relu({argument}, slope: {})", number(slope)),
        other => format!("{}({argument})", other.name()),
    }
}

/// The body of a function of `x`. Every part has parentheses, so that it reads back as the same tree.
pub(super) fn scalar(body: &Scalar) -> String {
    let joined = |parts: &[Scalar], sign: &str| parts.iter().map(part).collect::<Vec<_>>().join(sign);
    match body {
        Scalar::Argument => "x".to_string(),
        Scalar::Number(value) => number(*value),
        Scalar::Add(parts) => joined(parts, " + "),
        Scalar::Multiply(parts) => joined(parts, " * "),
        Scalar::Power(base, exponent) => format!("{}^({})", part(base), number(*exponent)),
        Scalar::Call(builtin, argument) => call(*builtin, &scalar(argument)),
    }
}

fn part(body: &Scalar) -> String {
    match body {
        Scalar::Argument | Scalar::Call(..) => scalar(body),
        Scalar::Number(value) if *value >= 0.0 => scalar(body),
        _ => format!("({})", scalar(body)),
    }
}
