//! Elements and generators of matrix groups whose cost is linear in the weights, at any size.
//!
//! Products a bᵀ span gl(n), a bᵀ − b aᵀ span so(n), and with a, b ⟂ 1 the part of so(n) that fixes the ones, so that a relation which
//! fails on the algebra fails on almost every one of them.

use crate::action::family::{Sparse, basis};
use crate::action::matrix::FrameOffsets;
use crate::frames::Family;

/// A sum of products u vᵀ and single entries, with or without the unit matrix.
#[derive(Debug, Clone, Default)]
pub struct LowRank {
    pairs: Vec<(Vec<f64>, Vec<f64>)>,
    entries: Sparse,
    unit: bool,
}

impl LowRank {
    /// Replaces each column x of a frame's entries in one copy by D · matrix · D⁻¹ · x with the frame's gains D.
    pub fn apply(&self, layout: &FrameOffsets, values: &mut [f64], copy: usize) {
        let start = layout.copies[copy];
        let gain = |at: usize| layout.gains.as_ref().map_or(1.0, |gains| gains[at]);
        for rest in &layout.rest {
            let column: Vec<f64> =
                layout.rows.iter().enumerate().map(|(at, row)| values[start + row + rest] / gain(at)).collect();
            let mut result = if self.unit { column.clone() } else { vec![0.0; column.len()] };
            for (left, right) in &self.pairs {
                let product = dot(right, &column);
                result.iter_mut().zip(left).for_each(|(sum, entry)| *sum += entry * product);
            }
            for &(row, at, entry) in &self.entries {
                result[row] += entry * column[at];
            }
            for (at, row) in layout.rows.iter().enumerate() {
                values[start + row + rest] = gain(at) * result[at];
            }
        }
    }
}

/// X and −Xᵀ for a random X of a family's algebra.
pub fn generator(family: Family, size: usize, normal: &mut dyn FnMut() -> f64) -> (LowRank, LowRank) {
    match family {
        Family::General => {
            let (a, b) = (vector(size, normal), vector(size, normal));
            let dual = LowRank { pairs: vec![(times(-1.0, &b), a.clone())], ..LowRank::default() };
            (LowRank { pairs: vec![(a, b)], ..LowRank::default() }, dual)
        }
        Family::Orthogonal | Family::OrthogonalFixingOnes => {
            let (a, b) = plane(family, size, normal);
            let skew = LowRank { pairs: vec![(a.clone(), b.clone()), (times(-1.0, &b), a)], ..LowRank::default() };
            (skew.clone(), skew)
        }
        Family::Complex(_) | Family::Unitary(_) => {
            let mut primal = LowRank::default();
            for direction in basis(family, size) {
                let amount = normal();
                primal.entries.extend(direction.into_iter().map(|(row, column, entry)| (row, column, amount * entry)));
            }
            let dual = primal.entries.iter().map(|&(row, column, entry)| (column, row, -entry)).collect();
            (primal, LowRank { entries: dual, ..LowRank::default() })
        }
    }
}

/// g = e^X and g⁻ᵀ for a random X of a family's algebra: for X = a bᵀ it is 1 + (e^s − 1)/s · a bᵀ with s = bᵀa, for orthogonal groups the
/// rotation by 1 in a random plane, for complex ones a rotation and a scale a pair.
pub fn element(family: Family, size: usize, normal: &mut dyn FnMut() -> f64) -> (LowRank, LowRank) {
    match family {
        Family::General => {
            let (a, b) = (times(1.5, &vector(size, normal)), times(1.5, &vector(size, normal)));
            let product = dot(&a, &b);
            let of =
                |left: Vec<f64>, right: &[f64]| LowRank { pairs: vec![(left, right.to_vec())], unit: true, ..LowRank::default() };
            (of(times(product.exp_m1() / product, &a), &b), of(times((-product).exp_m1() / product, &b), &a))
        }
        Family::Orthogonal | Family::OrthogonalFixingOnes => {
            let (a, b) = plane(family, size, normal);
            let (sine, cosine) = 1f64.sin_cos();
            let pairs = vec![
                (times(cosine - 1.0, &a), a.clone()),
                (times(cosine - 1.0, &b), b.clone()),
                (times(sine, &a), b.clone()),
                (times(-sine, &b), a),
            ];
            let rotation = LowRank { pairs, unit: true, ..LowRank::default() };
            (rotation.clone(), rotation)
        }
        Family::Complex(layout) | Family::Unitary(layout) => {
            let (mut primal, mut dual) = (LowRank::default(), LowRank::default());
            for at in 0..size / 2 {
                let (p, q) = layout.entries(at, size);
                let scale = if matches!(family, Family::Complex(_)) { (0.3 * normal()).exp() } else { 1.0 };
                let (sine, cosine) = normal().sin_cos();
                for (matrix, scale) in [(&mut primal, scale), (&mut dual, 1.0 / scale)] {
                    matrix.entries.extend([
                        (p, p, scale * cosine),
                        (q, q, scale * cosine),
                        (p, q, -scale * sine),
                        (q, p, scale * sine),
                    ]);
                }
            }
            (primal, dual)
        }
    }
}

/// Orthonormal a and b, ⟂ 1 where the ones are fixed.
fn plane(family: Family, size: usize, normal: &mut dyn FnMut() -> f64) -> (Vec<f64>, Vec<f64>) {
    let mut draw = || {
        let mut drawn = vector(size, normal);
        if family == Family::OrthogonalFixingOnes {
            let mean = drawn.iter().sum::<f64>() / size as f64;
            drawn.iter_mut().for_each(|entry| *entry -= mean);
        }
        drawn
    };
    let (a, mut b) = (unit(&draw()), draw());
    let along = dot(&a, &b);
    b.iter_mut().zip(&a).for_each(|(entry, other)| *entry -= along * other);
    (a, unit(&b))
}

fn unit(vector: &[f64]) -> Vec<f64> {
    times(1.0 / dot(vector, vector).sqrt().max(f64::MIN_POSITIVE), vector)
}

/// Normal entries, of length about 1.
fn vector(size: usize, normal: &mut dyn FnMut() -> f64) -> Vec<f64> {
    (0..size).map(|_| normal() / (size as f64).sqrt()).collect()
}

fn times(factor: f64, vector: &[f64]) -> Vec<f64> {
    vector.iter().map(|entry| factor * entry).collect()
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
