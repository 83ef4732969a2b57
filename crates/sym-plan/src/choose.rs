//! The largest entries of an axis, and whole numbers as unit vectors.

use crate::memory::{Kernel, Memory};
use crate::passes::Examples;
use crate::view::Buffer;
use sym_kernels::arithmetic::{double, rounded};
use sym_kernels::slice::Real;

/// The `count` largest entries of the middle axis of an array [outer, length, inner]; entries equal to the last of them are kept too.
#[derive(Debug)]
pub(crate) struct Largest {
    pub source: Buffer,
    pub length: usize,
    pub inner: usize,
    pub count: usize,
    /// What the others become; `None` writes 1 for kept entries and 0 for others.
    pub rest: Option<f64>,
}

impl<T: Real> Kernel<T> for Largest {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, _: Option<Examples>) {
        let entries = memory.read(self.source);
        let (length, inner) = (self.length, self.inner);
        let mut row: Vec<f64> = Vec::with_capacity(length);
        for outer in 0..out.len() / (length * inner).max(1) {
            for lane in 0..inner {
                let place = |at: usize| (outer * length + at) * inner + lane;
                row.clear();
                row.extend((0..length).map(|at| double(entries[place(at)])));
                row.sort_by(|a, b| b.total_cmp(a));
                let Some(&least) = row.get(self.count.min(length).saturating_sub(1)) else { continue };
                for at in (0..length).map(place) {
                    let kept = double(entries[at]) >= least;
                    out[at] = match (kept, self.rest) {
                        (true, Some(_)) => entries[at],
                        (true, None) => rounded(1.0),
                        (false, rest) => rounded(rest.unwrap_or(0.0)),
                    };
                }
            }
        }
    }
}

/// Whole numbers as unit vectors along a new last axis.
#[derive(Debug)]
pub(crate) struct Units {
    pub source: Buffer,
    pub width: usize,
}

impl<T: Real> Kernel<T> for Units {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, _: Option<Examples>) {
        out.fill(rounded(0.0));
        for (row, &entry) in out.chunks_exact_mut(self.width).zip(memory.read(self.source)) {
            row[double(entry) as usize] = rounded(1.0);
        }
    }
}
