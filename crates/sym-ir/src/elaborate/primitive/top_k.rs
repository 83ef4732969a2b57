//! `top_k(x, k, over: -1, lowest: false)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Sum};
use crate::program::Operation;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Argument;

impl Network<'_, '_> {
    pub(super) fn top_k(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let (positional, named) = self.split("top_k", arguments, &["over", "lowest"], 2, span)?;
        let factor = self.operand(positional[0], context, "under `top_k`", depth)?;
        let count = self.count(Some(positional[1]), 1, 1)?;
        let axis = self.one_axis("top_k", &factor, named[0], span)?;
        let size = factor.axes[axis].size;
        if count > size {
            self.report(
                Diagnostic::new(Code::E0223, positional[1].span, format!("`top_k` cannot keep {count} of {size} entries"))
                    .found(count.to_string())
                    .expected(format!("at most {size}")),
            );
            return None;
        }
        let rest = if self.switch(named[1], false)? { f64::NEG_INFINITY } else { 0.0 };
        let operation = Operation::TopK { value: factor.value, axis, count, rest };
        let value = self.push(operation, factor.axes.clone(), "top_k", span)?;
        Some(finished(Factor { value, ..factor }))
    }
}
