//! Partitions of unity: values whose entries along an axis sum to a constant.

use super::Paths;
use crate::spaces::{repeats, unsplit_axes};
use sym_ir::{Operation, ValueId};

/// Operations between a softmax and its reader that are looked through.
const DEPTH: usize = 6;

impl Paths<'_> {
    /// The sum of a value's entries along an axis, where it is the same for all inputs, weights and other positions.
    pub fn constant_sum(&self, value: ValueId, axis: usize) -> Option<f64> {
        self.sum_within(value, axis, DEPTH)
    }

    fn sum_within(&self, value: ValueId, axis: usize, depth: usize) -> Option<f64> {
        let depth = depth.checked_sub(1)?;
        match &self.program.node(value).operation {
            Operation::Softmax { axis: normal, .. } if *normal == axis => Some(1.0),
            Operation::OneHot { .. } if axis + 1 == self.program.node(value).shape.len() => Some(1.0),
            Operation::Einsum { operands, output, coefficient } => {
                let [operand] = operands.as_slice() else { return None };
                let inner = operand.labels.iter().position(|label| *label == output[axis])?;
                let kept = operand.labels.iter().all(|label| output.contains(label)) && !repeats(&operand.labels);
                kept.then(|| self.sum_within(operand.value, inner, depth)).flatten().map(|sum| coefficient * sum)
            }
            Operation::Add { terms, constant } if *constant == 0.0 => terms.iter().try_fold(0.0, |total, term| {
                let inner = term.axes.iter().position(|target| *target == axis)?;
                Some(total + term.coefficient * self.sum_within(term.value, inner, depth)?)
            }),
            Operation::Map { value: inner, .. } => Some(self.slope(value)? * self.sum_within(*inner, axis, depth)?),
            Operation::Reshape { value, from, to, .. } => {
                let pair = unsplit_axes(from, to).into_iter().find(|pair| pair.1 == axis)?;
                self.sum_within(*value, pair.0, depth)
            }
            Operation::Slice { value, axis: cut, .. } if *cut != axis => self.sum_within(*value, axis, depth),
            _ => None,
        }
    }
}
