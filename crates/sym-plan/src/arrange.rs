//! Entries moved and added up by position: joined and padded arrays, and windows laid back.

use crate::load::copy;
use crate::memory::{Kernel, Memory};
use crate::passes::{Examples, Split};
use crate::view::{Odometer, View, collapsed, row_major};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::arithmetic::{self, rounded};
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::Real;

/// Copies views into parts of a row-major array; what no part covers keeps what it holds (a pinned buffer) or is cleared.
#[derive(Debug)]
pub(crate) struct Place {
    parts: Vec<Part>,
    clears: bool,
    /// The size of the first axis, where row k of each source goes to row k of the result.
    rows: Option<usize>,
}

/// Operations an entry, about.
const OPERATIONS: usize = 4;

#[derive(Debug)]
struct Part {
    source: View,
    /// Offset and strides in the result.
    offset: usize,
    strides: Vec<isize>,
}

impl Place {
    /// Each source goes to the index where its first entry shall be, in an array of `dims`; along axis k it takes `steps[k]` places a step.
    pub fn new(sources: Vec<(View, Vec<usize>)>, dims: &[usize], steps: &[usize], clears: bool) -> Self {
        let target = row_major(dims);
        let rows = dims
            .first()
            .copied()
            .filter(|&rows| steps[0] == 1 && sources.iter().all(|(source, first)| first[0] == 0 && source.dims[0] == rows));
        let parts = sources
            .into_iter()
            .map(|(source, first)| {
                let offset = first.iter().zip(&target).map(|(&at, &stride)| at * stride as usize).sum();
                let strides = target.iter().zip(steps).map(|(&stride, &step)| stride * step as isize).collect();
                Part { source, offset, strides }
            })
            .collect();
        Self { parts, clears, rows }
    }
}

impl Place {
    /// Fills the `count` rows of the result from row `first` on, or all that its parts cover where rows mean nothing.
    fn fill<T: Real>(&self, out: &mut [T], rows: Option<(usize, usize)>, memory: &Memory<T>) {
        if self.clears {
            out.fill(rounded(0.0));
        }
        for part in &self.parts {
            let source = match rows {
                None => part.source.clone(),
                Some((first, count)) => part.source.sliced(0, first, count),
            };
            if source.dims.contains(&0) {
                continue;
            }
            let entries = memory.read(source.buffer);
            let (mut sizes, mut strides) = collapsed(&source.dims, &[&source.strides, &part.strides]);
            let (row, from, to) = (sizes.pop().unwrap_or(1), strides[0].pop().unwrap_or(1), strides[1].pop().unwrap_or(1));
            let mut outer = Odometer::new(sizes, strides, vec![source.offset as isize, part.offset as isize]);
            loop {
                let (mut source, mut target) = (outer.offsets[0], outer.offsets[1]);
                if from == 1 && to == 1 {
                    let (source, target) = (source as usize, target as usize);
                    out[target..target + row].copy_from_slice(&entries[source..source + row]);
                } else {
                    for _ in 0..row {
                        out[target as usize] = entries[source as usize];
                        source += from;
                        target += to;
                    }
                }
                if !outer.advance() {
                    break;
                }
            }
        }
    }
}

impl<T: Real> Kernel<T> for Place {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        let parts = parts(out.len() * OPERATIONS);
        let all = || self.rows.filter(|&rows| parts > 1 && rows > 1).map(|rows| Examples { first: 0, count: rows });
        let Some(Examples { first, count: rows }) = examples.or_else(all) else {
            return self.fill(out, None, memory);
        };
        let count = part_length(rows, parts, 1);
        out.par_chunks_mut(out.len() / rows * count)
            .enumerate()
            .for_each(|(part, out)| self.fill(out, Some((first + part * count, count.min(rows - part * count))), memory));
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        let keeps = self.rows == Some(split.batch) && self.parts.iter().all(|part| split.keeps(&part.source));
        keeps.then(|| split.each() * OPERATIONS)
    }
}

/// The adjoint of windows over one axis: entries [outer, positions, taps, inner] are added up at `o·stride + t·dilation − padding`.
#[derive(Debug)]
pub(crate) struct Fold<T> {
    pub source: View,
    pub axis: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    /// Sizes of the result in front of, along and behind the axis.
    pub sizes: (usize, usize, usize),
    /// The source as a row-major array, where it is none.
    pub scratch: Vec<T>,
}

impl<T: Real> Kernel<T> for Fold<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        out.fill(rounded(0.0));
        let (_, length, inner) = self.sizes;
        let outer = out.len() / (length * inner).max(1);
        let source = match examples {
            None => self.source.clone(),
            Some(Examples { first, count }) => self.source.sliced(0, first, count),
        };
        let (positions, taps) = (source.dims[self.axis], source.dims[self.axis + 1]);
        let entries = if source.is_contiguous() {
            &memory.read(source.buffer)[source.offset..]
        } else {
            self.scratch.resize(outer * positions * taps * inner, rounded(0.0));
            copy(&source, memory, &mut self.scratch);
            &self.scratch
        };
        for part in 0..outer {
            for position in 0..positions {
                for tap in 0..taps {
                    let Some(at) = (position * self.stride + tap * self.dilation).checked_sub(self.padding) else { continue };
                    if at >= length {
                        continue;
                    }
                    let (target, source) = ((part * length + at) * inner, ((part * positions + position) * taps + tap) * inner);
                    arithmetic::add(&mut out[target..target + inner], &entries[source..source + inner]);
                }
            }
        }
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        let keeps = self.axis > 0 && self.source.dims[0] == split.batch && split.keeps(&self.source);
        keeps.then(|| self.source.dims.iter().skip(1).product::<usize>() * OPERATIONS)
    }
}
