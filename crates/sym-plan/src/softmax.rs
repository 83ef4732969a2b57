//! Softmax over one axis.

use crate::memory::{Kernel, Memory};
use crate::view::Buffer;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::Real;
use sym_kernels::softmax;

/// Operations an entry, about.
const OPERATIONS: usize = 4;

/// Softmax of a row-major array [outer, length, inner] over its middle axis.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub source: Buffer,
    pub length: usize,
    pub inner: usize,
}

impl<T: Real> Kernel<T> for Softmax {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        let unit = self.length * self.inner;
        if unit == 0 {
            return;
        }
        let entries = memory.get(self.source);
        let parts = parts(out.len() * OPERATIONS);
        let length = part_length(out.len(), parts, unit);
        let fill = |part: usize, out: &mut [T]| {
            if let Some(entries) = entries {
                out.copy_from_slice(&entries[part * length..part * length + out.len()]);
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
}
