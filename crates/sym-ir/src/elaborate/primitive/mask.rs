//! `mask(x, causal, over: -1, rows: -2, before: n, after: n)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Sum};
use crate::program::Operation;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr};

impl Network<'_, '_> {
    pub(super) fn mask(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let names = ["over", "rows", "before", "after"];
        let count = arguments.iter().filter(|argument| argument.name.is_none()).count().clamp(1, 2);
        let (positional, named) = self.split("mask", arguments, &names, count, span)?;
        let factor = self.operand(positional[0], context, "under `mask`", depth)?;
        let rank = factor.axes.len();
        if rank < 2 {
            self.report(
                Diagnostic::new(Code::E0204, positional[0].span, "`mask` needs two axes: what sees, and what is seen")
                    .found(if rank == 1 { "1 axis".to_string() } else { format!("{rank} axes") })
                    .expected("at least 2 axes"),
            );
            return None;
        }
        let column = self.axis_or(&factor, named[0], rank - 1)?;
        let row = self.axis_or(&factor, named[1], rank - 2)?;
        if row == column {
            let place = named[1].or(named[0]).map_or(span, |axis| axis.span);
            self.report(
                Diagnostic::new(Code::E0204, place, "`mask` needs two different axes")
                    .found(format!("axis {row} twice"))
                    .expected("what sees in `rows`, what is seen in `over`"),
            );
            return None;
        }
        let causal = self.switch(positional.get(1).copied(), false)?;
        let before = self.limit(named[2])?;
        let after = if causal { Some(0) } else { self.limit(named[3])? };
        if before.is_none() && after.is_none() {
            return Some(finished(factor));
        }
        let operation = Operation::Mask { value: factor.value, row, column, before, after };
        let value = self.push(operation, factor.axes.clone(), "mask", span)?;
        Some(finished(Factor { value, ..factor }))
    }

    fn axis_or(&mut self, factor: &Factor, written: Option<&Expr>, default: usize) -> Option<usize> {
        written.map_or(Some(default), |axis| self.named_axis(factor, axis))
    }

    #[expect(clippy::option_option, reason = "no limit, and no value")]
    fn limit(&mut self, written: Option<&Expr>) -> Option<Option<u128>> {
        match written {
            None => Some(None),
            Some(_) => self.count(written, 0, 0).map(Some),
        }
    }
}
