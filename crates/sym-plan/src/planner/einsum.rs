//! Einsums: products of chains, sums, and contractions in pairs.

use super::{Planner, Value};
use crate::chain::{Chain, Link};
use crate::product::{Index, Kind, Product};
use crate::view::{View, row_major};
use std::collections::BTreeMap;
use sym_ir::contraction::{self, TYPICAL_BATCH, alone, distinct};
use sym_ir::{Label, Operand, ValueId};
use sym_kernels::slice::Real;

/// The label of the batch axis.
pub(super) const BATCH: Label = Label(u32::MAX);

/// The least number of multiplications in a turn for which a matrix product is worth its call.
const LEAST_PRODUCT: usize = 64;

/// A factor at hand.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    pub chain: Chain,
    pub labels: Vec<Label>,
}

impl<T: Real> Planner<'_, T> {
    pub(super) fn einsum(&mut self, at: ValueId, operands: &[Operand], output: &[Label], coefficient: f64) -> Value {
        let dims = self.dims(at);
        let labels = with_batch(output, self.is_batched(at));
        let factors = operands.iter().map(|operand| self.factor(operand)).collect();
        self.contracted(factors, &labels, &dims, coefficient)
    }

    /// An operand with the labels of its array; diagonals are views.
    pub(super) fn factor(&mut self, operand: &Operand) -> Factor {
        let labels = with_batch(&operand.labels, self.is_batched(operand.value));
        let kept = distinct(&labels);
        if kept.len() == labels.len() {
            return Factor { chain: self.chain(operand.value), labels };
        }
        let view = self.view(operand.value);
        let axes_of = |label: Label| -> Vec<usize> { (0..labels.len()).filter(|&axis| labels[axis] == label).collect() };
        let dims = kept.iter().map(|&label| view.dims[axes_of(label)[0]]).collect();
        let strides = kept.iter().map(|&label| axes_of(label).into_iter().map(|axis| view.strides[axis]).sum()).collect();
        Factor { chain: Chain::load(View { dims, strides, ..view.clone() }), labels: kept }
    }

    /// coefficient · ∏ factors, summed over all labels that are not among `output`, whose sizes are `dims`.
    pub(super) fn contracted(&mut self, mut factors: Vec<Factor>, output: &[Label], dims: &[usize], coefficient: f64) -> Value {
        let mut coefficient = coefficient;
        let mut size: BTreeMap<Label, usize> = output.iter().copied().zip(dims.iter().copied()).collect();
        for factor in &factors {
            size.extend(factor.labels.iter().copied().zip(factor.chain.dims.iter().copied()));
        }
        let inputs: Vec<Vec<Label>> = factors.iter().map(|factor| factor.labels.clone()).collect();
        let cost = |label: Label| if label == BATCH { TYPICAL_BATCH } else { size[&label] as f64 };
        let pairs = contraction::pairs(&inputs, output, &cost);
        for (own, kept) in alone(&inputs, output).into_iter().enumerate() {
            self.sum_out(&mut factors[own], &kept, &mut coefficient);
        }
        for &(first, second) in &pairs {
            let labels: Vec<Vec<Label>> = factors.iter().map(|factor| factor.labels.clone()).collect();
            let kept = contraction::joined(&labels, first, second, output);
            let right = factors.remove(second);
            let left = factors.remove(first);
            let joined = self.pair(left, right, &kept, output, &size, &mut coefficient);
            factors.insert(first, joined);
        }
        let Some(Factor { chain, labels }) = factors.pop() else {
            return Value::Pending(Chain::constant(coefficient, dims));
        };
        let axes: Vec<Option<usize>> = output.iter().map(|label| labels.iter().position(|other| other == label)).collect();
        let chain = self.spread(chain, &axes, dims).scaled(coefficient);
        Value::Pending(chain)
    }

    /// Sums a factor over the labels that nothing else needs.
    fn sum_out(&mut self, factor: &mut Factor, kept: &[Label], coefficient: &mut f64) {
        let axes: Vec<usize> = (0..factor.labels.len()).filter(|&axis| !kept.contains(&factor.labels[axis])).collect();
        if axes.is_empty() {
            return;
        }
        let chain = factor.chain.clone();
        if axes.iter().all(|&axis| chain.dims[axis] == 1) {
            let left: Vec<usize> = (0..chain.dims.len()).filter(|axis| !axes.contains(axis)).collect();
            let dims: Vec<usize> = left.iter().map(|&axis| chain.dims[axis]).collect();
            factor.chain = chain.arranged(&left.into_iter().map(Some).collect::<Vec<_>>(), &dims);
            factor.labels.retain(|label| kept.contains(label));
            return;
        }
        let summed = self.summed(chain, &axes, std::mem::replace(coefficient, 1.0));
        factor.chain = Chain::load(summed);
        factor.labels.retain(|label| kept.contains(label));
    }

    fn pair(
        &mut self,
        left: Factor,
        right: Factor,
        kept: &[Label],
        output: &[Label],
        size: &BTreeMap<Label, usize>,
        coefficient: &mut f64,
    ) -> Factor {
        let both: Vec<Label> = distinct(&left.labels.iter().chain(&right.labels).copied().collect::<Vec<_>>());
        let kind = |label: Label| match (left.labels.contains(&label), right.labels.contains(&label), kept.contains(&label)) {
            (true, true, true) => Kind::Batch,
            (true, true, false) => Kind::Summed,
            (true, false, _) => Kind::Row,
            (false, _, _) => Kind::Column,
        };
        let volume = |wanted: &[Kind]| {
            both.iter().filter(|&&label| wanted.contains(&kind(label))).map(|label| size[label]).product::<usize>()
        };
        let rank = |label: &Label| output.iter().position(|other| other == label).unwrap_or(usize::MAX);
        let per_turn = volume(&[Kind::Row, Kind::Column, Kind::Summed]);
        let is_product = volume(&[Kind::Summed]) > 1
            && volume(&[Kind::Row, Kind::Column]) > 1
            && (per_turn >= LEAST_PRODUCT || volume(&[Kind::Batch]) == 1);
        if !is_product {
            // The product entry by entry, then its sum, if any.
            let mut labels = both.clone();
            labels.sort_by_key(rank);
            let dims: Vec<usize> = labels.iter().map(|label| size[label]).collect();
            let [left, right] = [left, right].map(|factor| {
                let axes: Vec<Option<usize>> =
                    labels.iter().map(|label| factor.labels.iter().position(|other| other == label)).collect();
                self.spread(factor.chain, &axes, &dims)
            });
            let chain = match (left.as_constant(), right.as_constant()) {
                (Some(factor), _) => right.scaled(factor),
                (_, Some(factor)) => left.scaled(factor),
                (None, None) => left.joined(right, Link::Multiply),
            };
            let mut product = Factor { chain, labels };
            self.sum_out(&mut product, kept, coefficient);
            return product;
        }
        let mut labels = kept.to_vec();
        labels.sort_by_key(rank);
        let dims: Vec<usize> = labels.iter().map(|label| size[label]).collect();
        let strides = row_major(&dims);
        let (left_view, right_view) = (self.stored(left.chain), self.stored(right.chain));
        let indices: Vec<Index> = both
            .iter()
            .map(|label| {
                let stride = |labels: &[Label], strides: &[isize]| {
                    labels.iter().position(|other| other == label).map_or(0, |axis| strides[axis])
                };
                Index {
                    size: size[label],
                    left: stride(&left.labels, &left_view.strides),
                    right: stride(&right.labels, &right_view.strides),
                    result: stride(&labels, &strides),
                    kind: kind(*label),
                }
            })
            .collect();
        let factor = std::mem::replace(coefficient, 1.0);
        let (left, right) = ((left_view.buffer, left_view.offset), (right_view.buffer, right_view.offset));
        let kernel = Product::new(&indices, left, right, factor);
        let view = self.emit(kernel, vec![left.0, right.0], Vec::new(), &dims);
        Factor { chain: Chain::load(view), labels }
    }
}

/// Labels of an array's axes, the batch in front where it has one.
pub(super) fn with_batch(labels: &[Label], batched: bool) -> Vec<Label> {
    batched.then_some(BATCH).into_iter().chain(labels.iter().copied()).collect()
}
