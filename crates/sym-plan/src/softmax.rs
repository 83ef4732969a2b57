//! Softmax over one axis.

use crate::evaluator::{Evaluator, Registers};
use crate::memory::{Kernel, Memory};
use crate::passes::{Examples, Split, start};
use crate::view::Buffer;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::Real;
use sym_kernels::softmax;

/// Operations an entry, about.
const OPERATIONS: usize = 10;
/// Entries that are evaluated and normalised together, about: they stay in the first-level cache.
const BLOCK: usize = 4096;

/// Softmax of a row-major array [outer, length, inner] over its middle axis.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub source: Buffer,
    pub length: usize,
    pub inner: usize,
}

impl<T: Real> Kernel<T> for Softmax {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        let unit = self.length * self.inner;
        let start = start(examples, out.len());
        if unit == 0 {
            return;
        }
        let entries = memory.get(self.source);
        let parts = parts(out.len() * OPERATIONS);
        let length = part_length(out.len(), parts, unit);
        let fill = |part: usize, out: &mut [T]| {
            if let Some(entries) = entries {
                out.copy_from_slice(&entries[start + part * length..][..out.len()]);
            }
            if self.inner == 1 {
                softmax::rows(out, self.length);
            } else {
                softmax::columns(out, self.length, self.inner);
            }
        };
        if parts == 1 {
            fill(0, out);
        } else {
            out.par_chunks_mut(length).enumerate().for_each(|(part, out)| fill(part, out));
        }
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        let is_whole = split.each().is_multiple_of((self.length * self.inner).max(1));
        is_whole.then(|| split.each() * OPERATIONS)
    }
}

/// Softmax over the last axis of a chain, such as scaled scores with a mask, in one pass over memory.
#[derive(Debug)]
pub(crate) struct SoftmaxOfChain<T> {
    evaluator: Evaluator,
    registers: Vec<Registers<T>>,
    length: usize,
}

impl<T: Real> SoftmaxOfChain<T> {
    /// `evaluator` is of a chain in units of rows of `length` entries.
    pub fn new(evaluator: Evaluator, length: usize) -> Self {
        Self { evaluator, registers: Vec::new(), length }
    }
}

impl<T: Real> Kernel<T> for SoftmaxOfChain<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        if self.length == 0 || out.is_empty() {
            return;
        }
        let Self { evaluator, registers, length } = self;
        let unit = evaluator.unit;
        let start = start(examples, out.len());
        let parts = parts(out.len() * (evaluator.operations() + OPERATIONS));
        let of_part = part_length(out.len(), parts, unit);
        let of_block = unit * (BLOCK / unit).max(1);
        evaluator.provide(registers, parts);
        let fill = |part: usize, registers: &mut Registers<T>, out: &mut [T]| {
            for (at, block) in out.chunks_mut(of_block).enumerate() {
                evaluator.fill(registers, memory, start + part * of_part + at * of_block, block);
                softmax::rows(block, *length);
            }
        };
        if parts == 1 {
            fill(0, &mut registers[0], out);
        } else {
            registers
                .par_iter_mut()
                .zip(out.par_chunks_mut(of_part))
                .enumerate()
                .for_each(|(part, (registers, out))| fill(part, registers, out));
        }
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        self.evaluator.is_by_example(split).then(|| split.each() * (self.evaluator.operations() + OPERATIONS))
    }
}
