//! Copies of what does not lie as a matrix.

use super::index::{Index, StrideOf, volume};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::share::parts;
use sym_kernels::slice::Real;

/// Operations an entry, about.
const OPERATIONS: usize = 4;

/// A copied matrix: the indices that are copied, outermost first, with their strides in the array.
#[derive(Debug)]
pub(super) struct Copied {
    sizes: Vec<usize>,
    strides: Vec<isize>,
    pub length: usize,
}

impl Copied {
    /// A copy of a factor over (own, summed) indices, in the order that reads memory best; gives it and the strides (own, summed) of the copy.
    pub fn factor(own: &[Index], summed: &[Index], stride: StrideOf) -> (Self, (isize, isize)) {
        if is_own_inside(own, summed, stride) {
            (Self::new(summed, own, stride), (1, volume(own) as isize))
        } else {
            (Self::new(own, summed, stride), (volume(summed) as isize, 1))
        }
    }

    /// A copy over outer and inner indices.
    pub fn new(outer: &[Index], inner: &[Index], stride: StrideOf) -> Self {
        let order: Vec<Index> = outer.iter().chain(inner).copied().collect();
        Self {
            sizes: order.iter().map(|index| index.size).collect(),
            strides: order.iter().map(stride).collect(),
            length: volume(&order),
        }
    }

    /// Copies from the array; several threads share large copies if they may.
    pub fn fill<T: Real>(&self, from: &[T], offset: isize, to: &mut [T], may_share: bool) {
        match (&self.sizes[..], &self.strides[..]) {
            ([size, sizes @ ..], [stride, strides @ ..]) if may_share && parts(self.length * OPERATIONS) > 1 => to
                .par_chunks_mut(self.length / size)
                .enumerate()
                .for_each(|(at, to)| fill(sizes, strides, from, offset + at as isize * stride, to)),
            _ => fill(&self.sizes, &self.strides, from, offset, to),
        }
    }

    /// Copies back to the array.
    pub fn lay<T: Real>(&self, from: &[T], to: &mut [T], offset: isize) {
        lay(&self.sizes, &self.strides, from, to, offset);
    }
}

/// Whether a copy of a factor has its own indices inside, the summed ones outside.
pub(super) fn is_own_inside(own: &[Index], summed: &[Index], stride: StrideOf) -> bool {
    reading(summed, own, stride) <= reading(own, summed, stride)
}

/// Entries of a line of the cache, about, and of what stays in the first level of it.
const LINE: usize = 16;
const NEAR: usize = 1 << 13;

/// What it costs to read an array over outer and inner indices, in nanoseconds, about: lines that come from afar, and entries that are no run.
pub(super) fn reading(outer: &[Index], inner: &[Index], stride: StrideOf) -> f64 {
    let entries = volume(outer) * volume(inner);
    let order = || outer.iter().chain(inner).rev().filter(|index| index.size > 1);
    // The innermost indices whose entries stay near.
    let (mut near, mut span) = (1, 1);
    for index in order() {
        let wider = span + (index.size - 1) * stride(index).unsigned_abs();
        if wider > NEAR {
            break;
        }
        (near, span) = (near * index.size, wider);
    }
    let lines = entries / near * near.min(span.div_ceil(LINE));
    // What is transposed goes in tiles.
    let is_transposed =
        outer.iter().chain(inner).rev().filter(|index| index.size > 1).nth(1).is_some_and(|index| stride(index) == 1);
    let lines = if is_transposed { lines.min(entries.div_ceil(2)) } else { lines };
    let runs = order().next().is_some_and(|index| stride(index).unsigned_abs() <= 1 && index.size >= 8);
    lines as f64 * 2.0 + entries as f64 * if runs { 0.1 } else { 0.6 }
}

/// Copies strided entries to successive places.
fn fill<T: Real>(sizes: &[usize], strides: &[isize], from: &[T], offset: isize, to: &mut [T]) {
    match (sizes, strides) {
        ([], _) => to[0] = from[offset as usize],
        ([size], [1]) => to.copy_from_slice(&from[offset as usize..offset as usize + size]),
        ([_], [stride]) => {
            let mut at = offset;
            for value in to {
                *value = from[at as usize];
                at += stride;
            }
        }
        // A transpose, in tiles whose lines stay near.
        ([_, inner], [1, stride]) if *stride > 1 => {
            for first in (0..*inner).step_by(LINE) {
                let last = (first + LINE).min(*inner);
                for (at, row) in to.chunks_exact_mut(*inner).enumerate() {
                    let mut place = offset + at as isize + first as isize * stride;
                    for value in &mut row[first..last] {
                        *value = from[place as usize];
                        place += stride;
                    }
                }
            }
        }
        ([size, sizes @ ..], [stride, strides @ ..]) => {
            let length = to.len() / size;
            let mut at = offset;
            for part in to.chunks_exact_mut(length.max(1)) {
                fill(sizes, strides, from, at, part);
                at += stride;
            }
        }
        _ => {}
    }
}

/// Copies successive entries to strided places.
fn lay<T: Real>(sizes: &[usize], strides: &[isize], from: &[T], to: &mut [T], offset: isize) {
    match (sizes, strides) {
        ([], _) => to[offset as usize] = from[0],
        ([size], [1]) => to[offset as usize..offset as usize + size].copy_from_slice(from),
        ([_], [stride]) => {
            let mut at = offset;
            for &value in from {
                to[at as usize] = value;
                at += stride;
            }
        }
        ([_, inner], [1, stride]) if *stride > 1 => {
            for first in (0..*inner).step_by(LINE) {
                let last = (first + LINE).min(*inner);
                for (at, row) in from.chunks_exact(*inner).enumerate() {
                    let mut place = offset + at as isize + first as isize * stride;
                    for &value in &row[first..last] {
                        to[place as usize] = value;
                        place += stride;
                    }
                }
            }
        }
        ([size, sizes @ ..], [stride, strides @ ..]) => {
            let length = from.len() / size;
            let mut at = offset;
            for part in from.chunks_exact(length.max(1)) {
                lay(sizes, strides, part, to, at);
                at += stride;
            }
        }
        _ => {}
    }
}
