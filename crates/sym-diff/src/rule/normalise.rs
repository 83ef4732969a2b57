//! Normalisation by mean and variance.
//!
//! With y = (x − m) r and r = 1/√(v + ε), dr = −r² ⟨y dx⟩ and dy = r (dx − ⟨dx⟩ − y ⟨y dx⟩), means ⟨·⟩ over the entries of the statistics and
//! ⟨dx⟩ only where the mean is subtracted. The second is symmetric in the entries, so that it is both rules.

use crate::graph::Graph;
use sym_ir::{Adjoint, Operation, Term, ValueId};

/// A normalisation.
pub struct Norm<'a> {
    pub value: ValueId,
    pub axes: &'a [usize],
    pub batch: bool,
    pub centre: bool,
    pub epsilon: f64,
}

impl Norm<'_> {
    /// Whether statistics run over the batch.
    fn is_over_batch(&self, graph: &Graph) -> bool {
        self.batch && graph.is_batched(self.value)
    }

    /// The axes that the statistics keep.
    fn kept(&self, graph: &Graph) -> Vec<usize> {
        (0..graph.rank(self.value)).filter(|axis| !self.axes.contains(axis)).collect()
    }

    fn result(&self, graph: &mut Graph) -> ValueId {
        let (value, axes, shape) = (self.value, self.axes.to_vec(), graph.shape(self.value).to_vec());
        let (batch, centre, epsilon) = (self.batch, self.centre, self.epsilon);
        graph.push(Operation::Normalise { value, axes, batch, centre, epsilon }, shape)
    }

    fn inverse(&self, graph: &mut Graph) -> ValueId {
        let (value, axes) = (self.value, self.axes.to_vec());
        let shape = self.kept(graph).into_iter().map(|axis| graph.shape(value)[axis].clone()).collect();
        let (batch, centre, epsilon) = (self.batch, self.centre, self.epsilon);
        graph.adjoint(Adjoint::InverseDeviation { value, axes, batch, centre, epsilon }, shape)
    }

    /// One over the number of entries along the axes of the statistics.
    fn share(&self, graph: &Graph) -> f64 {
        1.0 / self.axes.iter().map(|&axis| graph.shape(self.value)[axis].size as f64).product::<f64>()
    }

    /// The mean of a product of values over the entries of the statistics.
    fn mean(&self, graph: &mut Graph, values: &[ValueId]) -> ValueId {
        let share = self.share(graph);
        let mean = graph.sum_over(values, self.axes, share);
        if self.is_over_batch(graph) { graph.over_batch(mean, true) } else { mean }
    }

    /// The cotangent of the argument for that of the result; the same for tangents from the argument on.
    pub fn either(&self, graph: &mut Graph, moved: ValueId) -> ValueId {
        let (result, inverse, kept) = (self.result(graph), self.inverse(graph), self.kept(graph));
        let all: Vec<usize> = (0..graph.rank(result)).collect();
        let along = self.mean(graph, &[result, moved]);
        let along = graph.times(result, along, &kept);
        let mut terms =
            vec![Term { value: moved, coefficient: 1.0, axes: all.clone() }, Term { value: along, coefficient: -1.0, axes: all }];
        if self.centre {
            terms.push(Term { value: self.mean(graph, &[moved]), coefficient: -1.0, axes: kept.clone() });
        }
        let away = graph.add(terms);
        graph.times(away, inverse, &kept)
    }

    /// The tangent of r for that of the argument.
    pub fn push_inverse(&self, graph: &mut Graph, tangent: ValueId) -> ValueId {
        let (result, inverse) = (self.result(graph), self.inverse(graph));
        let mean = self.mean(graph, &[result, tangent]);
        graph.sum_over(&[inverse, inverse, mean], &[], -1.0)
    }

    /// The cotangent of the argument for that of r.
    pub fn pull_inverse(&self, graph: &mut Graph, cotangent: ValueId) -> ValueId {
        let (result, inverse, kept) = (self.result(graph), self.inverse(graph), self.kept(graph));
        let share = -self.share(graph);
        let over_batch = self.is_over_batch(graph);
        let cotangent = if over_batch { graph.over_batch(cotangent, false) } else { cotangent };
        let mut each = graph.sum_over(&[inverse, inverse, cotangent], &[], share);
        if over_batch {
            let count = graph.inverse_count();
            each = graph.times(each, count, &[]);
        }
        graph.times(result, each, &kept)
    }
}
