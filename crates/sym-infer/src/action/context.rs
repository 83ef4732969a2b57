//! Values of a program that depend on weights alone, at given weights.

use crate::action::Weights;
use crate::action::tensor::{Tensor, offsets};
use crate::class::FunctionClass;
use crate::graph::Graph;
use std::collections::BTreeMap;
use sym_ir::{Axis, Label, Operand, Operation, Program, ReduceKind, ValueId};

/// A program at given weights.
pub struct Context<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its readers.
    pub graph: &'a Graph,
    /// Its elementwise functions.
    pub classes: &'a BTreeMap<ValueId, FunctionClass>,
    values: Vec<Option<Tensor>>,
}

/// The sizes of an axis list.
pub fn sizes(shape: &[Axis]) -> Vec<usize> {
    shape.iter().map(|axis| axis.size as usize).collect()
}

impl<'a> Context<'a> {
    /// Evaluates all values of weights alone.
    pub fn new(program: &'a Program, graph: &'a Graph, classes: &'a BTreeMap<ValueId, FunctionClass>, weights: &Weights) -> Self {
        let mut context = Self { program, graph, classes, values: Vec::with_capacity(program.nodes.len()) };
        for node in &program.nodes {
            let value = (!node.batched).then(|| context.evaluate(&node.operation, &sizes(&node.shape), weights)).flatten();
            context.values.push(value);
        }
        context
    }

    /// A value of weights alone; `None` if an input enters.
    pub fn value(&self, value: ValueId) -> Option<&Tensor> {
        self.values[value.0 as usize].as_ref()
    }

    /// The sizes of an einsum's labels.
    pub fn label_sizes(&self, operands: &[Operand], output: &[Label], result: ValueId) -> BTreeMap<Label, usize> {
        crate::spaces::labelled(operands, output, result)
            .map(|(label, place)| (label, self.program.node(place.value).shape[place.axis].size as usize))
            .collect()
    }

    fn evaluate(&self, operation: &Operation, shape: &[usize], weights: &Weights) -> Option<Tensor> {
        match operation {
            // Operations of layers on weights alone are not followed: they count as unknown.
            Operation::Input(_)
            | Operation::Window { .. }
            | Operation::OneHot { .. }
            | Operation::Mask { .. }
            | Operation::TopK { .. }
            | Operation::Rotary { .. }
            | Operation::Adjoint(_) => None,
            Operation::Parameter(id) => Some(Tensor { shape: shape.to_vec(), values: weights.values[id.0 as usize].clone() }),
            Operation::Einsum { operands, output, coefficient } => {
                let result = ValueId(self.values.len() as u32);
                let tensors: Vec<(&Tensor, &[Label])> = operands
                    .iter()
                    .map(|operand| Some((self.value(operand.value)?, operand.labels.as_slice())))
                    .collect::<Option<_>>()?;
                Some(Tensor::einsum(&tensors, output, &self.label_sizes(operands, output, result), *coefficient))
            }
            Operation::Add { terms, constant } => {
                let mut sum = Tensor { shape: shape.to_vec(), values: vec![*constant; shape.iter().product()] };
                for term in terms {
                    add_along(&mut sum, self.value(term.value)?, &term.axes, term.coefficient);
                }
                Some(sum)
            }
            Operation::Map { value, function } => {
                let source = self.value(*value)?;
                Some(Tensor { shape: shape.to_vec(), values: source.values.iter().map(|&x| function.body.evaluate(x)).collect() })
            }
            Operation::Softmax { value, axis } => {
                let mut result = self.value(*value)?.clone();
                let along = offsets(shape, &[*axis]);
                for start in offsets(shape, &crate::action::tensor::other_axes(shape.len(), &[*axis])) {
                    let largest = along.iter().map(|&at| result.values[start + at]).fold(f64::NEG_INFINITY, f64::max);
                    let total: f64 = along.iter().map(|&at| (result.values[start + at] - largest).exp()).sum();
                    along.iter().for_each(|&at| result.values[start + at] = (result.values[start + at] - largest).exp() / total);
                }
                Some(result)
            }
            Operation::Reduce { value, kind, axes } => {
                let source = self.value(*value)?;
                let removed = offsets(&source.shape, axes);
                let kept = offsets(&source.shape, &crate::action::tensor::other_axes(source.shape.len(), axes));
                let pick = |start: &usize| {
                    let entries = removed.iter().map(|at| source.values[start + at]);
                    match kind {
                        ReduceKind::Max => entries.fold(f64::NEG_INFINITY, f64::max),
                        ReduceKind::Min => entries.fold(f64::INFINITY, f64::min),
                    }
                };
                Some(Tensor { shape: shape.to_vec(), values: kept.iter().map(pick).collect() })
            }
            Operation::Reshape { value, .. } => {
                Some(Tensor { shape: shape.to_vec(), values: self.value(*value)?.values.clone() })
            }
            Operation::Concat { values, axis } => {
                let mut result = Tensor::zeros(shape);
                let strides = Tensor::strides(shape);
                let axes: Vec<usize> = (0..shape.len()).collect();
                let mut start = 0;
                for &part in values {
                    let part = self.value(part)?;
                    // Offsets of the part's tuples in the result's layout.
                    let mut targets = vec![start * strides[*axis]];
                    for &each in &axes {
                        targets = targets
                            .iter()
                            .flat_map(|&offset| (0..part.shape[each]).map(move |at| (offset, at)))
                            .map(|(offset, at)| offset + at * strides[each])
                            .collect();
                    }
                    targets.iter().zip(&part.values).for_each(|(&at, &value)| result.values[at] = value);
                    start += part.shape[*axis];
                }
                Some(result)
            }
            Operation::Normalise { value, axes, batch: _, centre, epsilon } => {
                let mut result = self.value(*value)?.clone();
                let together = offsets(shape, axes);
                for start in offsets(shape, &crate::action::tensor::other_axes(shape.len(), axes)) {
                    let mean_of = |of: &dyn Fn(f64) -> f64| {
                        together.iter().map(|&at| of(result.values[start + at])).sum::<f64>() / together.len() as f64
                    };
                    let mean = if *centre { mean_of(&|x| x) } else { 0.0 };
                    let deviation = (mean_of(&|x| (x - mean) * (x - mean)) + epsilon).sqrt();
                    together.iter().for_each(|&at| result.values[start + at] = (result.values[start + at] - mean) / deviation);
                }
                Some(result)
            }
            Operation::Slice { value, axis, start } => {
                let source = self.value(*value)?;
                let strides = Tensor::strides(&source.shape);
                let mut from = vec![*start as usize * strides[*axis]];
                for (each, &extent) in shape.iter().enumerate() {
                    from = from
                        .iter()
                        .flat_map(|&offset| (0..extent).map(move |at| (offset, at)))
                        .map(|(offset, at)| offset + at * strides[each])
                        .collect();
                }
                Some(Tensor { shape: shape.to_vec(), values: from.iter().map(|&at| source.values[at]).collect() })
            }
        }
    }
}

/// Adds `coefficient · term`, whose axes run along `axes` of the sum and which is repeated along the others.
pub fn add_along(sum: &mut Tensor, term: &Tensor, axes: &[usize], coefficient: f64) {
    let along = offsets(&sum.shape, axes);
    let repeated = offsets(&sum.shape, &crate::action::tensor::other_axes(sum.shape.len(), axes));
    for (&start, &value) in along.iter().zip(&term.values) {
        repeated.iter().for_each(|&at| sum.values[start + at] += coefficient * value);
    }
}
