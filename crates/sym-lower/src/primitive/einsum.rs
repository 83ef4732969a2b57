//! Products of tensors summed over indices.
//!
//! Factors are contracted in pairs, in a greedy order fixed at compile time. A pair that shares a summed index is one (batched) matrix
//! product on views of the factors where their layout allows it, any other pair is an entrywise product with repeated axes.

use super::arrange::lay_out;
use crate::Array;
use burn::tensor::{DType, Device};
use std::collections::BTreeMap;
use sym_ir::contraction::{self, TYPICAL_BATCH, alone, distinct, joined};
use sym_ir::{Label, Operand, Program};

/// The label of the batch axis.
const BATCH: Label = Label(u32::MAX);

/// An einsum with its factors' axes named and the order of pairs fixed.
#[derive(Debug)]
pub(crate) struct Contraction {
    /// Labels of every factor's array axes as they come, the batch in front where it has one.
    inputs: Vec<Vec<Label>>,
    /// Labels of the result's array axes.
    output: Vec<Label>,
    /// Which two of the factors at hand are joined next; the result takes the first's place, the second is removed.
    pairs: Vec<(usize, usize)>,
    coefficient: f64,
    /// The largest number of axes on the way.
    pub widest: usize,
}

/// A factor at hand.
struct Factor {
    array: Array,
    labels: Vec<Label>,
}

impl Contraction {
    /// Fixes the order for the einsum of node `at`.
    pub fn plan(
        program: &Program,
        operands: &[Operand],
        output: &[Label],
        coefficient: f64,
        sizes: &[Vec<usize>],
        at: usize,
    ) -> Self {
        let with_batch = |labels: &[Label], batched: bool| -> Vec<Label> {
            batched.then_some(BATCH).into_iter().chain(labels.iter().copied()).collect()
        };
        let inputs: Vec<Vec<Label>> =
            operands.iter().map(|operand| with_batch(&operand.labels, program.node(operand.value).batched)).collect();
        let output_labels = with_batch(output, program.nodes[at].batched);
        let mut size: BTreeMap<Label, f64> = BTreeMap::from([(BATCH, TYPICAL_BATCH)]);
        for operand in operands {
            for (&label, &length) in operand.labels.iter().zip(&sizes[operand.value.0 as usize]) {
                size.insert(label, length as f64);
            }
        }
        let pairs = contraction::pairs(&inputs, &output_labels, &|label| size[&label]);
        let mut at_hand = alone(&inputs, &output_labels);
        let mut widest = inputs.iter().map(Vec::len).max().unwrap_or(0).max(output_labels.len());
        for &(first, second) in &pairs {
            at_hand[first] = joined(&at_hand, first, second, &output_labels);
            at_hand.remove(second);
            widest = widest.max(at_hand[first].len());
        }
        Self { inputs, output: output_labels, pairs, coefficient, widest }
    }

    /// The products and sums in their order: `matmul(%1, %0; b)` is summed over `b`, `times(%1, %0)` is not, `sum(%1; b)` is of one factor.
    pub fn text(&self, operands: Vec<String>) -> String {
        let names = |labels: &[Label]| labels.iter().map(|label| name(*label)).collect::<Vec<_>>().join(" ");
        let summed = |before: &[Label], kept: &[Label]| -> Vec<Label> {
            before.iter().copied().filter(|label| !kept.contains(label)).collect()
        };
        let times = if self.coefficient == 1.0 { String::new() } else { format!("{} * ", self.coefficient) };
        let mut texts: Vec<String> = operands
            .into_iter()
            .zip(&self.inputs)
            .map(|(operand, labels)| {
                let text = format!("{operand}[{}]", names(labels));
                if repeated(labels).is_some() { format!("diagonal({text})") } else { text }
            })
            .collect();
        let mut at_hand: Vec<Vec<Label>> = self.inputs.iter().map(|labels| distinct(labels)).collect();
        for own in 0..at_hand.len() {
            let kept = contraction::needed(&at_hand, &[own], &self.output);
            let gone = summed(&at_hand[own], &kept);
            if !gone.is_empty() {
                texts[own] = format!("sum({}; {})", texts[own], names(&gone));
            }
            at_hand[own].retain(|label| kept.contains(label));
        }
        for &(first, second) in &self.pairs {
            let product = joined(&at_hand, first, second, &self.output);
            let gone = summed(&distinct(&[&at_hand[first][..], &at_hand[second][..]].concat()), &product);
            let right = texts.remove(second);
            texts[first] = if gone.is_empty() {
                format!("times({}, {right})", texts[first])
            } else {
                format!("matmul({}, {right}; {})", texts[first], names(&gone))
            };
            at_hand[first] = product;
            at_hand.remove(second);
        }
        let result = texts.pop().unwrap_or_else(|| "fill".to_string());
        format!("{times}{result} -> [{}]", names(&self.output))
    }

    /// The value for these factors; `sizes` are those of the result's array.
    pub fn evaluate(&self, arrays: Vec<Array>, sizes: &[usize], device: &Device, dtype: DType) -> Array {
        if arrays.is_empty() {
            return Array::full(self.coefficient, sizes, device, dtype);
        }
        let mut factors: Vec<Factor> =
            arrays.into_iter().zip(&self.inputs).map(|(array, labels)| diagonal(array, labels.clone())).collect();
        for own in 0..factors.len() {
            let kept = needed(&factors, &[own], &self.output);
            sum_out(&mut factors[own], &kept);
        }
        for &(first, second) in &self.pairs {
            let kept = needed(&factors, &[first, second], &self.output);
            let right = factors.remove(second);
            let left = std::mem::replace(&mut factors[first], Factor { array: right.array.clone(), labels: Vec::new() });
            factors[first] = contract(left, right, &kept, &self.output);
        }
        let result = factors.pop().expect("one factor is left");
        let positions: Vec<usize> = result.labels.iter().map(|label| position(&self.output, *label)).collect();
        lay_out(result.array.scale(self.coefficient), &positions, sizes.len()).expand(sizes)
    }
}

/// A letter for an index, `batch` for that of the batch.
fn name(label: Label) -> String {
    let letter = char::from(b'a' + (label.0 % 26) as u8);
    match label.0 {
        _ if label == BATCH => "batch".to_string(),
        0..26 => letter.to_string(),
        number => format!("{letter}{}", number / 26),
    }
}

fn position(labels: &[Label], label: Label) -> usize {
    labels.iter().position(|&other| other == label).expect("every remaining label is one of the output")
}

/// The labels that the output or a factor other than `joined` still needs.
fn needed(factors: &[Factor], joined: &[usize], output: &[Label]) -> Vec<Label> {
    let others = factors.iter().enumerate().filter(|(at, _)| !joined.contains(at)).flat_map(|(_, factor)| &factor.labels);
    output.iter().chain(others).copied().collect()
}

/// Takes the diagonal along labels that occur more than once.
fn diagonal(mut array: Array, mut labels: Vec<Label>) -> Factor {
    while let Some((first, second)) = repeated(&labels) {
        let length = array.dims()[first];
        let mut order: Vec<usize> = (0..labels.len()).filter(|&axis| axis != first && axis != second).collect();
        let mut sizes: Vec<usize> = order.iter().map(|&axis| array.dims()[axis]).collect();
        let mut kept: Vec<Label> = order.iter().map(|&axis| labels[axis]).collect();
        order.extend([first, second]);
        sizes.push(length * length);
        kept.push(labels[first]);
        let positions: Vec<i64> = (0..length as i64).map(|at| at * (length as i64 + 1)).collect();
        array = array.permute(&order).reshape(&sizes).select(sizes.len() - 1, &positions);
        labels = kept;
    }
    Factor { array, labels }
}

fn repeated(labels: &[Label]) -> Option<(usize, usize)> {
    labels.iter().enumerate().find_map(|(first, label)| {
        let second = labels[first + 1..].iter().position(|other| other == label)?;
        Some((first, first + 1 + second))
    })
}

/// Sums over the labels that nothing else needs.
fn sum_out(factor: &mut Factor, kept: &[Label]) {
    while let Some(axis) = factor.labels.iter().rposition(|label| !kept.contains(label)) {
        factor.array = factor.array.clone().sum_axis(axis);
        factor.labels.remove(axis);
    }
}

/// The product of two factors, summed over the labels that both have and nothing else needs.
fn contract(left: Factor, right: Factor, kept: &[Label], output: &[Label]) -> Factor {
    let shared: Vec<Label> = left.labels.iter().copied().filter(|label| right.labels.contains(label)).collect();
    if shared.iter().all(|label| kept.contains(label)) {
        return entrywise(left, right, output);
    }
    let free = |own: &Factor| own.labels.iter().any(|label| !shared.contains(label));
    if !free(&left) && !free(&right) {
        let mut product = entrywise(left, right, output);
        sum_out(&mut product, kept);
        return product;
    }
    // The factor that owns the first free label of the output gives the rows: then the product needs no transposition.
    let first =
        output.iter().find(|label| !shared.contains(label) && (left.labels.contains(label) || right.labels.contains(label)));
    if first.is_some_and(|label| right.labels.contains(label)) {
        matrix_product(right, left, &shared, kept)
    } else {
        matrix_product(left, right, &shared, kept)
    }
}

/// The product without a sum, with axes in the output's order where they occur there.
fn entrywise(left: Factor, right: Factor, output: &[Label]) -> Factor {
    let both: Vec<Label> = left.labels.iter().chain(&right.labels).copied().collect();
    let mut labels = distinct(&both);
    labels.sort_by_key(|label| output.iter().position(|other| other == label).unwrap_or(usize::MAX));
    let place = |factor: Factor| {
        let positions: Vec<usize> = factor.labels.iter().map(|&label| position(&labels, label)).collect();
        lay_out(factor.array, &positions, labels.len())
    };
    let array = place(left) * place(right);
    Factor { array, labels }
}

/// Rows from `left`, columns from `right`.
fn matrix_product(left: Factor, right: Factor, shared: &[Label], kept: &[Label]) -> Factor {
    // The order of shared labels is free; that of the larger factor saves its transposition.
    let order = if left.array.len() >= right.array.len() { &left.labels } else { &right.labels };
    let ordered = |wanted: bool| -> Vec<Label> {
        order.iter().copied().filter(|label| shared.contains(label) && kept.contains(label) == wanted).collect()
    };
    let (batch, summed) = (ordered(true), ordered(false));
    let free =
        |factor: &Factor| -> Vec<Label> { factor.labels.iter().copied().filter(|label| !shared.contains(label)).collect() };
    let (rows, columns) = (free(&left), free(&right));
    let lengths = |factor: &Factor, labels: &[Label]| -> Vec<usize> {
        let dims = factor.array.dims();
        labels.iter().map(|&label| dims[position(&factor.labels, label)]).collect()
    };
    let mut sizes = lengths(&left, &batch);
    sizes.extend(lengths(&left, &rows));
    sizes.extend(lengths(&right, &columns));

    let product = matrix(left, &batch, &rows, &summed).matmul(matrix(right, &batch, &summed, &columns));
    let labels: Vec<Label> = batch.into_iter().chain(rows).chain(columns).collect();
    Factor { array: product.reshape(&sizes), labels }
}

/// A factor as (a batch of) matrices, by a view where its axes stand in that order or with rows and columns exchanged.
fn matrix(factor: Factor, batch: &[Label], rows: &[Label], columns: &[Label]) -> Array {
    let dims = factor.array.dims();
    let length = |labels: &[Label]| labels.iter().map(|&label| dims[position(&factor.labels, label)]).product::<usize>();
    let (depth, height, width) = (length(batch), length(rows), length(columns));
    let shape = |height: usize, width: usize| if batch.is_empty() { vec![height, width] } else { vec![depth, height, width] };
    let joined = |first: &[Label], second: &[Label]| -> Vec<Label> { batch.iter().chain(first).chain(second).copied().collect() };
    if factor.labels == joined(rows, columns) {
        return factor.array.reshape(&shape(height, width));
    }
    if factor.labels == joined(columns, rows) {
        let exchanged = if batch.is_empty() { &[1, 0][..] } else { &[0, 2, 1][..] };
        return factor.array.reshape(&shape(width, height)).permute(exchanged);
    }
    let order: Vec<usize> = joined(rows, columns).into_iter().map(|label| position(&factor.labels, label)).collect();
    factor.array.permute(&order).reshape(&shape(height, width))
}
