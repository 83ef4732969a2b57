//! `normalise(x, over: -1, centre: true, epsilon: 0, batch: false)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Sum};
use crate::program::Operation;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Argument;

impl Network<'_, '_> {
    pub(super) fn normalise(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let names = ["over", "centre", "epsilon", "batch"];
        let (positional, named) = self.split("normalise", arguments, &names, 1, span)?;
        let factor = self.operand(positional[0], context, "under `normalise`", depth)?;
        let batch = self.switch(named[3], false)?;
        let axes = if batch && named[0].is_none() { Vec::new() } else { self.axes("normalise", &factor, named[0], span)? };
        let centre = self.switch(named[1], true)?;
        let epsilon = self.setting_float(named[2], 0.0)?;
        if epsilon < 0.0 || !epsilon.is_finite() {
            let place = named[2].map_or(span, |epsilon| epsilon.span);
            self.report(
                Diagnostic::new(Code::E0223, place, format!("an epsilon of {epsilon}"))
                    .found(epsilon.to_string())
                    .expected("a number from 0"),
            );
            return None;
        }
        let operation = Operation::Normalise { value: factor.value, axes, batch, centre, epsilon };
        let value = self.push(operation, factor.axes.clone(), "normalise", span)?;
        Some(finished(Factor { value, ..factor }))
    }
}
