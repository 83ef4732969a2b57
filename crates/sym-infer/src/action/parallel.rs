//! Matrices on spaces that consist of parts: their positions lie in several parameters.

use crate::action::Weights;
use crate::action::family::random;
use crate::action::matrix::FrameOffsets;
use crate::symmetries::{Family, MatrixFrame};
use sym_ir::Program;

/// The entries of one axis of a space of parts.
#[derive(Debug)]
pub struct Stacked {
    /// g⁻ᵀ instead of g.
    pub dual: bool,
    /// For each position of the joined space its parameter and offset.
    rows: Vec<(usize, usize)>,
    /// For each position the offsets by all other indices.
    rest: Vec<Vec<usize>>,
}

impl Stacked {
    /// The axes of all parts, one after the other.
    pub fn of(program: &Program, parts: &[Vec<MatrixFrame>]) -> Vec<Self> {
        let count = parts.iter().map(Vec::len).min().unwrap_or(0);
        (0..count)
            .map(|at| {
                let mut stacked = Self { dual: parts[0][at].dual, rows: Vec::new(), rest: Vec::new() };
                for part in parts {
                    let layout = FrameOffsets::of(program, &part[at], None);
                    for row in layout.rows {
                        stacked.rows.push((layout.parameter, row));
                        stacked.rest.push(layout.rest.clone());
                    }
                }
                stacked
            })
            .collect()
    }

    /// The number of positions.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// Adds matrix · x to each column x of entries, where both are read from `source`.
    pub fn add(&self, source: &Weights, target: &mut Weights, matrix: &dyn Fn(usize, usize) -> f64) {
        let columns = self.rest.first().map_or(0, Vec::len);
        for (p, &(into, row)) in self.rows.iter().enumerate() {
            for (q, &(from, other)) in self.rows.iter().enumerate() {
                let entry = matrix(p, q);
                if entry == 0.0 {
                    continue;
                }
                for column in 0..columns {
                    let value = source.values[from][other + self.rest[q][column]];
                    target.values[into][row + self.rest[p][column]] += entry * value;
                }
            }
        }
    }

    /// Adds left · (rightᵀ x) to each column x of entries, where both are read from `source`.
    pub fn add_product(&self, source: &Weights, target: &mut Weights, left: &[f64], right: &[f64]) {
        for column in 0..self.rest.first().map_or(0, Vec::len) {
            let entries = self.rows.iter().zip(&self.rest).zip(right);
            let sum: f64 = entries.map(|((&(from, row), rest), factor)| factor * source.values[from][row + rest[column]]).sum();
            for ((&(into, row), rest), factor) in self.rows.iter().zip(&self.rest).zip(left) {
                target.values[into][row + rest[column]] += factor * sum;
            }
        }
    }
}

/// gθ for a random g of GL(n) on a space of parts; from n = `dense` on g = 1 + (e^s − 1)/s · a bᵀ with s = bᵀa.
pub fn transform(
    program: &Program,
    moved: &mut Weights,
    parts: &[Vec<MatrixFrame>],
    dense: usize,
    spread: f64,
    normal: &mut dyn FnMut() -> f64,
) {
    let axes = Stacked::of(program, parts);
    let Some(size) = axes.first().map(Stacked::size) else { return };
    let before = moved.clone();
    if size > dense {
        let (a, b) = (vector(size, normal), vector(size, normal));
        let product: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        for axis in &axes {
            let (left, right, sign) = if axis.dual { (&b, &a, -1.0) } else { (&a, &b, 1.0) };
            let left: Vec<f64> = left.iter().map(|entry| entry * (sign * product).exp_m1() / product).collect();
            axis.add_product(&before, moved, &left, right);
        }
        return;
    }
    let (primal, dual) = random(Family::General, size, spread, normal);
    for axis in &axes {
        let matrix = if axis.dual { &dual } else { &primal };
        axis.add(&before, moved, &|p, q| matrix.entries[p * size + q] - f64::from(u8::from(p == q)));
    }
}

/// Adds the tangent of a random X = a bᵀ.
pub fn tangent(
    program: &Program,
    weights: &Weights,
    target: &mut Weights,
    parts: &[Vec<MatrixFrame>],
    normal: &mut dyn FnMut() -> f64,
) {
    let axes = Stacked::of(program, parts);
    let Some(size) = axes.first().map(Stacked::size) else { return };
    let (a, b) = (vector(size, normal), vector(size, normal));
    let back: Vec<f64> = b.iter().map(|entry| -entry).collect();
    for axis in &axes {
        let (left, right) = if axis.dual { (&back, &a) } else { (&a, &b) };
        axis.add_product(weights, target, left, right);
    }
}

/// The tangents of all entries of the algebra.
pub fn tangents(program: &Program, weights: &Weights, parts: &[Vec<MatrixFrame>]) -> Vec<Weights> {
    let axes = Stacked::of(program, parts);
    let Some(size) = axes.first().map(Stacked::size) else { return Vec::new() };
    let mut vectors = Vec::new();
    for (p, q) in (0..size * size).map(|at| (at / size, at % size)) {
        let mut vector = Weights::zeros(program);
        for axis in &axes {
            // −Xᵀ is the generator of g⁻ᵀ.
            let (row, column, entry) = if axis.dual { (q, p, -1.0) } else { (p, q, 1.0) };
            axis.add(weights, &mut vector, &|p, q| if (p, q) == (row, column) { entry } else { 0.0 });
        }
        vectors.push(vector);
    }
    vectors
}

fn vector(size: usize, normal: &mut dyn FnMut() -> f64) -> Vec<f64> {
    (0..size).map(|_| normal() / (size as f64).sqrt()).collect()
}
