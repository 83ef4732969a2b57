//! Operations that are one step or one view.

use super::{Planner, Value};
use crate::arrange::Place;
use crate::choose::{Largest, Units};
use crate::evaluator::Evaluator;
use crate::extreme::{Extreme, Wanted};
use crate::softmax::{Softmax, SoftmaxOfChain};
use sym_ir::{ReduceKind, ValueId};
use sym_kernels::slice::Real;

impl<T: Real> Planner<'_, T> {
    pub(super) fn softmax(&mut self, value: ValueId, axis: usize) -> Value {
        let axis = axis + self.lead(value);
        let chain = self.chain(value);
        let dims = chain.dims.clone();
        if axis + 1 == dims.len() && !chain.is_cheap() {
            let (reads, in_place) = chain.buffers();
            let kernel = SoftmaxOfChain::new(Evaluator::new(chain, dims[axis]), dims[axis]);
            return Value::Stored(self.emit(kernel, reads, in_place, &dims));
        }
        let stored = self.stored(chain);
        let source = self.whole_view(stored);
        let dims = source.dims.clone();
        let kernel = Softmax { source: source.buffer, length: dims[axis], inner: dims[axis + 1..].iter().product() };
        Value::Stored(self.emit(kernel, vec![source.buffer], vec![source.buffer], &dims))
    }

    pub(super) fn extreme(&mut self, value: ValueId, kind: ReduceKind, axes: &[usize], wanted: Wanted) -> Value {
        let lead = self.lead(value);
        let axes: Vec<usize> = axes.iter().map(|axis| axis + lead).collect();
        let source = self.view(value);
        let dims: Vec<usize> = match wanted {
            Wanted::Place => source.dims.clone(),
            Wanted::Value => (0..source.dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| source.dims[axis]).collect(),
        };
        let buffer = source.buffer;
        Value::Stored(self.emit(Extreme::new(source, kind, &axes, wanted), vec![buffer], Vec::new(), &dims))
    }

    pub(super) fn reshape(&mut self, at: ValueId, value: ValueId) -> Value {
        let dims = self.dims(at);
        let view = self.view(value);
        let reshaped = view.reshaped(&dims);
        Value::Stored(reshaped.unwrap_or_else(|| {
            let whole = self.whole(value);
            crate::view::View::whole(whole.buffer, &dims)
        }))
    }

    pub(super) fn concat(&mut self, at: ValueId, values: &[ValueId], axis: usize) -> Value {
        let (dims, lead) = (self.dims(at), self.lead(at));
        let axis = axis + lead;
        let (mut sources, mut reads, mut start) = (Vec::new(), Vec::new(), 0);
        for &value in values {
            let mut view = self.view(value);
            if self.lead(value) < lead {
                // The same for every example.
                let axes: Vec<Option<usize>> = std::iter::once(None).chain((0..view.dims.len()).map(Some)).collect();
                let sizes: Vec<usize> = std::iter::once(self.batch).chain(view.dims.iter().copied()).collect();
                view = view.arranged(&axes, &sizes);
            }
            let mut first = vec![0; dims.len()];
            first[axis] = start;
            start += view.dims[axis];
            reads.push(view.buffer);
            sources.push((view, first));
        }
        Value::Stored(self.emit(Place::new(sources, &dims, &vec![1; dims.len()], false), reads, Vec::new(), &dims))
    }

    pub(super) fn slice(&mut self, at: ValueId, value: ValueId, axis: usize, start: u128) -> Value {
        let axis_of_array = axis + self.lead(value);
        let count = self.dims(at)[axis_of_array];
        Value::Stored(self.view(value).sliced(axis_of_array, start as usize, count))
    }

    pub(super) fn units(&mut self, at: ValueId, value: ValueId) -> Value {
        let dims = self.dims(at);
        let source = self.whole(value);
        let kernel = Units { source: source.buffer, width: dims[dims.len() - 1] };
        Value::Stored(self.emit(kernel, vec![source.buffer], Vec::new(), &dims))
    }

    pub(super) fn largest(&mut self, value: ValueId, axis: usize, count: u128, rest: Option<f64>) -> Value {
        let axis = axis + self.lead(value);
        let source = self.whole(value);
        let dims = source.dims.clone();
        let inner = dims[axis + 1..].iter().product();
        let kernel =
            Largest { source: source.buffer, length: dims[axis], inner, count: count.min(dims[axis] as u128) as usize, rest };
        Value::Stored(self.emit(kernel, vec![source.buffer], Vec::new(), &dims))
    }
}
