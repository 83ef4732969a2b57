//! Derivatives of softmax and of norms over rows, which a program states as products and sums, as one step.

use super::normalise::rows;
use super::{Planner, Value};
use crate::rows::{RowRule, RowsBackward};
use sym_ir::{Adjoint, Label, Operand, Operation, Term, ValueId};
use sym_kernels::slice::Real;

/// The gradient `moved` of the result y goes to the argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fused {
    y: ValueId,
    moved: ValueId,
    rule: Rule,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    Softmax { axis: usize },
    Normalise { inverses: ValueId, centre: bool },
}

impl<T: Real> Planner<'_, T> {
    /// What one step can do, by the value that is its result, with the values that are then part of it.
    pub(super) fn fused_at(&self, at: ValueId) -> Option<(Fused, Vec<ValueId>)> {
        self.softmax_back(at).or_else(|| self.normalise_back(at))
    }

    /// y ⊙ (g − ∑ y g).
    fn softmax_back(&self, at: ValueId) -> Option<(Fused, Vec<ValueId>)> {
        let (one, other) = self.pair_of(at, 1.0)?;
        let [(y, away), (away_first, y_last)] = [(one, other), (other, one)];
        let found = |y: ValueId, away: ValueId| {
            let (moved, [Term { value: mean, axes, .. }]) = self.differences(away)? else { return None };
            let mean = *mean;
            let rank = self.program.node(y).shape.len();
            let axis = (0..rank).find(|axis| !axes.contains(axis))?;
            let is_mean = axes.len() + 1 == rank && self.is_sum_of(mean, &[y, moved], axes, 1.0);
            let fused = Fused { y, moved, rule: Rule::Softmax { axis } };
            (is_mean && self.is_like(y, moved)).then(|| (fused, vec![away, mean]))
        };
        found(y, away).or_else(|| found(y_last, away_first))
    }

    /// r (g − ⟨g⟩ − y ⟨y g⟩) over the last axes.
    fn normalise_back(&self, at: ValueId) -> Option<(Fused, Vec<ValueId>)> {
        let program = self.program;
        let Operation::Einsum { operands, output, coefficient: 1.0 } = &program.node(at).operation else { return None };
        let [inverses, away] = &operands[..] else { return None };
        let Operation::Adjoint(Adjoint::InverseDeviation { value, axes, batch, centre, epsilon }) =
            &program.node(inverses.value).operation
        else {
            return None;
        };
        let rank = program.node(*value).shape.len();
        let kept: Vec<usize> = (0..rank - axes.len()).collect();
        let dims = self.dims(*value);
        let own: Vec<usize> = axes.iter().map(|axis| axis + self.lead(*value)).collect();
        if *batch && self.is_batched(*value) || rows(&dims, &own).is_none() || away.labels != *output || self.dims(at) != dims {
            return None;
        }
        if !inverses.labels.iter().eq(kept.iter().map(|&axis| &output[axis])) {
            return None;
        }
        let share = 1.0 / axes.iter().map(|&axis| program.node(*value).shape[axis].size as f64).product::<f64>();
        let (moved, rest) = self.differences(away.value)?;
        let mut inside = vec![away.value];
        let all: Vec<usize> = (0..rank).collect();
        let (along, mean) = match (rest, centre) {
            ([along], false) => (along, None),
            ([along, mean], true) => (along, Some(mean)),
            _ => return None,
        };
        if let Some(mean) = mean {
            if mean.axes != kept || !self.is_sum_of(mean.value, &[moved], &kept, share) {
                return None;
            }
            inside.push(mean.value);
        }
        // y ⟨y g⟩.
        let Operation::Einsum { operands, output, coefficient: 1.0 } = &program.node(along.value).operation else { return None };
        let [product, y] = &operands[..] else { return None };
        let Operation::Normalise { value: of, axes: over, batch: wide, centre: moves, epsilon: least } =
            &program.node(y.value).operation
        else {
            return None;
        };
        let is_same = of == value && over == axes && wide == batch && moves == centre && least == epsilon;
        let fits = y.labels == *output && product.labels.iter().eq(kept.iter().map(|&axis| &output[axis]));
        if !is_same || !fits || along.axes != all || self.readers[along.value.0 as usize] != 1 {
            return None;
        }
        if !self.is_sum_of(product.value, &[y.value, moved], &kept, share) || !self.is_like(y.value, moved) {
            return None;
        }
        inside.extend([along.value, product.value]);
        let rule = Rule::Normalise { inverses: inverses.value, centre: *centre };
        Some((Fused { y: y.value, moved, rule }, inside))
    }

    /// The factors of an entrywise product of two values.
    fn pair_of(&self, at: ValueId, factor: f64) -> Option<(ValueId, ValueId)> {
        let Operation::Einsum { operands, output, coefficient } = &self.program.node(at).operation else { return None };
        let [one, other] = &operands[..] else { return None };
        (*coefficient == factor && one.labels == *output && other.labels == *output).then_some((one.value, other.value))
    }

    /// g and what is subtracted from it; nothing else reads the difference.
    fn differences(&self, at: ValueId) -> Option<(ValueId, &[Term])> {
        let node = self.program.node(at);
        let Operation::Add { terms, constant: 0.0 } = &node.operation else { return None };
        let (first, rest) = terms.split_first()?;
        let is_whole = first.coefficient == 1.0 && first.axes.iter().copied().eq(0..node.shape.len());
        let is_read_once = self.readers[at.0 as usize] == 1;
        (is_whole && is_read_once && rest.iter().all(|term| term.coefficient == -1.0)).then_some((first.value, rest))
    }

    /// Whether a value, which nothing else reads, is `share` times the sum of the product of these values over all axes but `kept`.
    fn is_sum_of(&self, at: ValueId, factors: &[ValueId], kept: &[usize], share: f64) -> bool {
        let Operation::Einsum { operands, output, coefficient } = &self.program.node(at).operation else { return false };
        let Some(Operand { labels, .. }) = operands.first() else { return false };
        let wanted: Vec<Label> = kept.iter().filter_map(|&axis| labels.get(axis).copied()).collect();
        let mut values: Vec<ValueId> = operands.iter().map(|operand| operand.value).collect();
        let mut expected = factors.to_vec();
        values.sort_unstable();
        expected.sort_unstable();
        let is_distinct = (0..labels.len()).all(|at| !labels[..at].contains(&labels[at]));
        self.readers[at.0 as usize] == 1
            && *coefficient == share
            && values == expected
            && is_distinct
            && operands.iter().all(|operand| operand.labels == *labels)
            && *output == wanted
    }

    fn is_like(&self, one: ValueId, other: ValueId) -> bool {
        self.dims(one) == self.dims(other)
    }

    pub(super) fn fused(&mut self, Fused { y, moved, rule }: Fused) -> Value {
        let result = self.whole(y);
        let gradient = self.whole(moved);
        let dims = result.dims.clone();
        let mut reads = vec![result.buffer, gradient.buffer];
        let (length, rule) = match rule {
            Rule::Softmax { axis } => {
                let axis = axis + self.lead(y);
                (dims[axis], RowRule::Softmax { inner: dims[axis + 1..].iter().product() })
            }
            Rule::Normalise { inverses, centre } => {
                let view = self.view(inverses);
                let view = if view.is_contiguous() { view } else { self.whole_view(view) };
                reads.push(view.buffer);
                let rows = view.dims.iter().product::<usize>().max(1);
                (dims.iter().product::<usize>() / rows, RowRule::Normalise { inverses: view, centre })
            }
        };
        let in_place = if gradient.buffer == result.buffer { Vec::new() } else { vec![gradient.buffer] };
        let kernel = RowsBackward { y: result.buffer, gradient: gradient.buffer, length, rule };
        Value::Stored(self.emit(kernel, reads, in_place, &dims))
    }
}
