//! Softmax over one axis.

use crate::memory::{Kernel, Memory};
use crate::view::Buffer;
use sym_kernels::slice::Real;
use sym_kernels::softmax;

/// Softmax of a row-major array [outer, length, inner] over its middle axis.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub source: Buffer,
    pub length: usize,
    pub inner: usize,
}

impl<T: Real> Kernel<T> for Softmax {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        if let Some(entries) = memory.get(self.source) {
            out.copy_from_slice(entries);
        }
        if self.inner == 1 {
            softmax::rows(out, self.length);
        } else {
            softmax::columns(out, self.length, self.inner);
        }
    }
}
