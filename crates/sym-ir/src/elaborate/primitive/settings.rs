//! Settings of primitives: switches, counts and numbers with defaults.

use crate::elaborate::network::Network;
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::Expr;

impl Network<'_, '_> {
    /// True or false.
    pub(super) fn switch(&mut self, written: Option<&Expr>, default: bool) -> Option<bool> {
        let Some(expr) = written else { return Some(default) };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        self.elaborator.truth(expr, scope)
    }

    /// A number.
    pub(super) fn setting_float(&mut self, written: Option<&Expr>, default: f64) -> Option<f64> {
        let Some(expr) = written else { return Some(default) };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        self.elaborator.float(expr, scope)
    }

    /// A whole number from `least` and below 2⁶³; E0223 otherwise.
    pub(super) fn count(&mut self, written: Option<&Expr>, default: u128, least: u128) -> Option<u128> {
        let Some(expr) = written else { return Some(default) };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let value = self.elaborator.whole(expr, scope)?;
        let fitting = u128::try_from(value).ok().filter(|count| *count >= least && *count <= i64::MAX as u128);
        if fitting.is_none() {
            let text = self.elaborator.text(expr.span);
            self.report(
                Diagnostic::new(Code::E0223, expr.span, format!("`{text}` is {value} here"))
                    .found(value.to_string())
                    .expected(format!("a whole number from {least} and below 2^63")),
            );
        }
        fitting
    }
}
