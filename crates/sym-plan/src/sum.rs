//! Sums of a chain over some of its axes.

use crate::chain::Chain;
use crate::evaluator::{Evaluator, Registers};
use crate::memory::{Kernel, Memory};
use crate::passes::Examples;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use std::ops::Range;
use sym_kernels::arithmetic::{self, rounded};
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::Real;

/// Entries of the index space from which on rows of results are added up in parts, and the least number of rows of a part.
const LEAST_IN_PARTS: usize = 1 << 16;
/// The number of these parts. It is the same for any number of threads, as it decides in which order is summed.
const PARTS: usize = 8;

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
    evaluator: Evaluator,
    registers: Vec<Registers<T>>,
    order: Order,
    /// Entries summed into one result.
    summed: usize,
    factor: f64,
    /// Sums of all parts but the first.
    partial: Vec<T>,
}

impl<T: Real> Sum<T> {
    /// Sums `chain` over `axes`.
    pub fn new(chain: Chain, axes: &[usize], factor: f64) -> Self {
        let kept: Vec<usize> = (0..chain.dims.len()).filter(|axis| !axes.contains(axis)).collect();
        let summed: usize = axes.iter().map(|&axis| chain.dims[axis]).product();
        let results: usize = kept.iter().map(|&axis| chain.dims[axis]).product();
        let runs = |axis: usize| chain.dims[axis] > 1 && chain.loads.iter().any(|load| load.strides[axis] == 1);
        let order = if kept.iter().all(|&axis| chain.dims[axis] == 1) || axes.iter().any(|&axis| runs(axis)) {
            Order::Rows
        } else {
            Order::Columns
        };
        let (permutation, unit): (Vec<usize>, usize) = match order {
            Order::Rows => (kept.iter().chain(axes).copied().collect(), summed),
            Order::Columns => (axes.iter().chain(&kept).copied().collect(), results),
        };
        let dims: Vec<usize> = permutation.iter().map(|&axis| chain.dims[axis]).collect();
        let axes: Vec<Option<usize>> = permutation.into_iter().map(Some).collect();
        let evaluator = Evaluator::new(chain.arranged(&axes, &dims), unit);
        let is_in_parts = order == Order::Columns && summed * results >= LEAST_IN_PARTS;
        let partial = vec![rounded(0.0); if is_in_parts { (PARTS - 1) * results } else { 0 }];
        let mut registers = Vec::new();
        evaluator.provide(&mut registers, 1);
        Self { evaluator, registers, order, summed, factor, partial }
    }

    /// Each result as a sum over successive entries.
    fn rows(&mut self, out: &mut [T], memory: &Memory<T>) {
        let Self { evaluator, registers, summed, .. } = self;
        let parts = parts(out.len() * *summed * evaluator.operations());
        // Blocks begin at the same entries in every division.
        let unit = evaluator.unit.max(if evaluator.unit <= evaluator.block { evaluator.block } else { 1 });
        let unit = (unit / (*summed).max(1)).max(1);
        let length = part_length(out.len(), parts, unit);
        evaluator.provide(registers, parts);
        let fill = |part: usize, registers: &mut Registers<T>, out: &mut [T]| {
            let first = part * length;
            let entries = first * *summed..(first + out.len()) * *summed;
            evaluator.prepare(registers, memory);
            blocks(evaluator, registers, memory, entries, |at, values| {
                let (mut at, mut values) = (at, values);
                while !values.is_empty() {
                    let run = (*summed - at % *summed).min(values.len());
                    let (now, later) = values.split_at(run);
                    let result = &mut out[at / *summed - first];
                    *result = *result + arithmetic::sum(now);
                    (at, values) = (at + run, later);
                }
            });
        };
        if parts == 1 {
            fill(0, &mut registers[0], out);
        } else {
            registers
                .par_iter_mut()
                .zip(out.par_chunks_mut(length))
                .enumerate()
                .for_each(|(part, (registers, out))| fill(part, registers, out));
        }
    }

    /// Rows of results added up, in parts that are added up then.
    fn columns(&mut self, out: &mut [T], memory: &Memory<T>) {
        let Self { evaluator, registers, summed, partial, .. } = self;
        let results = out.len();
        let unit = evaluator.unit / results.max(1);
        let of_part = if partial.is_empty() { *summed } else { part_length(*summed, PARTS, unit.max(1)) };
        let fill = |part: usize, registers: &mut Registers<T>, out: &mut [T]| {
            let entries = (part * of_part).min(*summed) * results..((part + 1) * of_part).min(*summed) * results;
            evaluator.prepare(registers, memory);
            blocks(evaluator, registers, memory, entries, |at, values| {
                let (mut at, mut values) = (at, values);
                while !values.is_empty() {
                    let first = at % results;
                    let (now, later) = values.split_at((results - first).min(values.len()));
                    arithmetic::add(&mut out[first..first + now.len()], now);
                    (at, values) = (at + now.len(), later);
                }
            });
        };
        if partial.is_empty() {
            fill(0, &mut registers[0], out);
            return;
        }
        partial.fill(rounded(0.0));
        if parts(results * *summed * evaluator.operations()) == 1 {
            fill(0, &mut registers[0], out);
            partial.chunks_exact_mut(results).enumerate().for_each(|(part, out)| fill(part + 1, &mut registers[0], out));
        } else {
            evaluator.provide(registers, PARTS);
            let (first, others) = registers.split_at_mut(1);
            rayon::join(
                || fill(0, &mut first[0], out),
                || {
                    others
                        .par_iter_mut()
                        .zip(partial.par_chunks_exact_mut(results))
                        .enumerate()
                        .for_each(|(part, (registers, out))| fill(part + 1, registers, out));
                },
            );
        }
        partial.chunks_exact(results).for_each(|part| arithmetic::add(out, part));
    }
}

/// Evaluates the blocks of a range of entries, whose first is the beginning of a unit. Where units are longer than blocks, blocks begin with them.
fn blocks<T: Real>(
    evaluator: &Evaluator,
    registers: &mut Registers<T>,
    memory: &Memory<T>,
    entries: Range<usize>,
    mut take: impl FnMut(usize, &[T]),
) {
    let unit = if evaluator.unit <= evaluator.block { entries.len().max(1) } else { evaluator.unit };
    let mut start = entries.start;
    while start < entries.end {
        let behind = (start + unit).min(entries.end);
        while start < behind {
            let count = evaluator.block.min(behind - start);
            take(start, evaluator.evaluate(registers, memory, start, count));
            start += count;
        }
    }
}

impl<T: Real> Kernel<T> for Sum<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, _: Option<Examples>) {
        out.fill(rounded(0.0));
        if out.is_empty() || self.summed == 0 {
            return;
        }
        match self.order {
            Order::Rows => self.rows(out, memory),
            Order::Columns => self.columns(out, memory),
        }
        if self.factor != 1.0 {
            arithmetic::scale(out, rounded(self.factor));
        }
    }
}
