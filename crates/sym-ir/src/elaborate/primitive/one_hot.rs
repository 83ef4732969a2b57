//! `one_hot(tokens, vocabulary)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Index, Sum};
use crate::program::{Axis, Entries, Operation, ValueId};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr};

impl Network<'_, '_> {
    pub(super) fn one_hot(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("one_hot", context, span)?;
        let (positional, _) = self.split("one_hot", arguments, &[], 2, span)?;
        let classes = self.axis(positional[1])?;
        self.unit_vectors(positional[0], &classes, context, span, depth).map(finished)
    }

    /// The whole numbers that an expression gives as unit vectors along a new last axis.
    pub(super) fn unit_vectors(
        &mut self,
        numbers: &Expr,
        classes: &Axis,
        context: &mut Context,
        span: Span,
        depth: usize,
    ) -> Option<Factor> {
        let factor = self.operand(numbers, context, "under `one_hot`", depth)?;
        let Some(below) = self.whole_numbers(factor.value) else {
            let text = self.elaborator.text(numbers.span);
            self.report(
                Diagnostic::new(Code::E0211, numbers.span, format!("whole numbers are needed, and `{text}` is real"))
                    .found("real numbers")
                    .expected("an input of whole numbers")
                    .help("declare the range of the input: `input tokens[16] in 0..100`"),
            );
            return None;
        };
        if below > classes.size {
            let size = classes.size;
            self.report(
                Diagnostic::new(Code::E0203, span, format!("whole numbers below {below} do not fit into {size} classes"))
                    .label(format!("entries from 0 to {}", below - 1))
                    .found(size.to_string())
                    .expected(format!("at least {below}")),
            );
            return None;
        }
        let mut axes = factor.axes.clone();
        axes.push(classes.clone());
        let value = self.push(Operation::OneHot { value: factor.value }, axes.clone(), "one_hot", span)?;
        let labels = (0..axes.len()).map(Index::Position).collect();
        Some(Factor { value, labels, axes })
    }

    /// The end of the range of a value whose entries are those of inputs of whole numbers.
    fn whole_numbers(&self, value: ValueId) -> Option<u128> {
        let program = self.builder.program();
        match &program.node(value).operation {
            Operation::Input(id) => match program.inputs[id.0 as usize].entries {
                Entries::Integer { below } => Some(below),
                Entries::Real => None,
            },
            Operation::Slice { value, .. } | Operation::Reshape { value, .. } => self.whole_numbers(*value),
            Operation::Concat { values, .. } => {
                values.iter().map(|&part| self.whole_numbers(part)).try_fold(0, |most, below| Some(below?.max(most)))
            }
            _ => None,
        }
    }
}
