//! Sums of a chain over some of its axes.

use crate::chain::Chain;
use crate::evaluator::Evaluator;
use crate::memory::{Kernel, Memory};
use sym_kernels::arithmetic::{self, rounded};
use sym_kernels::slice::Real;

/// How the index space is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Kept axes outside: each result is a sum over successive entries.
    Rows,
    /// Summed axes outside: rows of results are added up.
    Columns,
}

/// The sum of a chain over axes, as a row-major array of the others, times a factor.
#[derive(Debug)]
pub(crate) struct Sum<T> {
    evaluator: Evaluator<T>,
    order: Order,
    /// Entries summed into one result.
    summed: usize,
    factor: f64,
}

impl<T: Real> Sum<T> {
    /// Sums `chain` over `axes`.
    pub fn new(chain: Chain, axes: &[usize], factor: f64) -> Self {
        let kept: Vec<usize> = (0..chain.dims.len()).filter(|axis| !axes.contains(axis)).collect();
        let summed: usize = axes.iter().map(|&axis| chain.dims[axis]).product();
        let runs = |axis: usize| chain.dims[axis] > 1 && chain.loads.iter().any(|load| load.strides[axis] == 1);
        let order = if kept.iter().all(|&axis| chain.dims[axis] == 1) || axes.iter().any(|&axis| runs(axis)) {
            Order::Rows
        } else {
            Order::Columns
        };
        let permutation: Vec<usize> = match order {
            Order::Rows => kept.iter().chain(axes).copied().collect(),
            Order::Columns => axes.iter().chain(&kept).copied().collect(),
        };
        let dims: Vec<usize> = permutation.iter().map(|&axis| chain.dims[axis]).collect();
        let axes: Vec<Option<usize>> = permutation.into_iter().map(Some).collect();
        Self { evaluator: Evaluator::new(chain.arranged(&axes, &dims)), order, summed, factor }
    }
}

impl<T: Real> Kernel<T> for Sum<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        out.fill(rounded(0.0));
        self.evaluator.prepare(memory);
        let (length, block) = (self.evaluator.length(), self.evaluator.block);
        let results = out.len();
        let mut start = 0;
        while start < length {
            let count = block.min(length - start);
            let mut values = self.evaluator.evaluate(memory, start, count);
            let mut at = start;
            while !values.is_empty() {
                let run = match self.order {
                    Order::Rows => self.summed - at % self.summed,
                    Order::Columns => results - at % results,
                };
                let (now, later) = values.split_at(run.min(values.len()));
                match self.order {
                    Order::Rows => {
                        let result = at / self.summed;
                        let part = arithmetic::sum(now);
                        out[result] = out[result] + part;
                    }
                    Order::Columns => {
                        let first = at % results;
                        arithmetic::add(&mut out[first..first + now.len()], now);
                    }
                }
                at += now.len();
                values = later;
            }
            start += count;
        }
        if self.factor != 1.0 {
            arithmetic::scale(out, rounded(self.factor));
        }
    }
}
