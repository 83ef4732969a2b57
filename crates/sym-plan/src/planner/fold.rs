//! Windows laid back. Behind a contraction with a kernel, as in the derivative of a convolution, that is a convolution again: its windows run over
//! the other factor, and nothing as large as all windows together is ever in memory.

use super::einsum::{BATCH, with_batch};
use super::window::Geometry;
use super::{Planner, Value};
use crate::arrange::Fold;
use crate::chain::Chain;
use crate::view::View;
use sym_ir::{Adjoint, Label, Operand, Operation, ValueId};
use sym_kernels::slice::Real;

/// Labels that no operation of the program uses.
const FRESH: u32 = u32::MAX - 1000;

/// One axis of a contraction that is laid back: positions and taps become places.
#[derive(Debug, Clone, Copy)]
struct LaidBack {
    positions: Label,
    taps: Label,
    places: Label,
    geometry: Geometry,
    length: usize,
}

impl<T: Real> Planner<'_, T> {
    /// Finds values that belong to the steps of their only reader.
    pub(super) fn absorb(&mut self) {
        for (at, node) in self.program.nodes.iter().enumerate() {
            if let Some((fused, inside)) = self.fused_at(ValueId(at as u32)) {
                self.fused.insert(ValueId(at as u32), fused);
                for value in inside {
                    self.absorbed[value.0 as usize] = true;
                }
                continue;
            }
            let Operation::Adjoint(adjoint) = &node.operation else { continue };
            let inner = match adjoint {
                Adjoint::OverBatch { value, .. } => {
                    let is_sum = matches!(self.program.node(*value).operation, Operation::Einsum { .. });
                    let is_free = self.readers[value.0 as usize] == 1 && !self.fused.contains_key(value);
                    (is_sum && is_free).then_some(*value)
                }
                Adjoint::Fold { .. } => self.laid_back(ValueId(at as u32)).map(|_| adjoint_operand(adjoint)),
                _ => None,
            };
            if let Some(inner) = inner {
                self.absorbed[inner.0 as usize] = true;
            }
        }
    }

    /// The contraction and its axes, outermost fold last, that a fold at `at` can be part of.
    fn laid_back(&self, at: ValueId) -> Option<(ValueId, Vec<LaidBack>, Vec<Label>)> {
        let node = self.program.node(at);
        let Operation::Adjoint(Adjoint::Fold { value, axis, stride, padding, dilation }) = &node.operation else { return None };
        if self.readers[value.0 as usize] != 1 {
            return None;
        }
        let (einsum, mut axes, mut labels) = match &self.program.node(*value).operation {
            Operation::Einsum { output, .. } => (*value, Vec::new(), output.clone()),
            Operation::Adjoint(Adjoint::Fold { .. }) => self.laid_back(*value)?,
            _ => return None,
        };
        let Operation::Einsum { operands, .. } = &self.program.node(einsum).operation else { return None };
        let (positions, taps) = (labels[*axis], labels[axis + 1]);
        let with = |label: Label| operands.iter().filter(|operand| operand.labels.contains(&label)).count();
        let source = operands.iter().find(|operand| operand.labels.contains(&positions))?;
        let once = source.labels.iter().filter(|label| **label == positions).count() == 1;
        if with(positions) != 1 || !once || source.labels.contains(&taps) || with(taps) == 0 {
            return None;
        }
        // All axes of one factor: its copy with borders is made once.
        if axes.iter().any(|axis: &LaidBack| !source.labels.contains(&axis.positions)) {
            return None;
        }
        let places = Label(FRESH + axes.len() as u32);
        labels.splice(*axis..=axis + 1, [places]);
        let length = node.shape[*axis].size as usize;
        axes.push(LaidBack { positions, taps, places, geometry: Geometry::new(*stride, *padding, *dilation), length });
        Some((einsum, axes, labels))
    }

    pub(super) fn fold(&mut self, at: ValueId, value: ValueId, axis: usize, geometry: Geometry) -> Value {
        if let Some((einsum, axes, output)) = self.laid_back(at) {
            return self.convolved_back(at, einsum, &axes, &output);
        }
        let dims = self.dims(at);
        let axis = axis + self.lead(at);
        let source = self.view(value);
        let sizes = (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product());
        let Geometry { stride, padding, dilation } = geometry;
        let buffer = source.buffer;
        let kernel = Fold { source, axis, stride, padding, dilation, sizes, scratch: Vec::new() };
        Value::Stored(self.emit(kernel, vec![buffer], Vec::new(), &dims))
    }

    /// The contraction with windows over the factor that has the positions: place p takes from position o where
    /// o·stride + t·dilation − padding = p.
    fn convolved_back(&mut self, at: ValueId, einsum: ValueId, axes: &[LaidBack], output: &[Label]) -> Value {
        let program = self.program;
        let Operation::Einsum { operands, coefficient, .. } = &program.node(einsum).operation else {
            unreachable!("a laid-back contraction is an einsum")
        };
        let mut factors = Vec::with_capacity(operands.len());
        for operand in operands {
            if !operand.labels.contains(&axes[0].positions) {
                factors.push(self.factor(operand));
                continue;
            }
            factors.push(self.windows_back(operand, axes, operands));
        }
        let dims = self.dims(at);
        let labels = with_batch(output, self.is_batched(at));
        self.contracted(factors, &labels, &dims, *coefficient)
    }

    fn windows_back(&mut self, operand: &Operand, axes: &[LaidBack], operands: &[Operand]) -> super::einsum::Factor {
        let view = self.view(operand.value);
        let labels = with_batch(&operand.labels, self.is_batched(operand.value));
        let taps_of = |label: Label| -> usize {
            let found = operands.iter().find_map(|other| {
                let axis = other.labels.iter().position(|own| *own == label)?;
                Some(self.program.node(other.value).shape[axis].size as usize)
            });
            found.expect("another factor has the taps")
        };
        let (mut dims, mut first, mut steps) = (view.dims.clone(), vec![0; view.dims.len()], vec![1; view.dims.len()]);
        // By axis of the view: borders in front, and the number of taps.
        let mut plans = Vec::new();
        for laid in axes {
            let axis = labels.iter().position(|label| *label == laid.positions).expect("the factor has all positions");
            let taps = taps_of(laid.taps);
            let Geometry { stride, padding, dilation } = laid.geometry;
            let front = ((taps - 1) * dilation).saturating_sub(padding);
            let needed = laid.length + padding + front;
            let spread = front + (view.dims[axis].max(1) - 1) * stride + 1;
            dims[axis] = needed.max(spread);
            first[axis] = front;
            steps[axis] = stride;
            plans.push((axis, *laid, taps, padding + front, dilation));
        }
        let base = if dims == view.dims { view } else { self.bordered(view, &dims, first, &steps, 0.0) };
        let mut windowed = View { buffer: base.buffer, offset: base.offset, dims: Vec::new(), strides: Vec::new() };
        let mut own = Vec::new();
        for (axis, &label) in labels.iter().enumerate() {
            let Some((_, laid, taps, start, dilation)) = plans.iter().find(|plan| plan.0 == axis) else {
                windowed.dims.push(base.dims[axis]);
                windowed.strides.push(base.strides[axis]);
                own.push(label);
                continue;
            };
            let stride = base.strides[axis];
            windowed.offset = (windowed.offset as isize + *start as isize * stride) as usize;
            windowed.dims.extend([laid.length, *taps]);
            windowed.strides.extend([stride, -stride * *dilation as isize]);
            own.extend([laid.places, laid.taps]);
        }
        debug_assert!(own.contains(&BATCH) || !self.is_batched(operand.value));
        super::einsum::Factor { chain: Chain::load(windowed), labels: own }
    }
}

fn adjoint_operand(adjoint: &Adjoint) -> ValueId {
    adjoint.operand().expect("a fold has an argument")
}
