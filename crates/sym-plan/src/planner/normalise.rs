//! Means and deviations of norms.

use super::{Planner, Value};
use crate::chain::{Chain, Link};
use crate::rows::RowStatistics;
use crate::sum::Sum;
use crate::view::View;
use sym_ir::{Operand, Operation, ValueId};
use sym_kernels::slice::Real;

/// The statistics of a value, computed once for all that need them.
#[derive(Debug, Clone)]
pub(super) struct Statistics {
    value: ValueId,
    axes: Vec<usize>,
    centre: bool,
    epsilon: f64,
    mean: Option<View>,
    inverse_deviation: View,
}

impl<T: Real> Planner<'_, T> {
    /// The sum of a chain over axes in memory.
    pub(super) fn summed(&mut self, chain: Chain, axes: &[usize], factor: f64) -> View {
        let dims: Vec<usize> = (0..chain.dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| chain.dims[axis]).collect();
        let (reads, _) = chain.buffers();
        self.emit(Sum::new(chain, axes, factor), reads, Vec::new(), &dims)
    }

    /// Axes of the array over which statistics run.
    fn statistics_axes(&self, value: ValueId, axes: &[usize], batch: bool) -> Vec<usize> {
        let lead = self.lead(value);
        let own = (batch && lead == 1).then_some(0);
        own.into_iter().chain(axes.iter().map(|axis| axis + lead)).collect()
    }

    fn statistics(&mut self, value: ValueId, axes: &[usize], centre: bool, epsilon: f64) -> Statistics {
        let known = self
            .statistics
            .iter()
            .find(|known| known.value == value && known.axes == axes && known.centre == centre && known.epsilon == epsilon);
        if let Some(known) = known {
            return known.clone();
        }
        let source = self.view(value);
        let (mean, inverse_deviation) = match rows(&source.dims, axes) {
            Some(length) if source.is_contiguous() => self.row_statistics(&source, length, axes.len(), centre, epsilon),
            _ => self.composed_statistics(&source, axes, centre, epsilon),
        };
        let statistics = Statistics { value, axes: axes.to_vec(), centre, epsilon, mean, inverse_deviation };
        self.statistics.push(statistics.clone());
        statistics
    }

    /// The mean over the batch of a value, where a norm has computed it: of the argument, or of its mean over further axes.
    pub(super) fn mean_of_norm(&self, value: ValueId) -> Option<View> {
        let (source, axes) = match &self.program.node(value).operation {
            Operation::Einsum { operands, output, coefficient } => {
                let [Operand { value: source, labels }] = &operands[..] else { return None };
                let shape = &self.program.node(*source).shape;
                let axes: Vec<usize> = (0..labels.len()).filter(|&axis| !output.contains(&labels[axis])).collect();
                let kept = (0..labels.len()).filter(|axis| !axes.contains(axis)).map(|axis| labels[axis]);
                let positions: f64 = axes.iter().map(|&axis| shape[axis].size as f64).product();
                (*coefficient == 1.0 / positions && kept.eq(output.iter().copied())).then_some((*source, axes))?
            }
            _ => (value, Vec::new()),
        };
        let axes = self.statistics_axes(source, &axes, true);
        let mut known = self.statistics.iter().filter(|known| known.value == source && known.axes == axes);
        known.find_map(|known| known.mean.clone())
    }

    /// Mean, where it is subtracted, and inverse deviation as sums of chains.
    fn composed_statistics(&mut self, source: &View, axes: &[usize], centre: bool, epsilon: f64) -> (Option<View>, View) {
        let count: usize = axes.iter().map(|&axis| source.dims[axis]).product();
        let share = 1.0 / count as f64;
        let mean = centre.then(|| self.summed(Chain::load(source.clone()), axes, share));
        let deviation = deviation(source, mean.as_ref(), axes);
        let square = deviation.then(|last| Link::Multiply(last, last));
        let variance = Chain::load(self.summed(square, axes, share));
        let inverse = variance.then(|last| Link::Shift(last, epsilon)).then(Link::SquareRoot).then(Link::Reciprocal);
        (mean, self.evaluated(inverse))
    }

    /// The same of rows, whose last `axes` axes they are, in one pass over memory: [2, rows].
    fn row_statistics(&mut self, source: &View, length: usize, axes: usize, centre: bool, epsilon: f64) -> (Option<View>, View) {
        let kept = &source.dims[..source.dims.len() - axes];
        let dims: Vec<usize> = std::iter::once(2).chain(kept.iter().copied()).collect();
        let kernel = RowStatistics { source: source.clone(), length, centre, epsilon };
        let both = self.emit(kernel, vec![source.buffer], Vec::new(), &dims);
        let [mean, inverse_deviation] = [0, 1].map(|at| {
            let one = both.sliced(0, at, 1);
            View { dims: one.dims[1..].to_vec(), strides: one.strides[1..].to_vec(), ..one }
        });
        (centre.then_some(mean), inverse_deviation)
    }

    pub(super) fn normalise(&mut self, value: ValueId, axes: &[usize], batch: bool, centre: bool, epsilon: f64) -> Value {
        let axes = self.statistics_axes(value, axes, batch);
        let statistics = self.statistics(value, &axes, centre, epsilon);
        let source = self.view(value);
        let scale = repeated(&statistics.inverse_deviation, &source.dims, &axes);
        Value::Pending(deviation(&source, statistics.mean.as_ref(), &axes).joined(Chain::load(scale), Link::Multiply))
    }

    pub(super) fn inverse_deviation(&mut self, value: ValueId, axes: &[usize], batch: bool, centre: bool, epsilon: f64) -> Value {
        let axes = self.statistics_axes(value, axes, batch);
        Value::Stored(self.statistics(value, &axes, centre, epsilon).inverse_deviation)
    }
}

/// The length of rows, where the axes are the last ones.
pub(super) fn rows(dims: &[usize], axes: &[usize]) -> Option<usize> {
    let first = dims.len() - axes.len();
    (first..dims.len()).eq(axes.iter().copied()).then(|| dims[first..].iter().product())
}

/// x − m, or x.
fn deviation(source: &View, mean: Option<&View>, axes: &[usize]) -> Chain {
    let own = Chain::load(source.clone());
    match mean {
        None => own,
        Some(mean) => own.joined(Chain::load(repeated(mean, &source.dims, axes)).scaled(-1.0), Link::Add),
    }
}

/// Statistics repeated along the axes over which they run.
fn repeated(statistics: &View, dims: &[usize], axes: &[usize]) -> View {
    let mut next = 0;
    let places: Vec<Option<usize>> = (0..dims.len())
        .map(|axis| {
            if axes.contains(&axis) {
                return None;
            }
            next += 1;
            Some(next - 1)
        })
        .collect();
    statistics.arranged(&places, dims)
}
