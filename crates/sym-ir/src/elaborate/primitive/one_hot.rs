//! `one_hot(tokens, vocabulary)`.

use super::finished;
use crate::elaborate::network::Network;
use crate::elaborate::product::{Context, Factor, Index, Sum};
use crate::program::{Entries, Operation, ValueId};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Argument;

impl Network<'_, '_> {
    pub(super) fn one_hot(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("one_hot", context, span)?;
        let (positional, _) = self.split("one_hot", arguments, &[], 2, span)?;
        let factor = self.operand(positional[0], context, "under `one_hot`", depth)?;
        let classes = self.axis(positional[1])?;
        let Some(below) = self.whole_numbers(factor.value) else {
            let text = self.elaborator.text(positional[0].span);
            self.report(
                Diagnostic::new(Code::E0211, positional[0].span, format!("`one_hot` needs whole numbers, and `{text}` is real"))
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
        axes.push(classes);
        let value = self.push(Operation::OneHot { value: factor.value }, axes.clone(), "one_hot", span)?;
        let labels = (0..axes.len()).map(Index::Position).collect();
        Some(finished(Factor { value, labels, axes }))
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
