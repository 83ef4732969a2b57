//! Other coordinates for the same function.

use super::weights::Given;
use crate::Stream;
use crate::probes::groups::shape;
use faer::Mat;
use sym_infer::action::{layouts, offsets, other_axes, random_element};
use sym_infer::{Family, Field, Generators, MatrixFrame, Space, Status, Symmetries, Weights};
use sym_ir::Program;

/// Standard deviation of the logarithms of factors and of singular values of matrices.
const SPREAD: f64 = 0.5;

/// The weights moved by a random element of each group that acts by matrices or by positive factors, among those derived ones whose parameters were read, and
/// the names of the spaces that moved. GL: U D Vᵀ with uniformly distributed U, V and log-normal D; O: U; others e^{0.3 N} as in proofs. Nothing is
/// permuted, so that columns stay those of the same head or unit; what only translates moves nothing.
pub(super) fn moved(program: &Program, symmetries: &Symmetries, given: &Given, number: u64) -> (Weights, Vec<String>) {
    let mut weights = given.weights.clone();
    let mut names = Vec::new();
    for space in spaces(symmetries, given) {
        let mut stream = Stream::new(number, "gauge", &space.name);
        match &space.generators {
            Generators::Matrices { frames, family: family @ (Family::General | Family::Orthogonal), .. }
                if frames.iter().all(|frame| frame.gains.is_empty()) =>
            {
                turn(program, frames, *family, &mut weights, &mut stream);
            }
            Generators::Units { scales, .. } if scales.iter().all(is_plain) => {
                for field in scales {
                    scale(program, field, &mut weights, &mut stream);
                }
            }
            generators => {
                let connected = Space { generators: connected(generators), ..space.clone() };
                let alone = Symmetries { continuous_dim: space.continuous_dim, spaces: vec![connected] };
                weights = random_element(program, &alone, 0, &weights, &mut || stream.normal());
            }
        }
        names.push(space.name.clone());
    }
    (weights, names)
}

/// The spaces that a change of gauge moves.
pub(super) fn spaces<'s>(symmetries: &'s Symmetries, given: &Given) -> impl Iterator<Item = &'s Space> {
    let is_read = |space: &Space| space.acts_on.iter().all(|action| given.is_read(action.parameter));
    symmetries.spaces.iter().filter(move |space| {
        space.continuous_dim > 0 && matches!(space.status, Status::Derived) && is_read(space) && multiplies(&space.generators)
    })
}

/// Whether elements multiply weights by matrices or factors.
fn multiplies(generators: &Generators) -> bool {
    match generators {
        Generators::Matrices { .. } | Generators::Parallel { .. } | Generators::Form { .. } => true,
        Generators::Units { scales, .. } => !scales.is_empty(),
        Generators::Assembled { inner, .. }
        | Generators::Reparametrised { inner }
        | Generators::Skipless { inner }
        | Generators::Split { inner }
        | Generators::Cut { inner } => multiplies(inner),
        Generators::Masked { rows, .. } => rows.iter().all(multiplies),
        Generators::Antisymmetric { .. }
        | Generators::Turns { .. }
        | Generators::Branches { .. }
        | Generators::Trade { .. }
        | Generators::Constants { .. }
        | Generators::Kernels { .. } => false,
    }
}

/// The same without permutations and signs.
fn connected(generators: &Generators) -> Generators {
    let inside = |inner: &Generators| Box::new(connected(inner));
    match generators {
        Generators::Units { scales, .. } => Generators::Units { permuted: Vec::new(), scales: scales.clone(), signs: Vec::new() },
        Generators::Assembled { inner, frozen } => Generators::Assembled { inner: inside(inner), frozen: *frozen },
        Generators::Reparametrised { inner } => Generators::Reparametrised { inner: inside(inner) },
        Generators::Skipless { inner } => Generators::Skipless { inner: inside(inner) },
        Generators::Split { inner } => Generators::Split { inner: inside(inner) },
        Generators::Cut { inner } => Generators::Cut { inner: inside(inner) },
        Generators::Masked { rows, surviving } => {
            Generators::Masked { rows: rows.iter().map(connected).collect(), surviving: surviving.clone() }
        }
        other => other.clone(),
    }
}

/// Whether a field only multiplies.
fn is_plain(field: &Field) -> bool {
    field.offsets.is_empty() && field.complements.is_empty() && field.entries.iter().all(|entry| !entry.shift)
}

/// F → gF, or g⁻ᵀF for dual frames, with a g for each copy.
fn turn(program: &Program, frames: &[MatrixFrame], family: Family, weights: &mut Weights, stream: &mut Stream) {
    let layouts = layouts(program, weights, frames);
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
            let place = |row: usize, at: usize| layout.rows[row] + layout.copies[copy] + layout.rest[at];
            let factor = Mat::from_fn(rows, rest, |row, at| values[place(row, at)]);
            let moved = if frame.dual { &dual * &factor } else { &plain * &factor };
            for (row, at) in (0..rows).flat_map(|row| (0..rest).map(move |at| (row, at))) {
                values[place(row, at)] = moved[(row, at)];
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
