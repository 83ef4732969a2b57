//! The training loss as a function of trained entries, for sampling.

use super::Instruments;
use crate::Stream;
use std::convert::Infallible;
use sym_infer::Weights;
use sym_measure::learning_coefficient::Loss;

/// The loss of all training examples, estimated from batches.
#[derive(Debug)]
pub struct Landscape<'l, 'a> {
    /// What computes it.
    pub instruments: &'l mut Instruments<'a>,
    /// The weights; those that are not trained stay.
    pub weights: &'l Weights,
    /// Examples of a batch; with as many as there are, all of them in order.
    pub batch: usize,
}

impl Loss for Landscape<'_, '_> {
    type Error = Infallible;

    fn size(&self) -> usize {
        self.instruments.coordinates().size()
    }

    fn value(&mut self, point: &[f64]) -> Result<f64, Infallible> {
        let weights = self.instruments.coordinates().replaced(self.weights, point);
        let rows = self.instruments.rows(usize::MAX);
        Ok(self.instruments.mean_loss(&weights, &rows, self.batch))
    }

    fn sample(&mut self, point: &[f64], batch: &mut Stream, gradient: &mut [f64]) -> Result<f64, Infallible> {
        let count = self.instruments.count();
        let rows = if self.batch >= count {
            self.instruments.rows(count)
        } else {
            (0..self.batch).map(|_| batch.below(count as u64) as usize).collect()
        };
        let weights = self.instruments.coordinates().replaced(self.weights, point);
        Ok(self.instruments.gradient(&weights, &rows, gradient))
    }
}
