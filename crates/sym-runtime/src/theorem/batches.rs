//! The order of examples: all models of a theorem see the same batches.

use super::objective::Batch;
use crate::Stream;
use crate::data::Examples;
use burn::tensor::Device;
use sym_ir::experiment::{Optimizer, Theorem};
use sym_lower::Module;

/// The batches of a run, one after another, each in two orders of summation.
pub(super) struct Batches<'a> {
    examples: &'a Examples,
    size: Option<usize>,
    seed: u64,
    epoch: u64,
    rest: Vec<usize>,
    /// All examples.
    pub all: InTwoOrders,
}

/// One batch in two orders. A mean over examples is the same in both, up to rounding.
#[derive(Debug, Clone)]
pub(super) struct InTwoOrders {
    /// As drawn.
    pub forward: Batch,
    /// The last example first; `None` where there is only one, so that nothing can be summed in another order.
    pub backward: Option<Batch>,
}

impl InTwoOrders {
    fn new(module: &Module, examples: &Examples, rows: &[usize]) -> Self {
        let device = Device::flex().autodiff();
        let batch = |rows: &[usize]| Batch::new(module, &examples.select(rows), &device);
        let backward: Vec<usize> = rows.iter().rev().copied().collect();
        Self { forward: batch(rows), backward: (rows.len() > 1).then(|| batch(&backward)) }
    }
}

impl<'a> Batches<'a> {
    /// The order that a theorem's seed gives.
    pub fn new(theorem: &Theorem, optimizer: Optimizer, examples: &'a Examples, module: &Module) -> Self {
        let count = examples.len();
        let size = optimizer.batch.and_then(|batch| usize::try_from(batch).ok()).filter(|&batch| batch > 0 && batch < count);
        let all = InTwoOrders::new(module, examples, &(0..count).collect::<Vec<_>>());
        Self { examples, size, seed: theorem.seed, epoch: 0, rest: Vec::new(), all }
    }

    /// The next batch.
    pub fn next(&mut self, module: &Module) -> InTwoOrders {
        let Some(size) = self.size else { return self.all.clone() };
        if self.rest.is_empty() {
            self.rest = Stream::new(self.seed, "batches", &self.epoch.to_string()).order(self.examples.len());
            self.epoch += 1;
        }
        let rows: Vec<usize> = self.rest.drain(..size.min(self.rest.len())).collect();
        InTwoOrders::new(module, self.examples, &rows)
    }
}
