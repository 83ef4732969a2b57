//! Means and deviations of norms.

use super::{Planner, Value};
use crate::chain::{Chain, Link};
use crate::sum::Sum;
use crate::view::View;
use sym_ir::ValueId;
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
        let count: usize = axes.iter().map(|&axis| source.dims[axis]).product();
        let share = 1.0 / count as f64;
        let mean = centre.then(|| self.summed(Chain::load(source.clone()), axes, share));
        let deviation = deviation(&source, mean.as_ref(), axes);
        let square = deviation.then(|last| Link::Multiply(last, last));
        let variance = Chain::load(self.summed(square, axes, share));
        let inverse = variance.then(|last| Link::Shift(last, epsilon)).then(Link::SquareRoot).then(Link::Reciprocal);
        let inverse_deviation = self.evaluated(inverse);
        let statistics = Statistics { value, axes: axes.to_vec(), centre, epsilon, mean, inverse_deviation };
        self.statistics.push(statistics.clone());
        statistics
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
