//! Largest and smallest entries over axes, and where they are.

use crate::memory::{Kernel, Memory};
use crate::passes::Examples;
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

/// The largest or smallest entry over axes. Of equal ones the first counts; one that is no number wins.
#[derive(Debug)]
pub(crate) struct Extreme<T> {
    pub source: View,
    pub kind: ReduceKind,
    pub wanted: Wanted,
    /// Over the other axes but the last: offsets in the source and in an array like the argument.
    outer: Odometer,
    /// Over the reduced axes: the same offsets.
    inner: Odometer,
    /// Size of the last of the other axes, with its strides in both.
    row: (usize, [isize; 2]),
    best: Vec<T>,
    places: Vec<isize>,
}

impl<T: Real> Extreme<T> {
    pub fn new(source: View, kind: ReduceKind, axes: &[usize], wanted: Wanted) -> Self {
        let target = crate::view::row_major(&source.dims);
        let walk = |axes: &[usize], start: isize| {
            let sizes = axes.iter().map(|&axis| source.dims[axis]).collect();
            let strides = [&source.strides, &target].map(|strides| axes.iter().map(|&axis| strides[axis]).collect());
            Odometer::new(sizes, strides.to_vec(), vec![start, 0])
        };
        let mut kept: Vec<usize> = (0..source.dims.len()).filter(|axis| !axes.contains(axis)).collect();
        let row = kept.pop().map_or((1, [0, 0]), |axis| (source.dims[axis], [source.strides[axis], target[axis]]));
        let (outer, inner) = (walk(&kept, source.offset as isize), walk(axes, 0));
        Self { source, kind, wanted, outer, inner, row, best: vec![rounded(0.0); row.0], places: vec![0; row.0] }
    }
}

impl<T: Real> Kernel<T> for Extreme<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, _: Option<Examples>) {
        let Self { source, kind, wanted, outer, inner, row: (length, [stride, target]), best, places } = self;
        let entries = memory.read(source.buffer);
        if *wanted == Wanted::Place {
            out.fill(rounded(0.0));
        }
        if source.dims.contains(&0) {
            return;
        }
        outer.reset();
        let mut result = 0;
        loop {
            inner.reset();
            let mut is_first = true;
            loop {
                let (mut at, place) = (outer.offsets[0] + inner.offsets[0], inner.offsets[1]);
                for (best, chosen) in best.iter_mut().zip(&mut *places) {
                    let value = entries[at as usize];
                    let better = match kind {
                        ReduceKind::Max => value > *best,
                        ReduceKind::Min => value < *best,
                    };
                    let wins = is_first || better || double(value).is_nan();
                    *best = if wins { value } else { *best };
                    *chosen = if wins { place } else { *chosen };
                    at += *stride;
                }
                is_first = false;
                if !inner.advance() {
                    break;
                }
            }
            match wanted {
                Wanted::Value => out[result..result + *length].copy_from_slice(best),
                Wanted::Place => {
                    let mut at = outer.offsets[1];
                    for place in &*places {
                        out[(at + place) as usize] = rounded(1.0);
                        at += *target;
                    }
                }
            }
            result += *length;
            if !outer.advance() {
                return;
            }
        }
    }
}
