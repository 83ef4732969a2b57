//! How chains find the entries that they read.

use crate::memory::Memory;
use crate::view::{View, collapsed};
use sym_kernels::slice::Real;

/// The longest last axis of which a block holds whole rows.
pub(crate) const LONGEST_ROW: usize = 1024;

/// How a load finds the entries of a block.
#[derive(Debug)]
pub(crate) enum Source {
    /// One behind the other.
    Run { offset: usize },
    /// The same in every block of the row length: loaded once an evaluation.
    Periodic,
    /// By walking over the axes.
    Walk,
}

/// How the entries of one view are found.
#[derive(Debug)]
pub(crate) struct Loader {
    pub view: View,
    pub source: Source,
    sizes: Vec<usize>,
    strides: Vec<isize>,
}

impl Loader {
    /// A loader of a view whose collapsed axes have these sizes and strides.
    pub fn new(view: View, sizes: Vec<usize>, strides: Vec<isize>) -> Self {
        let row = sizes.last().copied().unwrap_or(1);
        let contiguous = sizes
            .iter()
            .zip(&strides)
            .rev()
            .try_fold(1, |expected, (&size, &stride)| (stride == expected).then_some(expected * size as isize));
        let outer_repeats = strides.iter().rev().skip(1).all(|&stride| stride == 0);
        let source = if contiguous.is_some() {
            Source::Run { offset: view.offset }
        } else if outer_repeats && (row <= LONGEST_ROW || strides.last() == Some(&0)) {
            Source::Periodic
        } else {
            Source::Walk
        };
        Self { view, source, sizes, strides }
    }

    /// Copies the entries from linear index `start` on.
    pub fn walk<T: Real>(&self, entries: &[T], start: usize, out: &mut [T]) {
        let mut done = 0;
        let last = self.sizes.len().saturating_sub(1);
        let Some(&row) = self.sizes.last() else {
            out.fill(entries[self.view.offset]);
            return;
        };
        // The index of `start`, and the offset there.
        let mut index = vec![0; self.sizes.len()];
        let mut rest = start;
        let mut offset = self.view.offset as isize;
        for axis in (0..self.sizes.len()).rev() {
            index[axis] = rest % self.sizes[axis];
            rest /= self.sizes[axis];
            offset += index[axis] as isize * self.strides[axis];
        }
        let stride = self.strides[last];
        while done < out.len() {
            let count = (row - index[last]).min(out.len() - done);
            let target = &mut out[done..done + count];
            match stride {
                0 => target.fill(entries[offset as usize]),
                1 => target.copy_from_slice(&entries[offset as usize..offset as usize + count]),
                _ => {
                    let mut at = offset;
                    for value in target {
                        *value = entries[at as usize];
                        at += stride;
                    }
                }
            }
            done += count;
            offset -= index[last] as isize * stride;
            index[last] = 0;
            for axis in (0..last).rev() {
                index[axis] += 1;
                offset += self.strides[axis];
                if index[axis] < self.sizes[axis] {
                    break;
                }
                offset -= self.strides[axis] * self.sizes[axis] as isize;
                index[axis] = 0;
            }
        }
    }
}

/// Copies the entries of a view to successive places.
pub(crate) fn copy<T: Real>(view: &View, memory: &Memory<T>, out: &mut [T]) {
    let (sizes, mut strides) = collapsed(&view.dims, &[&view.strides]);
    let loader = Loader { view: view.clone(), source: Source::Walk, sizes, strides: strides.remove(0) };
    loader.walk(memory.read(view.buffer), 0, out);
}
