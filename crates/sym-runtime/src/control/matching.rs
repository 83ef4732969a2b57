//! Alignment: the element of a model's symmetry group that brings given weights close to others.
//!
//! Weight matching (Ainsworth, Hayase and Srinivasa 2023): coordinate descent over spaces, each an exact assignment of its units, or an
//! orthogonal Procrustes problem, on the inner products of all entries that it moves. Both weights are first brought to the least norm of
//! their orbits, where what is left of GL is orthogonal and of factors a sign; at the end those steps of the target are taken back.
//!
//! In a first pass a space is only judged by entries whose other axes are in place already, inputs and outputs first. A space whose positions
//! hold groups of their own, such as heads with GL on each, is judged by what these can reach at best.

use super::activations::correlations;
use super::assignment::assign;
use super::balance::{balance, balanced};
use super::moved::{Kind, Moved, columns, tuples_of_units};
use super::places::{Count, Places, mask, tuples};
use super::procrustes::nearest;
use crate::data::Inputs;
use faer::Mat;
use std::collections::BTreeMap;
use sym_diagnostics::Diagnostic;
use sym_infer::action::{Chart, Element, FrameOffsets, apply_element, offsets};
use sym_infer::{Generators, Symmetries, Weights};
use sym_ir::Program;

/// Passes over all spaces, at most; each accepted step brings the weights closer.
const PASSES: usize = 100;

/// What units are compared by.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The weights that they are moved with.
    Weights,
    /// Correlations of their values on these inputs; spaces whose values say nothing, such as heads, are compared by weights.
    Activations(&'a [Inputs]),
}

/// Weights after alignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// The aligned weights, which compute what the given ones do.
    pub weights: Weights,
    /// The distance between the balanced weights before.
    pub before: f64,
    /// The distance between the balanced weights after; no larger where all spaces are compared by weights.
    pub after: f64,
}

/// Moves `from` along its orbit close to `to`: the same function, nearer where both are balanced.
///
/// # Errors
///
/// What the program cannot be executed for, which only activations ask.
pub fn align(
    program: &Program,
    symmetries: &Symmetries,
    from: &Weights,
    to: &Weights,
    by: By,
) -> Result<Aligned, Vec<Diagnostic>> {
    let mut weights = from.clone();
    for chart in Chart::all(program, symmetries) {
        let (own, _) = balance(&chart, &chart.lifted(&weights));
        let (target, steps) = balance(&chart, &chart.lifted(to));
        let places = Places::of(&chart);
        let given = match by {
            By::Weights => BTreeMap::new(),
            By::Activations(inputs) => correlations(&places, &own, &target, inputs)?,
        };
        let mut matcher = Matcher { places, from: own, to: target, given };
        matcher.run();
        let mut moved = matcher.from;
        for (space, element) in steps.iter().rev() {
            moved = apply_element(&chart.program, &chart.symmetries.spaces[*space], &moved, &element.inverse());
        }
        weights = chart.lowered(moved);
    }
    let target = balanced(program, symmetries, to);
    let away = |weights: &Weights| distance(&balanced(program, symmetries, weights), &target);
    Ok(Aligned { before: away(from), after: away(&weights), weights })
}

/// The Euclidean distance.
fn distance(one: &Weights, other: &Weights) -> f64 {
    let squares = one.values.iter().flatten().zip(other.values.iter().flatten()).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

/// The sum of products of all entries.
fn product(one: &Weights, other: &Weights) -> f64 {
    one.values.iter().flatten().zip(other.values.iter().flatten()).map(|(a, b)| a * b).sum()
}

struct Matcher<'a> {
    places: Places<'a>,
    from: Weights,
    to: Weights,
    /// Spaces whose units are compared by something other than weights: similarity of units of `to` (rows) and of `from` as it was given.
    given: BTreeMap<usize, Mat<f64>>,
}

impl Matcher<'_> {
    /// One pass over spaces in the order in which they can be judged, then passes over all until nothing comes closer.
    fn run(&mut self) {
        let (given, at) = (product(&self.from, &self.to), self.from.clone());
        let spaces: Vec<usize> = (0..self.places.moved.len()).collect();
        let mut placed: Vec<bool> = self.places.moved.iter().map(Option::is_none).collect();
        while let Some(next) = self.places.most_placed(&placed) {
            self.step(next, Count::Placed(&placed));
            placed[next] = true;
        }
        for &space in &spaces {
            self.step_signs(space);
        }
        if self.given.is_empty() && product(&self.from, &self.to) < given {
            self.from = at;
        }
        let by_weights: Vec<usize> = spaces.into_iter().filter(|space| !self.given.contains_key(space)).collect();
        for _ in 0..PASSES {
            let mut closer = false;
            for &space in &by_weights {
                let (before, at) = (product(&self.from, &self.to), self.from.clone());
                self.step(space, Count::All);
                for child in self.places.children[space].clone() {
                    self.step(child, Count::All);
                }
                self.step_signs(space);
                let gained = product(&self.from, &self.to) - before;
                if gained > 1e-12 * before.abs().max(product(&self.to, &self.to)) {
                    closer = true;
                } else {
                    self.from = at;
                }
            }
            if !closer {
                break;
            }
        }
    }

    fn step(&mut self, space: usize, count: Count) {
        let Some(moved) = self.places.moved[space].clone() else { return };
        match moved.kind {
            Kind::Units => self.step_units(space, &moved, count),
            Kind::Matrices(family) => {
                let [from, to] = self.layouts(space, &moved);
                let Some(first) = from.first() else { return };
                let copies = (0..first.copies.len()).map(|copy| {
                    let mut sum = Mat::zeros(first.rows.len(), first.rows.len());
                    for (own, target) in from.iter().zip(&to).filter(|(own, _)| self.places.counts(space, own.parameter, count)) {
                        sum += columns(target, target.copies[copy], &self.to)
                            * columns(own, own.copies[copy], &self.from).transpose();
                    }
                    // Its inverse transpose is the matrix itself.
                    let (g, _) = nearest(family, &sum);
                    (g.clone(), g)
                });
                let element = Element::Matrices(copies.collect());
                self.apply(space, &element);
            }
        }
    }

    fn apply(&mut self, space: usize, element: &Element) {
        self.from = apply_element(&self.places.chart.program, &self.places.chart.symmetries.spaces[space], &self.from, element);
    }

    fn layouts(&self, space: usize, moved: &Moved) -> [Vec<FrameOffsets>; 2] {
        let row = &self.places.chart.symmetries.spaces[space];
        [&self.from, &self.to].map(|weights| moved.layouts(&self.places.chart.program, row, weights))
    }

    fn step_units(&mut self, space: usize, moved: &Moved, count: Count) {
        let fields = self.places.unit_signs(space, moved);
        let layouts = moved.layouts(&self.places.chart.program, &self.places.chart.symmetries.spaces[space], &self.from);
        let masks: Vec<usize> = layouts.iter().map(|layout| mask(&fields, layout.parameter)).collect();
        let Some(first) = layouts.first() else { return };
        let (size, copies) = (first.rows.len(), first.copies.len());
        let mut orders = Vec::with_capacity(copies);
        let mut flips: Vec<Vec<bool>> = fields.iter().map(|(_, field, _)| vec![false; tuples(field)]).collect();
        for copy in 0..copies {
            let mut parts = vec![Mat::<f64>::zeros(size, size); 1 << fields.len()];
            for (layout, mask) in layouts.iter().zip(&masks) {
                if self.places.counts(space, layout.parameter, count) && self.places.child_of(space, layout.parameter).is_none() {
                    let start = layout.copies[copy];
                    parts[*mask] += columns(layout, start, &self.to) * columns(layout, start, &self.from).transpose();
                }
            }
            for &child in &self.places.children[space] {
                parts[0] += self.through(space, moved, copy, child, count);
            }
            // The best combination of signs for each pair.
            let of_signs = |signs: usize, p: usize, q: usize| {
                let sign = |mask: usize| if (signs & mask).count_ones() % 2 == 1 { -1.0 } else { 1.0 };
                parts.iter().enumerate().map(|(mask, part)| sign(mask) * part[(p, q)]).sum::<f64>()
            };
            let best = |p: usize, q: usize| {
                (0..parts.len())
                    .map(|signs| (signs, of_signs(signs, p, q)))
                    .fold((0, f64::MIN), |best, next| if next.1 > best.1 { next } else { best })
            };
            let order = match self.given.get(&space) {
                Some(given) => assign(given),
                None => assign(&Mat::from_fn(size, size, |p, q| best(p, q).1)),
            };
            for (p, &q) in order.iter().enumerate() {
                let signs = best(p, q).0;
                for (at, (_, _, tuple)) in fields.iter().enumerate() {
                    flips[at][tuple[copy][p]] = signs >> at & 1 == 1;
                }
            }
            orders.push(order);
        }
        let numbers: Vec<usize> = fields.iter().map(|(number, _, _)| *number).collect();
        self.apply(space, &Element::Orders(orders));
        for (field, flipped) in numbers.into_iter().zip(flips) {
            self.apply(space, &Element::Flip { field, flipped });
        }
    }

    /// For each pair of positions what a child group reaches at best when one takes the other's place.
    fn through(&self, space: usize, parent: &Moved, copy: usize, child: usize, count: Count) -> Mat<f64> {
        let program = &self.places.chart.program;
        let Some(moved) = &self.places.moved[child] else { unreachable!("children move axes") };
        let [from, to] = self.layouts(child, moved);
        let mut starts = Vec::new();
        for ((axis, own), target) in moved.axes.iter().zip(&from).zip(&to) {
            if !self.places.counts(space, own.parameter, count) || self.places.child_of(space, own.parameter) != Some(child) {
                continue;
            }
            let holds = |outer: &&super::moved::Axis| {
                outer.parameter == axis.parameter && outer.axes.iter().all(|at| axis.over.contains(at))
            };
            let Some(outer) = parent.axes.iter().find(holds) else { continue };
            let shape = super::moved::shape(program, axis.parameter);
            let others: Vec<usize> =
                axis.over.iter().copied().filter(|at| !outer.axes.contains(at) && !outer.over.contains(at)).collect();
            let copies = offsets(&shape, &outer.over);
            let base = copies.get(copy).copied().unwrap_or_default();
            starts.push((own, target, base, offsets(&shape, &outer.axes), offsets(&shape, &others)));
        }
        let Some((_, _, _, rows, others)) = starts.first() else {
            return Mat::zeros(self.places.size(parent), self.places.size(parent));
        };
        Mat::from_fn(rows.len(), rows.len(), |p, q| {
            let mut value = 0.0;
            for other in 0..others.len() {
                let mut sum: Option<Mat<f64>> = None;
                for (own, target, base, rows, others) in &starts {
                    let cross = columns(target, base + rows[p] + others[other], &self.to)
                        * columns(own, base + rows[q] + others[other], &self.from).transpose();
                    sum = Some(sum.map_or_else(|| cross.clone(), |sum| sum + &cross));
                }
                let Some(sum) = sum else { continue };
                value += match moved.kind {
                    Kind::Matrices(family) => nearest(family, &sum).1,
                    Kind::Units => {
                        let signed = !self.places.unit_signs(child, moved).is_empty();
                        let sum =
                            Mat::from_fn(sum.nrows(), sum.ncols(), |p, q| if signed { sum[(p, q)].abs() } else { sum[(p, q)] });
                        assign(&sum).into_iter().enumerate().map(|(p, q)| sum[(p, q)]).sum()
                    }
                };
            }
            value
        })
    }

    /// The signs of fields that have no sign of each unit, tuple by tuple.
    fn step_signs(&mut self, space: usize) {
        let Generators::Units { signs, .. } = &self.places.chart.symmetries.spaces[space].generators else { return };
        let chart = self.places.chart;
        let moved = self.places.moved[space].clone();
        for (number, field) in signs.iter().enumerate() {
            if moved.as_ref().is_some_and(|moved| tuples_of_units(&chart.program, moved, field).is_some()) {
                continue;
            }
            for tuple in 0..tuples(field) {
                let flipped = (0..tuples(field)).map(|at| at == tuple).collect();
                let (before, at) = (product(&self.from, &self.to), self.from.clone());
                self.apply(space, &Element::Flip { field: number, flipped });
                if product(&self.from, &self.to) <= before {
                    self.from = at;
                }
            }
        }
    }
}
