//! `zeros([width])`: where a state begins.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Index, Sum};
use crate::program::{Axis, Label, Operation, ValueId};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, ExprKind};

impl Network<'_, '_> {
    pub(super) fn zeros(&mut self, arguments: &[Argument], context: &Context, span: Span) -> Option<Sum> {
        self.require_unindexed("zeros", context, span)?;
        let (positional, _) = self.split("zeros", arguments, &[], 1, span)?;
        let ExprKind::List(sizes) = &positional[0].kind else {
            let text = self.elaborator.text(positional[0].span);
            self.report(
                Diagnostic::new(Code::E0211, positional[0].span, format!("`zeros` needs sizes, and `{text}` are none"))
                    .found(text.clone())
                    .expected("sizes in brackets, such as `[width]`")
                    .help(format!("write `zeros([{text}])`")),
            );
            return None;
        };
        let axes: Vec<Axis> = sizes.iter().map(|size| self.axis(size)).collect::<Option<_>>()?;
        let value = self.zero(axes.clone(), span)?;
        let labels = (0..axes.len()).map(Index::Position).collect();
        Some(finished(Factor { value, labels, axes }))
    }

    /// A tensor of zeros.
    pub(in crate::elaborate) fn zero(&mut self, axes: Vec<Axis>, span: Span) -> Option<ValueId> {
        let output = (0..axes.len() as u32).map(Label).collect();
        self.push(Operation::Einsum { operands: Vec::new(), output, coefficient: 0.0 }, axes, "zeros", span)
    }

    /// Whether all entries of a value are 0 whatever the weights are. Products with such a value are dropped.
    pub(in crate::elaborate) fn is_zero(&self, value: ValueId) -> bool {
        matches!(&self.builder.program().node(value).operation, Operation::Einsum { operands, coefficient: 0.0, .. } if operands.is_empty())
    }
}
