//! Interprets a compiled program, one operation after another.

use crate::Array;
use crate::compile::Compiled;
use crate::primitive::add::{Summand, add};
use crate::primitive::window::Windows;
use crate::primitive::{adjoint, concat, dense, map, mask, normalise, one_hot, reduce, rotary, slice, softmax, top_k, window};
use burn::tensor::{DType, Device};
use sym_ir::{Adjoint, Operation, ParameterId, ValueId};

/// One evaluation of a program.
pub(crate) struct Execution<'a> {
    compiled: &'a Compiled,
    inputs: &'a [Array],
    device: Device,
    dtype: DType,
    batch: Option<usize>,
    values: Vec<Option<Array>>,
    /// Whether dense layers are one operation, so that values inside of them do not exist.
    fused: bool,
    /// How often every value will still be read; the last reader takes it, so that its memory can be used again.
    readers: Vec<u32>,
}

impl<'a> Execution<'a> {
    /// Prepares an evaluation for these inputs.
    ///
    /// # Panics
    ///
    /// If the number of inputs or their sizes are not the program's, or their batches differ.
    pub fn new(compiled: &'a Compiled, inputs: &'a [Array], device: Device, dtype: DType, fused: bool) -> Self {
        let program = &compiled.program;
        assert_eq!(inputs.len(), program.inputs.len(), "arrays for the inputs of `{}`", program.name);
        let batch = inputs.first().map(|input| input.dims()[0]);
        for (input, array) in program.inputs.iter().zip(inputs) {
            let expected: Vec<usize> = batch.into_iter().chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
            assert_eq!(array.dims(), expected, "sizes of input `{}`, the batch in front", input.name);
        }
        Self {
            compiled,
            inputs,
            device,
            dtype,
            batch,
            values: vec![None; program.nodes.len()],
            fused,
            readers: compiled.readers.clone(),
        }
    }

    /// Computes the values in order; `parameter` gives those of parameters. `after` sees each value as it is computed and ends the
    /// evaluation by returning false.
    pub fn run(&mut self, parameter: &dyn Fn(ParameterId) -> Array, mut after: impl FnMut(ValueId, &Array) -> bool) {
        for at in 0..self.compiled.program.nodes.len() {
            if self.fused && self.compiled.inside[at] {
                continue;
            }
            let value = match &self.compiled.layers[at] {
                Some(layer) if self.fused => {
                    let (x, weight, bias) = (self.read(layer.x), self.read(layer.weight), self.read(layer.bias));
                    dense::layer(layer.activation, x, weight, bias)
                }
                _ => self.compute(at, parameter),
            };
            let go_on = after(ValueId(at as u32), &value);
            if self.readers[at] > 0 {
                self.values[at] = Some(value);
            }
            if !go_on {
                return;
            }
        }
    }

    /// A value for one of its readers.
    pub fn read(&mut self, value: ValueId) -> Array {
        let at = value.0 as usize;
        self.readers[at] -= 1;
        let kept = if self.readers[at] == 0 { self.values[at].take() } else { self.values[at].clone() };
        kept.expect("a value precedes its readers, which are counted")
    }

    fn batched(&self, value: ValueId) -> bool {
        self.compiled.program.node(value).batched
    }

    /// How many axes the array of a value has in front of the value's own.
    fn lead(&self, value: ValueId) -> usize {
        usize::from(self.batched(value))
    }

    fn compute(&mut self, at: usize, parameter: &dyn Fn(ParameterId) -> Array) -> Array {
        let node = &self.compiled.program.nodes[at];
        let lead = usize::from(node.batched);
        let sizes: Vec<usize> = match self.batch {
            Some(batch) if node.batched => std::iter::once(batch).chain(self.compiled.sizes[at].iter().copied()).collect(),
            _ => self.compiled.sizes[at].clone(),
        };
        let sizes = if sizes.is_empty() { vec![1] } else { sizes };
        match &node.operation {
            Operation::Input(id) => self.inputs[id.0 as usize].clone(),
            Operation::Parameter(id) => parameter(*id),
            Operation::Einsum { operands, .. } => {
                let arrays = operands.iter().map(|operand| self.read(operand.value)).collect();
                let contraction = self.compiled.contractions[at].as_ref().expect("every einsum has a contraction");
                contraction.evaluate(arrays, &sizes, &self.device, self.dtype)
            }
            Operation::Add { terms, constant } => {
                if terms.is_empty() {
                    return Array::full(*constant, &sizes, &self.device, self.dtype);
                }
                let summands = terms
                    .iter()
                    .map(|term| {
                        let own = self.batched(term.value).then_some(0);
                        let positions = own.into_iter().chain(term.axes.iter().map(|&axis| axis + lead)).collect();
                        Summand { array: self.read(term.value), coefficient: term.coefficient, positions }
                    })
                    .collect();
                add(summands, *constant, &sizes)
            }
            Operation::Map { value, function } => map::map(self.read(*value), &function.body),
            Operation::Softmax { value, axis } => softmax::softmax(self.read(*value), axis + lead),
            Operation::Reduce { value, kind, axes } => {
                let axes: Vec<usize> = axes.iter().map(|&axis| axis + self.lead(*value)).collect();
                reduce::reduce(self.read(*value), *kind, &axes)
            }
            Operation::Reshape { value, .. } => self.read(*value).reshape(&sizes),
            Operation::Concat { values, axis } => {
                let parts = values.iter().map(|&value| (self.read(value), self.batched(value))).collect();
                concat::concat(parts, axis + lead, if node.batched { self.batch } else { None })
            }
            Operation::Slice { value, axis, start } => {
                slice::slice(self.read(*value), axis + lead, *start as usize, self.compiled.sizes[at][*axis])
            }
            Operation::Normalise { value, axes, batch, centre, epsilon } => {
                let over_batch = (*batch && node.batched).then_some(0);
                let axes: Vec<usize> = over_batch.into_iter().chain(axes.iter().map(|&axis| axis + lead)).collect();
                normalise::normalise(self.read(*value), &axes, *centre, *epsilon)
            }
            Operation::Window { value, axis, stride, padding, dilation, rest } => {
                let windows = Windows {
                    count: self.compiled.sizes[at][*axis],
                    taps: self.compiled.sizes[at][axis + 1],
                    stride: *stride as usize,
                    dilation: *dilation as usize,
                    padding: *padding as usize,
                    rest: *rest,
                };
                window::window(self.read(*value), axis + lead, &windows)
            }
            Operation::OneHot { value } => {
                let classes = *sizes.last().expect("the axis of classes");
                one_hot::one_hot(self.read(*value), classes, &sizes)
            }
            Operation::Mask { value, row, column, before, after } => {
                mask::mask(self.read(*value), row + lead, column + lead, sees(*before, *after))
            }
            Operation::TopK { value, axis, count, rest } => top_k::top_k(self.read(*value), axis + lead, *count as usize, *rest),
            Operation::Rotary { value, position, axis, base, pairs } => {
                rotary::rotary(self.read(*value), position + lead, axis + lead, *base, *pairs, 1.0)
            }
            Operation::Adjoint(adjoint) => self.adjoint(at, adjoint, &sizes),
        }
    }

    /// `sizes` are those of the result's array.
    fn adjoint(&mut self, at: usize, adjoint: &Adjoint, sizes: &[usize]) -> Array {
        let lead = usize::from(self.compiled.program.nodes[at].batched);
        match adjoint {
            Adjoint::OverBatch { value, mean } => adjoint::over_batch(self.read(*value), *mean),
            Adjoint::Repeat { value } => adjoint::repeat(self.read(*value), sizes),
            Adjoint::Fold { value, axis, stride, padding, dilation } => {
                let own = &self.compiled.sizes[value.0 as usize];
                let windows = Windows {
                    count: own[*axis],
                    taps: own[axis + 1],
                    stride: *stride as usize,
                    dilation: *dilation as usize,
                    padding: *padding as usize,
                    rest: 0.0,
                };
                adjoint::fold(self.read(*value), axis + lead, sizes[axis + lead], &windows)
            }
            Adjoint::Pad { value, axis, before } => {
                adjoint::pad(self.read(*value), axis + lead, *before as usize, sizes[axis + lead])
            }
            Adjoint::First { value, kind, axes } => {
                let axes: Vec<usize> = axes.iter().map(|&axis| axis + lead).collect();
                adjoint::first(&self.read(*value), *kind, &axes)
            }
            Adjoint::Kept { value, axis, count } => adjoint::kept(&self.read(*value), axis + lead, *count as usize),
            Adjoint::Band { before, after } => adjoint::band(sizes, &self.device, self.dtype, sees(*before, *after)),
            Adjoint::TurnBack { value, position, axis, base, pairs } => {
                rotary::rotary(self.read(*value), position + lead, axis + lead, *base, *pairs, -1.0)
            }
            Adjoint::InverseDeviation { value, axes, batch, centre, epsilon } => {
                let own = self.lead(*value);
                let over_batch = (*batch && own == 1).then_some(0);
                let axes: Vec<usize> = over_batch.into_iter().chain(axes.iter().map(|&axis| axis + own)).collect();
                adjoint::inverse_deviation(self.read(*value), &axes, *centre, *epsilon, sizes)
            }
        }
    }
}

/// Whether row i sees column j.
fn sees(before: Option<u128>, after: Option<u128>) -> impl Fn(usize, usize) -> bool {
    move |i, j| {
        before.is_none_or(|before| i as u128 <= j as u128 + before) && after.is_none_or(|after| j as u128 <= i as u128 + after)
    }
}
