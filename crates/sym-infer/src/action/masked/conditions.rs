//! Generators of GL(k) that are zero at the frozen entries of the parameters that they move.

use crate::action::Weights;
use crate::action::basis::{complement, span};
use crate::action::matrix::{FrameOffsets, Matrix};
use crate::symmetries::MatrixFrame;
use sym_ir::Program;

/// Size of a random generator.
const SPREAD: f64 = 0.3;
/// Steps of the conjugate gradient iteration at most, and of Newton's.
const ITERATIONS: usize = 400;
const NEWTON: usize = 30;
/// A residual relative to the start at which conjugate gradients end.
const SMALL: f64 = 1e-14;
/// The distance of frozen entries from where they were at which Newton's method ends.
const REACHED: f64 = 1e-13;

/// One frozen entry as a condition on a generator A: row `row` of A (column, on the dual side, with the other sign) times `column` vanishes.
pub(super) struct Condition {
    dual: bool,
    row: usize,
    column: Vec<f64>,
    /// The parameter and the entry.
    place: (usize, usize),
}

/// What frozen entries demand of the generators of GL(k), copy by copy.
pub(super) struct Conditions {
    size: usize,
    layouts: Vec<FrameOffsets>,
    pub copies: Vec<Vec<Condition>>,
}

impl Conditions {
    pub fn of(program: &Program, frames: &[MatrixFrame], weights: &Weights) -> Self {
        let layouts: Vec<FrameOffsets> = frames.iter().map(|frame| FrameOffsets::of(program, frame, None)).collect();
        let (size, count) = layouts.first().map_or((0, 0), |layout| (layout.rows.len(), layout.copies.len()));
        let mut copies: Vec<Vec<Condition>> = (0..count).map(|_| Vec::new()).collect();
        for (frame, layout) in frames.iter().zip(&layouts) {
            let parameter = program.parameter(frame.parameter);
            if !parameter.trainable || parameter.role.mask.is_none() {
                continue;
            }
            let mut frozen = vec![false; weights.values[layout.parameter].len()];
            parameter.frozen_entries().places.into_iter().for_each(|place| frozen[place] = true);
            let values = &weights.values[layout.parameter];
            for (conditions, copy) in copies.iter_mut().zip(&layout.copies) {
                for rest in &layout.rest {
                    for (row, at) in layout.rows.iter().enumerate().filter(|(_, at)| frozen[copy + *at + rest]) {
                        let column = layout.rows.iter().map(|other| values[copy + other + rest]).collect();
                        conditions.push(Condition {
                            dual: layout.dual,
                            row,
                            column,
                            place: (layout.parameter, copy + at + rest),
                        });
                    }
                }
            }
        }
        Self { size, layouts, copies }
    }

    /// The rates of change of the frozen entries of a copy under a generator.
    fn rates(&self, copy: usize, generator: &[f64]) -> Vec<f64> {
        let rate = |condition: &Condition| -> f64 {
            let entries = condition.column.iter().enumerate();
            if condition.dual {
                -entries.map(|(at, entry)| generator[at * self.size + condition.row] * entry).sum::<f64>()
            } else {
                entries.map(|(at, entry)| generator[condition.row * self.size + at] * entry).sum()
            }
        };
        self.copies[copy].iter().map(rate).collect()
    }

    /// The transpose of [`Self::rates`].
    fn transposed(&self, copy: usize, amounts: &[f64]) -> Vec<f64> {
        let mut generator = vec![0.0; self.size * self.size];
        for (condition, amount) in self.copies[copy].iter().zip(amounts) {
            for (at, entry) in condition.column.iter().enumerate() {
                if condition.dual {
                    generator[at * self.size + condition.row] -= amount * entry;
                } else {
                    generator[condition.row * self.size + at] += amount * entry;
                }
            }
        }
        generator
    }

    /// The shortest generator with given rates of the frozen entries, by conjugate gradients on C Cᵀ.
    fn shortest(&self, copy: usize, rates: &[f64]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut amounts = vec![0.0; rates.len()];
        let mut residual = rates.to_vec();
        let mut direction = residual.clone();
        let start = dot(&residual, &residual);
        let mut square = start;
        for _ in 0..ITERATIONS {
            if square <= SMALL * SMALL * start || square == 0.0 {
                break;
            }
            let image = self.rates(copy, &self.transposed(copy, &direction));
            let curvature = dot(&direction, &image);
            if curvature <= 0.0 {
                break;
            }
            let step = square / curvature;
            amounts.iter_mut().zip(&direction).for_each(|(amount, along)| *amount += step * along);
            residual.iter_mut().zip(&image).for_each(|(entry, image)| *entry -= step * image);
            let next = dot(&residual, &residual);
            direction.iter_mut().zip(&residual).for_each(|(along, entry)| *along = entry + next / square * *along);
            square = next;
        }
        self.transposed(copy, &amounts)
    }

    /// A random generator that keeps the frozen entries: a random matrix without its part in the span of the conditions.
    pub fn random(&self, copy: usize, normal: &mut dyn FnMut() -> f64) -> Vec<f64> {
        let mut generator: Vec<f64> = (0..self.size * self.size).map(|_| normal()).collect();
        for _ in 0..2 {
            let part = self.shortest(copy, &self.rates(copy, &generator));
            generator.iter_mut().zip(part).for_each(|(entry, part)| *entry -= part);
        }
        generator
    }

    /// A basis of the generators that keep the frozen entries.
    pub fn kernel(&self, copy: usize) -> Vec<Vec<f64>> {
        let unit = |at: usize| (0..self.copies[copy].len()).map(|other| f64::from(u8::from(other == at))).collect::<Vec<_>>();
        let rows = (0..self.copies[copy].len()).map(|at| self.transposed(copy, &unit(at))).collect();
        complement(&span(rows), self.size * self.size)
    }

    /// The change of the weights under a generator, exactly 0 at frozen entries.
    pub fn tangent(&self, weights: &Weights, copy: usize, generator: &[f64]) -> Weights {
        let own = Matrix { size: self.size, entries: generator.to_vec() };
        let opposite = own.transposed().scaled(-1.0);
        let mut tangent = Weights { values: weights.values.iter().map(|values| vec![0.0; values.len()]).collect() };
        for layout in &self.layouts {
            let (values, change) = (&weights.values[layout.parameter], &mut tangent.values[layout.parameter]);
            let matrix = if layout.dual { &opposite } else { &own };
            for rest in &layout.rest {
                let start = layout.copies[copy] + rest;
                for (row, at) in layout.rows.iter().enumerate() {
                    let products = layout.rows.iter().zip(&matrix.entries[row * self.size..]);
                    change[start + at] += products.map(|(other, entry)| entry * values[start + other]).sum::<f64>();
                }
            }
        }
        self.copies[copy].iter().for_each(|condition| tangent.values[condition.place.0][condition.place.1] = 0.0);
        tangent
    }
}

/// gθ with g near e^{0.3 A}, A a random generator that keeps the frozen entries: Newton's method takes back what they move at second order.
/// θ itself where that does not converge.
pub(super) fn moved(program: &Program, frames: &[MatrixFrame], weights: &Weights, normal: &mut dyn FnMut() -> f64) -> Weights {
    let start = Conditions::of(program, frames, weights);
    let mut moved = weights.clone();
    let apply = |moved: &mut Weights, copy: usize, generator: &[f64], factor: f64| {
        let own = Matrix { size: start.size, entries: generator.to_vec() }.scaled(factor);
        let (primal, dual) = (own.exponential(), own.transposed().scaled(-1.0).exponential());
        for layout in &start.layouts {
            layout.apply(&mut moved.values[layout.parameter], copy, if layout.dual { &dual } else { &primal });
        }
    };
    for copy in 0..start.copies.len() {
        let length = (start.size as f64).sqrt();
        apply(&mut moved, copy, &start.random(copy, normal), SPREAD / length);
    }
    for _ in 0..NEWTON {
        let here = Conditions::of(program, frames, &moved);
        let mut worst = 0.0f64;
        for copy in 0..here.copies.len() {
            let value = |of: &Weights, condition: &Condition| of.values[condition.place.0][condition.place.1];
            let missing: Vec<f64> =
                here.copies[copy].iter().map(|condition| value(weights, condition) - value(&moved, condition)).collect();
            worst = missing.iter().fold(worst, |worst, entry| worst.max(entry.abs()));
            apply(&mut moved, copy, &here.shortest(copy, &missing), 1.0);
        }
        if worst <= REACHED {
            break;
        }
    }
    for condition in start.copies.iter().flatten() {
        let (parameter, entry) = condition.place;
        let (before, after) = (weights.values[parameter][entry], &mut moved.values[parameter][entry]);
        if (*after - before).abs() > 1e-9 * before.abs().max(1.0) {
            return weights.clone();
        }
        *after = before;
    }
    moved
}
