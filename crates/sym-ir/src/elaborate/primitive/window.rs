//! `window(x, taps, over: -1, stride: 1, padding: 0, dilation: 1, lowest: false)`.

use super::{finished, renumbered};
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Index, Sum};
use crate::program::{Axis, Operation, window_count};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Argument;

impl Network<'_, '_> {
    pub(super) fn window(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("window", context, span)?;
        let names = ["over", "stride", "padding", "dilation", "lowest"];
        let (positional, named) = self.split("window", arguments, &names, 2, span)?;
        let factor = self.operand(positional[0], context, "under `window`", depth)?;
        let taps = self.axis(positional[1])?;
        let axis = self.one_axis("window", &factor, named[0], span)?;
        let stride = self.count(named[1], 1, 1)?;
        let padding = self.count(named[2], 0, 0)?;
        let dilation = self.count(named[3], 1, 1)?;
        let rest = if self.switch(named[4], false)? { f64::NEG_INFINITY } else { 0.0 };
        let size = factor.axes[axis].size;
        let Some(count) = window_count(size, taps.size, stride, padding, dilation) else {
            let reach = (taps.size - 1).saturating_mul(dilation).saturating_add(1);
            self.report(
                Diagnostic::new(Code::E0203, span, format!("a window of {reach} positions does not fit into an axis of {size}"))
                    .label(format!("padding {padding} on both sides"))
                    .found(format!("{size} positions"))
                    .expected(format!("at least {}", reach.saturating_sub(padding.saturating_mul(2))))
                    .help("pad the axis, or make the window smaller"),
            );
            return None;
        };
        let symbol = if count == size { factor.axes[axis].symbol.clone() } else { count.to_string().into() };
        let positions = Axis { size: count, symbol, name: factor.axes[axis].name.clone() };
        let mut axes = factor.axes.clone();
        axes.splice(axis..=axis, [positions, taps]);
        let operation = Operation::Window { value: factor.value, axis, stride, padding, dilation, rest };
        let value = self.push(operation, axes.clone(), "window", span)?;
        let labels = (0..axes.len()).map(Index::Position).collect();
        Some(finished(renumbered(Factor { value, labels, axes })))
    }
}
