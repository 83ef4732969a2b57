//! `rotary(x, over: -1, positions: 0, base: 10000, halves: false)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Sum};
use crate::program::{Operation, Pairs};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Argument;

/// The base of the frequencies where none is given (Su et al. 2021).
const BASE: f64 = 10_000.0;

impl Network<'_, '_> {
    pub(super) fn rotary(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let names = ["over", "positions", "base", "halves"];
        let (positional, named) = self.split("rotary", arguments, &names, 1, span)?;
        let factor = self.operand(positional[0], context, "under `rotary`", depth)?;
        let axis = self.one_axis("rotary", &factor, named[0], span)?;
        let Some(positions) = named[1] else {
            self.report(
                Diagnostic::new(Code::E0210, span, "`rotary` needs the axis of positions")
                    .found("no `positions`")
                    .expected("`positions: i`, the axis along which the angles grow"),
            );
            return None;
        };
        let position = self.named_axis(&factor, positions)?;
        let size = factor.axes[axis].size;
        if position == axis || size % 2 != 0 {
            let (message, expected) = if position == axis {
                ("`rotary` turns pairs of one axis along another".to_string(), "two different axes")
            } else {
                (format!("`rotary` turns pairs, and {size} entries make no whole number of them"), "an even size")
            };
            let found = if position == axis { format!("axis {axis} twice") } else { size.to_string() };
            self.report(Diagnostic::new(Code::E0203, span, message).found(found).expected(expected));
            return None;
        }
        let base = self.setting_float(named[2], BASE)?;
        if base <= 0.0 || !base.is_finite() {
            let place = named[2].map_or(span, |base| base.span);
            self.report(
                Diagnostic::new(Code::E0223, place, format!("a base of {base}"))
                    .found(base.to_string())
                    .expected("a number above 0"),
            );
            return None;
        }
        let pairs = if self.switch(named[3], false)? { Pairs::Halves } else { Pairs::Interleaved };
        let operation = Operation::Rotary { value: factor.value, position, axis, base, pairs };
        let value = self.push(operation, factor.axes.clone(), "rotary", span)?;
        Some(finished(Factor { value, ..factor }))
    }
}
