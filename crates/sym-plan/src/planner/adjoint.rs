//! Operations of derivatives.

use super::elementwise::band;
use super::window::Geometry;
use super::{Planner, Value};
use crate::arrange::Place;
use crate::extreme::Wanted;
use crate::view::View;
use sym_ir::{Adjoint, Operation, ValueId};
use sym_kernels::slice::Real;

impl<T: Real> Planner<'_, T> {
    pub(super) fn adjoint(&mut self, at: ValueId, adjoint: &Adjoint) -> Value {
        match adjoint {
            Adjoint::OverBatch { value, mean } => self.over_batch(at, *value, *mean),
            Adjoint::Repeat { value } => {
                let dims = self.dims(at);
                let axes: Vec<Option<usize>> = std::iter::once(None).chain((0..dims.len() - 1).map(Some)).collect();
                let chain = self.chain(*value);
                Value::Pending(self.spread(chain, &axes, &dims))
            }
            Adjoint::Fold { value, axis, stride, padding, dilation } => {
                self.fold(at, *value, *axis, Geometry::new(*stride, *padding, *dilation))
            }
            Adjoint::Pad { value, axis, before } => {
                let (dims, axis) = (self.dims(at), axis + self.lead(at));
                let source = self.view(*value);
                let mut first = vec![0; dims.len()];
                first[axis] = *before as usize;
                let reads = vec![source.buffer];
                let kernel = Place::new(vec![(source, first)], &dims, &vec![1; dims.len()], true);
                Value::Stored(self.emit(kernel, reads, Vec::new(), &dims))
            }
            Adjoint::First { value, kind, axes } => self.extreme(*value, *kind, axes, Wanted::Place),
            Adjoint::Kept { value, axis, count } => self.largest(*value, *axis, *count, None),
            Adjoint::Band { before, after } => {
                let dims = self.dims(at);
                let seen: Vec<f64> =
                    band(dims[0], dims[1], *before, *after).into_iter().map(|seen| f64::from(u8::from(seen))).collect();
                Value::Stored(self.table(&seen, &dims))
            }
            Adjoint::TurnBack { value, position, axis, base, pairs } => {
                self.rotary(*value, *position, *axis, *base, *pairs, -1.0)
            }
            Adjoint::InverseDeviation { value, axes, batch, centre, epsilon } => {
                self.inverse_deviation(*value, axes, *batch, *centre, *epsilon)
            }
        }
    }

    /// The sum over the batch; that of an einsum is the einsum with one more summed index.
    fn over_batch(&mut self, at: ValueId, value: ValueId, mean: bool) -> Value {
        let share = if mean { 1.0 / self.batch as f64 } else { 1.0 };
        if let Some(known) = self.mean_of_norm(value).filter(|_| mean) {
            return Value::Stored(known);
        }
        let dims = self.dims(at);
        if self.absorbed[value.0 as usize] {
            let program = self.program;
            if let Operation::Einsum { operands, output, coefficient } = &program.node(value).operation {
                let factors = operands.iter().map(|operand| self.factor(operand)).collect();
                return self.contracted(factors, output, &dims, coefficient * share);
            }
        }
        let chain = self.chain(value);
        if !self.is_batched(value) {
            let sum = if mean { 1.0 } else { self.batch as f64 };
            return Value::Pending(chain.scaled(sum));
        }
        let view: View = self.summed(chain, &[0], share);
        Value::Stored(view)
    }
}
