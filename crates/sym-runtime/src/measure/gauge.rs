//! Other coordinates for the same function.

use super::weights::Given;
use crate::Stream;
use crate::probes::groups::{Layout, shape};
use faer::Mat;
use sym_infer::action::{offsets, other_axes};
use sym_infer::{Family, Field, Generators, MatrixFrame, Status, Symmetries, Weights};
use sym_ir::Program;

/// Standard deviation of the logarithms of factors and of singular values of matrices.
const SPREAD: f64 = 0.5;

/// The weights moved by a random element of each group of matrices (GL: U D Vᵀ with uniformly distributed U, V and log-normal D; O: U) and of each group of
/// positive factors, among those derived ones whose parameters were read. Nothing is permuted, so that columns stay those of the same head or unit.
pub(super) fn moved(program: &Program, symmetries: &Symmetries, given: &Given, number: u64) -> Weights {
    let mut weights = given.weights.clone();
    for space in &symmetries.spaces {
        let is_read = space.acts_on.iter().all(|action| given.is_read(action.parameter));
        if space.continuous_dim == 0 || !matches!(space.status, Status::Derived) || !is_read {
            continue;
        }
        let mut stream = Stream::new(number, "gauge", &space.name);
        match &space.generators {
            Generators::Matrices { frames, family: family @ (Family::General | Family::Orthogonal), .. }
                if frames.iter().all(|frame| frame.gains.is_empty()) =>
            {
                turn(program, frames, *family, &mut weights, &mut stream);
            }
            Generators::Units { scales, .. } => {
                let plain = |field: &&Field| field.offsets.is_empty() && field.entries.iter().all(|entry| !entry.shift);
                scales.iter().filter(plain).for_each(|field| scale(program, field, &mut weights, &mut stream));
            }
            _ => {}
        }
    }
    weights
}

/// F → gF, or g⁻ᵀF for dual frames, with a g for each copy.
fn turn(program: &Program, frames: &[MatrixFrame], family: Family, weights: &mut Weights, stream: &mut Stream) {
    let layouts: Vec<Layout> = frames.iter().map(|frame| Layout::of(program, frame)).collect();
    let size = layouts.first().map_or(0, |layout| layout.rows.len());
    let copies = layouts.iter().map(|layout| layout.copies.len()).min().unwrap_or(0);
    for copy in 0..copies {
        let (left, right) = (orthogonal(size, stream), orthogonal(size, stream));
        let factors: Vec<f64> =
            (0..size).map(|_| if family == Family::General { libm::exp(SPREAD * stream.normal()) } else { 1.0 }).collect();
        let element = |inverse: bool| {
            let scaled = Mat::from_fn(size, size, |row, column| {
                left[(row, column)] * if inverse { 1.0 / factors[column] } else { factors[column] }
            });
            scaled * right.transpose()
        };
        let (plain, dual) = (element(false), element(true));
        for (frame, layout) in frames.iter().zip(&layouts) {
            let values = &mut weights.values[frame.parameter.0 as usize];
            let (rows, rest) = (layout.rows.len(), layout.rest.len());
            let factor = Mat::from_fn(rows, rest, |row, at| values[layout.place(copy, row, at)]);
            let moved = if frame.dual { &dual * &factor } else { &plain * &factor };
            for (row, at) in (0..rows).flat_map(|row| (0..rest).map(move |at| (row, at))) {
                values[layout.place(copy, row, at)] = moved[(row, at)];
            }
        }
    }
}

/// A uniformly distributed orthogonal matrix: the Q of a normal one, with the signs of R's diagonal.
fn orthogonal(size: usize, stream: &mut Stream) -> Mat<f64> {
    let normal = Mat::from_fn(size, size, |_, _| stream.normal());
    let parts = normal.qr();
    let (q, upper) = (parts.compute_thin_Q(), parts.thin_R());
    Mat::from_fn(size, size, |row, column| if upper[(column, column)] < 0.0 { -q[(row, column)] } else { q[(row, column)] })
}

/// A positive factor for each tuple of positions, to the power of each entry's degree.
fn scale(program: &Program, field: &Field, weights: &mut Weights, stream: &mut Stream) {
    let count = field.sizes.iter().product::<u128>() as usize;
    let logarithms: Vec<f64> = (0..count).map(|_| SPREAD * stream.normal()).collect();
    for entry in &field.entries {
        let shape = shape(program, entry.parameter);
        let (rows, rest) = (offsets(&shape, &entry.axes), offsets(&shape, &other_axes(shape.len(), &entry.axes)));
        let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
        let values = &mut weights.values[entry.parameter.0 as usize];
        for (row, logarithm) in rows.iter().zip(&logarithms) {
            let factor = libm::exp(degree * logarithm);
            for at in &rest {
                values[row + at] *= factor;
            }
        }
    }
}
