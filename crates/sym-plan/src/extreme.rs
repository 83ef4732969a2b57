//! Largest and smallest entries over axes, and where they are.

use crate::memory::{Kernel, Memory};
use crate::view::{Odometer, View};
use sym_ir::ReduceKind;
use sym_kernels::arithmetic::{double, rounded};
use sym_kernels::slice::Real;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The entries, an array over the other axes.
    Value,
    /// 1 at the first of them, 0 elsewhere, an array like the argument.
    Place,
}

/// The largest or smallest entry over axes.
#[derive(Debug)]
pub(crate) struct Extreme {
    pub source: View,
    pub kind: ReduceKind,
    pub wanted: Wanted,
    /// Over the other axes: offsets in the source and in an array like the argument.
    outer: Odometer,
    /// Over the reduced axes: the same offsets.
    inner: Odometer,
}

impl Extreme {
    pub fn new(source: View, kind: ReduceKind, axes: &[usize], wanted: Wanted) -> Self {
        let target = crate::view::row_major(&source.dims);
        let walk = |axes: &[usize], start: isize| {
            let sizes = axes.iter().map(|&axis| source.dims[axis]).collect();
            let strides = [&source.strides, &target].map(|strides| axes.iter().map(|&axis| strides[axis]).collect());
            Odometer::new(sizes, strides.to_vec(), vec![start, 0])
        };
        let kept: Vec<usize> = (0..source.dims.len()).filter(|axis| !axes.contains(axis)).collect();
        let (outer, inner) = (walk(&kept, source.offset as isize), walk(axes, 0));
        Self { source, kind, wanted, outer, inner }
    }
}

impl<T: Real> Kernel<T> for Extreme {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        let entries = memory.read(self.source.buffer);
        if self.wanted == Wanted::Place {
            out.fill(rounded(0.0));
        }
        if self.source.dims.contains(&0) {
            return;
        }
        self.outer.reset();
        let mut result = 0;
        loop {
            self.inner.reset();
            let at = |inner: &Odometer, outer: &Odometer| entries[(outer.offsets[0] + inner.offsets[0]) as usize];
            let mut best = at(&self.inner, &self.outer);
            let mut place = self.inner.offsets[1];
            while self.inner.advance() {
                let value = at(&self.inner, &self.outer);
                let better = match self.kind {
                    ReduceKind::Max => value > best,
                    ReduceKind::Min => value < best,
                };
                if better || double(value).is_nan() {
                    best = value;
                    place = self.inner.offsets[1];
                }
            }
            match self.wanted {
                Wanted::Value => out[result] = best,
                Wanted::Place => out[(self.outer.offsets[1] + place) as usize] = rounded(1.0),
            }
            result += 1;
            if !self.outer.advance() {
                return;
            }
        }
    }
}
