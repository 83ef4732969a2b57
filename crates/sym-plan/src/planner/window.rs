//! Windows as strided views of a padded array.

use super::{Planner, Value};
use crate::arrange::Place;
use crate::memory::Step;
use crate::view::View;
use sym_ir::ValueId;
use sym_kernels::arithmetic::rounded;
use sym_kernels::slice::Real;

/// How windows lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl Geometry {
    pub fn new(stride: u128, padding: u128, dilation: u128) -> Self {
        Self { stride: stride as usize, padding: padding as usize, dilation: dilation as usize }
    }
}

/// What an axis of a windowed value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An axis of the base.
    Plain(usize),
    /// Positions of windows over an axis of the base.
    Positions(usize, usize, Geometry),
    /// Taps of windows over an axis of the base.
    Taps(usize, usize, Geometry),
}

/// Windows over several axes of one array.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    base: View,
    parts: Vec<Part>,
    rest: f64,
}

impl<T: Real> Planner<'_, T> {
    pub(super) fn window(&mut self, at: ValueId, value: ValueId, axis: usize, geometry: Geometry, rest: f64) -> Value {
        let axis = axis + self.lead(value);
        let dims = self.dims(at);
        let own = value.0 as usize;
        let joined = match &self.values[own] {
            Value::Windowed(windows) if self.readers[own] == 1 && (windows.rest == rest || !windows.is_padded()) => {
                matches!(windows.parts[axis], Part::Plain(_)).then(|| windows.clone())
            }
            _ => None,
        };
        let mut windows = joined.unwrap_or_else(|| {
            let base = self.view(value);
            let parts = (0..base.dims.len()).map(Part::Plain).collect();
            Windows { base, parts, rest }
        });
        let Part::Plain(along) = windows.parts[axis] else { unreachable!("only plain axes get windows") };
        windows.rest = rest;
        let (positions, taps) = (dims[axis], dims[axis + 1]);
        windows.parts.splice(axis..=axis, [Part::Positions(along, positions, geometry), Part::Taps(along, taps, geometry)]);
        Value::Windowed(windows)
    }

    /// Windows in memory: a view of the base, or of a copy with padding.
    pub(super) fn padded(&mut self, windows: Windows) -> View {
        let Windows { base, parts, rest } = windows;
        let paddings: Vec<usize> = (0..base.dims.len())
            .map(|axis| {
                let own = parts.iter().find_map(|part| match part {
                    Part::Positions(along, _, geometry) if *along == axis => Some(geometry.padding),
                    _ => None,
                });
                own.unwrap_or(0)
            })
            .collect();
        let base = if paddings.iter().all(|&padding| padding == 0) {
            base
        } else {
            let dims: Vec<usize> = base.dims.iter().zip(&paddings).map(|(size, padding)| size + 2 * padding).collect();
            self.bordered(base, &dims, paddings, &vec![1; dims.len()], rest)
        };
        let (mut sizes, mut strides) = (Vec::new(), Vec::new());
        for part in parts {
            let (size, stride) = match part {
                Part::Plain(axis) => (base.dims[axis], base.strides[axis]),
                Part::Positions(axis, size, geometry) => (size, base.strides[axis] * geometry.stride as isize),
                Part::Taps(axis, size, geometry) => (size, base.strides[axis] * geometry.dilation as isize),
            };
            sizes.push(size);
            strides.push(stride);
        }
        View { buffer: base.buffer, offset: base.offset, dims: sizes, strides }
    }

    /// A copy of a view inside a larger array that holds `rest` elsewhere: the first entry at `first`, steps between entries by axis.
    pub(super) fn bordered(&mut self, view: View, dims: &[usize], first: Vec<usize>, steps: &[usize], rest: f64) -> View {
        let buffer = self.pinned(vec![rounded(rest); dims.iter().product()]);
        let reads = vec![view.buffer];
        let kernel = Place::new(vec![(view, first)], dims, steps, false);
        self.steps.push(Step { kernel: Box::new(kernel), reads, writes: buffer, in_place: Vec::new() });
        View::whole(buffer, dims)
    }
}

impl Windows {
    fn is_padded(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Positions(_, _, geometry) if geometry.padding > 0))
    }
}
