//! Steps that treat each row of an array by itself: statistics of norms, and derivatives of norms and of softmax in one pass.

use crate::memory::{Kernel, Memory};
use crate::passes::{Examples, Split, start};
use crate::view::{Buffer, View};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};
use sym_kernels::normalise::{self, Over};
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::Real;
use sym_kernels::softmax;

/// Operations an entry, about.
const OPERATIONS: usize = 4;

/// Mean (0 where none is subtracted) and inverse deviation of rows, as an array [2, rows].
#[derive(Debug)]
pub(crate) struct RowStatistics {
    /// Contiguous.
    pub source: View,
    pub length: usize,
    pub centre: bool,
    pub epsilon: f64,
}

impl<T: Real> Kernel<T> for RowStatistics {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, _: Option<Examples>) {
        let rows = out.len() / 2;
        let entries = &memory.read(self.source.buffer)[self.source.offset..][..rows * self.length];
        let (means, inverses) = out.split_at_mut(rows);
        if rows == 0 || self.length == 0 {
            return;
        }
        let count = part_length(rows, parts(entries.len() * OPERATIONS), 1);
        let fill = |((values, means), inverses): ((&[T], &mut [T]), &mut [T])| {
            normalise::statistics(self.length, self.centre, self.epsilon, values, means, inverses);
        };
        if count == rows {
            fill(((entries, means), inverses));
        } else {
            let shares = entries.par_chunks(count * self.length).zip(means.par_chunks_mut(count));
            shares.zip(inverses.par_chunks_mut(count)).for_each(fill);
        }
    }
}

/// What turns the gradient of a row into that of the row it is a function of.
#[derive(Debug, Clone)]
pub(crate) enum RowRule {
    /// y ⊙ (g − ∑ y g) over the middle axis of [rows, length, inner].
    Softmax { inner: usize },
    /// r (g − ⟨g⟩ − y ⟨y g⟩), ⟨g⟩ only where the mean is subtracted.
    Normalise { inverses: View, centre: bool },
}

/// The gradient of the argument for the gradient of the result y, row by row.
#[derive(Debug)]
pub(crate) struct RowsBackward {
    pub y: Buffer,
    pub gradient: Buffer,
    pub length: usize,
    pub rule: RowRule,
}

impl<T: Real> Kernel<T> for RowsBackward {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        let start = start(examples, out.len());
        let unit = self.length * if let RowRule::Softmax { inner } = self.rule { inner } else { 1 };
        if out.is_empty() || unit == 0 {
            return;
        }
        let y = memory.read(self.y);
        let gradient = memory.get(self.gradient);
        let fill = |first: usize, out: &mut [T]| {
            let first = start + first;
            let entries = first..first + out.len();
            if let Some(gradient) = gradient {
                out.copy_from_slice(&gradient[entries.clone()]);
            }
            let y = &y[entries];
            match &self.rule {
                RowRule::Softmax { inner: 1 } => softmax::rows_backward(y, out, self.length),
                RowRule::Softmax { inner } => softmax::columns_backward(y, out, self.length, *inner),
                RowRule::Normalise { inverses, centre } => {
                    let inverses =
                        &memory.read(inverses.buffer)[inverses.offset + first / self.length..][..out.len() / self.length];
                    normalise::backward(Over::Rows { n: self.length }, *centre, y, inverses, out);
                }
            }
        };
        let length = part_length(out.len(), parts(out.len() * OPERATIONS), unit);
        if length >= out.len() {
            fill(0, out);
        } else {
            out.par_chunks_mut(length).enumerate().for_each(|(part, out)| fill(part * length, out));
        }
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        let (unit, is_whole) = match &self.rule {
            RowRule::Softmax { inner } => (self.length * inner, true),
            RowRule::Normalise { inverses, .. } => (self.length, !split.is_within(inverses.buffer)),
        };
        (is_whole && split.each().is_multiple_of(unit.max(1))).then(|| split.each() * OPERATIONS)
    }
}
