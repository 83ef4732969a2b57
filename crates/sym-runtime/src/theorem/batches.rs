//! The order of examples: all models of a theorem see the same batches.

use crate::Stream;
use sym_ir::experiment::{Optimizer, Theorem};

/// The batches of a run, one after another, each in two orders of summation.
pub(super) struct Batches {
    examples: usize,
    size: Option<usize>,
    seed: u64,
    epoch: u64,
    rest: Vec<usize>,
}

/// One batch in two orders. A mean over examples is the same in both, up to rounding.
#[derive(Debug, Clone)]
pub(super) struct InTwoOrders {
    /// As drawn; `None` for all examples in order.
    pub forward: Option<Vec<usize>>,
    /// The last example first; `None` where there is only one, so that nothing can be summed in another order.
    pub backward: Option<Vec<usize>>,
}

impl Batches {
    /// The order that a theorem's seed gives.
    pub fn new(theorem: &Theorem, optimizer: Optimizer, examples: usize) -> Self {
        let size = optimizer.batch.and_then(|batch| usize::try_from(batch).ok()).filter(|&batch| batch > 0 && batch < examples);
        Self { examples, size, seed: theorem.seed, epoch: 0, rest: Vec::new() }
    }

    /// The next batch.
    pub fn next(&mut self) -> InTwoOrders {
        let Some(size) = self.size else {
            return InTwoOrders { forward: None, backward: (self.examples > 1).then(|| (0..self.examples).rev().collect()) };
        };
        if self.rest.is_empty() {
            self.rest = Stream::new(self.seed, "batches", &self.epoch.to_string()).order(self.examples);
            self.epoch += 1;
        }
        let rows: Vec<usize> = self.rest.drain(..size.min(self.rest.len())).collect();
        let backward = (rows.len() > 1).then(|| rows.iter().rev().copied().collect());
        InTwoOrders { forward: Some(rows), backward }
    }
}
