//! The point of least norm on the orbit of factors and matrices.
//!
//! ½‖θ‖² is convex along every continuous group that acts linearly (geodesically so for matrices), so its least point is unique up to what
//! keeps norms (Kempf and Ness 1979). For a unit with incoming weights of degree 1 and outgoing ones of degree −1 it has equal norms on both
//! sides; for GL between W and V it has W Wᵀ = Vᵀ V. Factors that only shrink, as in front of a norm, have no least point: they get norm 1.

use super::moved::{Moved, columns, shape};
use super::procrustes::{function, matrix};
use faer::Mat;
use std::collections::BTreeMap;
use sym_infer::action::{Chart, Element, FrameOffsets, Matrix, apply_element, offsets, other_axes};
use sym_infer::{Family, Field, Generators, Symmetries, Weights};
use sym_ir::Program;

/// Passes over all spaces, at most; each passes on what its neighbours have changed.
const PASSES: usize = 2000;
/// A pass in which no logarithm changes by more ends the search.
const STILL: f64 = 1e-14;

/// Weights of the same function with the factors of each unit balanced, and matrix groups likewise.
pub fn balanced(program: &Program, symmetries: &Symmetries, weights: &Weights) -> Weights {
    Chart::all(program, symmetries)
        .iter()
        .fold(weights.clone(), |weights, chart| chart.lowered(balance(chart, &chart.lifted(&weights)).0))
}

/// The balanced weights of a chart, with the elements that lead to them, one after the other.
pub(super) fn balance(chart: &Chart, weights: &Weights) -> (Weights, Vec<(usize, Element)>) {
    let mut moved = weights.clone();
    let mut logarithms: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    let mut matrices: BTreeMap<usize, Vec<(Matrix, Matrix)>> = BTreeMap::new();
    for _ in 0..PASSES {
        let mut largest = 0.0f64;
        for (at, space) in chart.symmetries.spaces.iter().enumerate() {
            match &space.generators {
                Generators::Units { scales, .. } => {
                    for (number, field) in scales.iter().enumerate() {
                        let steps = steps(&chart.program, field, &moved);
                        largest = steps.iter().fold(largest, |largest, step| largest.max(step.abs()));
                        let element = Element::Scale { field: number, logarithms: steps.clone() };
                        moved = apply_element(&chart.program, space, &moved, &element);
                        let sums = logarithms.entry((at, number)).or_insert_with(|| vec![0.0; steps.len()]);
                        sums.iter_mut().zip(steps).for_each(|(sum, step)| *sum += step);
                    }
                }
                Generators::Matrices { family: family @ (Family::General | Family::Complex(_)), .. } => {
                    let Some(own) = Moved::of(space) else { continue };
                    let layouts = own.layouts(&chart.program, space, &moved);
                    let found = copies(*family, &layouts, &moved);
                    largest = found.iter().fold(largest, |largest, (primal, _)| largest.max(distance(primal)));
                    moved = apply_element(&chart.program, space, &moved, &Element::Matrices(found.clone()));
                    let products =
                        matrices.entry(at).or_insert_with(|| found.iter().map(|(g, _)| pair(Matrix::unit(g.size))).collect());
                    for ((primal, dual), step) in products.iter_mut().zip(found) {
                        (*primal, *dual) = (step.0.times(primal), step.1.times(dual));
                    }
                }
                _ => {}
            }
        }
        if largest <= STILL {
            break;
        }
    }
    let scales = logarithms.into_iter().map(|((space, field), logarithms)| (space, Element::Scale { field, logarithms }));
    let elements = matrices.into_iter().map(|(space, copies)| (space, Element::Matrices(copies))).chain(scales).collect();
    (moved, elements)
}

fn pair(matrix: Matrix) -> (Matrix, Matrix) {
    (matrix.clone(), matrix)
}

/// The largest entry of g − 1.
fn distance(g: &Matrix) -> f64 {
    let unit = Matrix::unit(g.size);
    g.entries.iter().zip(&unit.entries).map(|(entry, unit)| (entry - unit).abs()).fold(0.0, f64::max)
}

/// What the logarithm t of a tuple adds to ½‖θ‖².
#[derive(Debug, Default, Clone)]
struct Norm {
    /// ½ a e^{2dt}: (d, a).
    factors: Vec<(f64, f64)>,
    /// ½ Σ (b + dt)²: (d, number of entries, Σ b).
    shifts: Vec<(f64, f64, f64)>,
}

impl Norm {
    /// The derivative at t and its derivative.
    fn slopes(&self, t: f64) -> (f64, f64) {
        let (mut first, mut second) = (0.0, 0.0);
        for &(degree, sum) in &self.factors {
            let part = degree * sum * libm::exp(2.0 * degree * t);
            first += part;
            second += 2.0 * degree * part;
        }
        for &(degree, count, sum) in &self.shifts {
            first += degree * (sum + count * degree * t);
            second += count * degree * degree;
        }
        (first, second)
    }

    /// The least point by Newton's method; 0 where one side is empty and there is none.
    fn least(&self) -> f64 {
        let present = |sign: f64| self.factors.iter().any(|&(degree, sum)| degree * sign > 0.0 && sum > 0.0);
        let degrees = |sign: f64| self.factors.iter().any(|&(degree, _)| degree * sign > 0.0);
        let both = degrees(1.0) && degrees(-1.0);
        let target = match (present(1.0), present(-1.0)) {
            _ if !self.shifts.is_empty() => 0.0,
            (true, true) => 0.0,
            // All of one direction: norm 1.
            (true, false) | (false, true) if !both => self.factors[0].0,
            _ => return 0.0,
        };
        let mut t = 0.0;
        for _ in 0..200 {
            let (first, second) = self.slopes(t);
            let step = ((target - first) / second).clamp(-1.0, 1.0);
            if !step.is_finite() {
                return 0.0;
            }
            t += step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        t
    }
}

/// The logarithms of one field that lead to the least norm along it.
fn steps(program: &Program, field: &Field, weights: &Weights) -> Vec<f64> {
    let tuples = field.sizes.iter().map(|&size| size as usize).product();
    let mut norms = vec![Norm::default(); tuples];
    for entry in &field.entries {
        let shape = shape(program, entry.parameter);
        let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
        let values = &weights.values[entry.parameter.0 as usize];
        let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
        for (start, norm) in offsets(&shape, &entry.axes).into_iter().zip(&mut norms) {
            if entry.shift {
                norm.shifts.push((degree, rest.len() as f64, rest.iter().map(|at| values[start + at]).sum()));
            } else {
                norm.factors.push((degree, rest.iter().map(|at| values[start + at].powi(2)).sum()));
            }
        }
    }
    norms.iter().map(Norm::least).collect()
}

/// s and s⁻¹ for each copy.
fn copies(family: Family, layouts: &[FrameOffsets], weights: &Weights) -> Vec<(Matrix, Matrix)> {
    let count = layouts.first().map_or(0, |layout| layout.copies.len());
    (0..count)
        .map(|copy| {
            let n = layouts[0].rows.len();
            let gram = |dual: bool| {
                let own = layouts.iter().filter(|layout| layout.dual == dual);
                own.fold(None, |sum: Option<Mat<f64>>, layout| {
                    let columns = columns(layout, layout.copies[copy], weights);
                    let square = &columns * columns.transpose();
                    Some(sum.map_or_else(|| square.clone(), |sum| sum + &square))
                })
            };
            let found = match family {
                Family::Complex(pairs) => by_pairs(n, |at| pairs.entries(at, n), gram(false), gram(true)),
                _ => symmetric(gram(false), gram(true)),
            };
            found.map_or_else(|| pair(Matrix::unit(n)), |(s, inverse)| (matrix(&s), matrix(&inverse)))
        })
        .collect()
}

/// The symmetric positive s with s P s = s⁻¹ D s⁻¹: s² is the geometric mean P^{-1/2} (P^{1/2} D P^{1/2})^{1/2} P^{-1/2} (Bhatia 2007,
/// chapter 4). With one of them alone s makes it the unit matrix. `None` where a sum is singular.
fn symmetric(primal: Option<Mat<f64>>, dual: Option<Mat<f64>>) -> Option<(Mat<f64>, Mat<f64>)> {
    let square = match (primal, dual) {
        (Some(primal), Some(dual)) => {
            let root = function(&primal, f64::sqrt)?;
            let inverse = function(&primal, |value| 1.0 / value.sqrt())?;
            let middle = function(&symmetrised(&(&root * dual * &root)), f64::sqrt)?;
            symmetrised(&(&inverse * middle * &inverse))
        }
        (Some(primal), None) => function(&primal, |value| 1.0 / value)?,
        (None, Some(dual)) => dual,
        (None, None) => return None,
    };
    Some((function(&square, f64::sqrt)?, function(&square, |value| 1.0 / value.sqrt())?))
}

fn symmetrised(m: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(m.nrows(), m.ncols(), |row, column| f64::midpoint(m[(row, column)], m[(column, row)]))
}

/// The same by pairs, each with one factor.
fn by_pairs(
    n: usize,
    pair: impl Fn(usize) -> (usize, usize),
    primal: Option<Mat<f64>>,
    dual: Option<Mat<f64>>,
) -> Option<(Mat<f64>, Mat<f64>)> {
    let (primal, dual) = (primal?, dual?);
    let (mut s, mut inverse) = (Mat::identity(n, n), Mat::identity(n, n));
    for at in 0..n / 2 {
        let (p, q) = pair(at);
        let ratio = (dual[(p, p)] + dual[(q, q)]) / (primal[(p, p)] + primal[(q, q)]);
        if !(ratio.is_finite() && ratio > 0.0) {
            continue;
        }
        let factor = ratio.sqrt().sqrt();
        for position in [p, q] {
            s[(position, position)] = factor;
            inverse[(position, position)] = 1.0 / factor;
        }
    }
    Some((s, inverse))
}
