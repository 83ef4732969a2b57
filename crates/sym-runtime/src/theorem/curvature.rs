//! Curvature of the loss at a symmetric state: the largest eigenvalue, which bounds the learning rate, and the lowest ones across and
//! within the fixed set, which amplify rounding.
//!
//! Power iteration on Hessian–vector products, which are central differences of gradients. For Adam the Hessian is the preconditioned
//! one, P^{-1/2} H P^{-1/2}; P is the same for all entries of an orbit, so that it keeps the fixed set.

use super::objective::Batch;
use super::student::Student;
use super::vectors::{combined, inner, norm};
use crate::Stream;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::experiment::{DecayKind, Optimizer};
use sym_rewrite::Reduction;

/// Products of a power iteration at the first place, from random directions.
const FIRST: usize = 48;
/// Products at later places, from the directions found before.
const LATER: usize = 16;
/// The step of central differences, relative to |θ|: balances rounding against the third derivative.
const STEP: f64 = 1e-5;

/// Remembers eigenvectors from one place of a trajectory to the next.
pub(super) struct Curvature<'a> {
    student: &'a Student,
    reduction: &'a Reduction,
    batch: &'a Batch,
    /// Weight decay that is part of the gradient.
    decay: f64,
    iterations: usize,
    top: Weights,
    across: Weights,
    within: Weights,
}

/// Eigenvalues of the Hessian at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eigenvalues {
    /// The largest in absolute value, by sign.
    pub sharpness: f64,
    /// The lowest across the fixed set, on (I − P) H (I − P); 0 where the fixed set is everything.
    pub transverse: f64,
    /// The lowest within the fixed set, on P H P; 0 where the fixed set is empty.
    pub within: f64,
}

/// The Hessian at one place.
struct Hessian<'a> {
    at: &'a Weights,
    /// P^{-1/2} of Adam's preconditioner.
    root: Option<Weights>,
}

impl<'a> Curvature<'a> {
    /// Starts from random directions.
    pub fn new(
        student: &'a Student,
        optimizer: Optimizer,
        reduction: &'a Reduction,
        batch: &'a Batch,
        stream: &mut Stream,
    ) -> Self {
        let mut random = || {
            let mut weights = Weights::zeros(reduction.full());
            for (parameter, values) in reduction.full().parameters.iter().zip(&mut weights.values) {
                if parameter.trainable {
                    for value in values.iter_mut() {
                        *value = stream.normal();
                    }
                }
            }
            weights
        };
        let (top, across, within) = (random(), random(), random());
        let decay = if optimizer.decay_kind == DecayKind::Coupled { optimizer.decay } else { 0.0 };
        Self { student, reduction, batch, decay, iterations: FIRST, top, across, within }
    }

    fn product(&self, hessian: &Hessian, direction: &Weights) -> Result<Weights, Vec<Diagnostic>> {
        let scaled = |weights: &Weights| hessian.root.as_ref().map_or_else(|| weights.clone(), |root| multiplied(weights, root));
        let direction = scaled(direction);
        let step = STEP * norm(hessian.at).max(1.0) / norm(&direction).max(f64::MIN_POSITIVE);
        let forward = self.student.gradient_at(&combined(hessian.at, step, &direction), self.batch)?;
        let backward = self.student.gradient_at(&combined(hessian.at, -step, &direction), self.batch)?;
        let difference = combined(&forward, -1.0, &backward);
        let decayed =
            Weights { values: direction.values.iter().map(|values| values.iter().map(|v| v * self.decay).collect()).collect() };
        Ok(scaled(&combined(&decayed, 0.5 / step, &difference)))
    }

    /// The eigenvalues at a place, of the preconditioned Hessian where there is a preconditioner.
    pub fn at(&mut self, weights: &Weights, preconditioner: Option<&Weights>) -> Result<Eigenvalues, Vec<Diagnostic>> {
        let hessian = Hessian { at: weights, root: preconditioner.map(inverse_root) };
        let mut sharpness = 0.0;
        for _ in 0..self.iterations {
            let size = norm(&self.top);
            if size == 0.0 {
                break;
            }
            let unit = combined(&self.top, 1.0 / size - 1.0, &self.top);
            self.top = self.product(&hessian, &unit)?;
            sharpness = inner(&unit, &self.top);
        }
        let shift = sharpness.abs();
        let reduction = self.reduction;
        let inside = |weights: &Weights| reduction.project(weights);
        let outside = |weights: &Weights| combined(weights, -1.0, &reduction.project(weights));
        let (transverse, across) = self.lowest(&hessian, shift, &self.across, outside)?;
        let (within, inner) = self.lowest(&hessian, shift, &self.within, inside)?;
        (self.across, self.within, self.iterations) = (across, inner, LATER);
        Ok(Eigenvalues { sharpness, transverse, within })
    }

    /// The lowest eigenvalue on a subspace, which is shift minus the largest of shift − H, with its direction.
    fn lowest(
        &self,
        hessian: &Hessian,
        shift: f64,
        from: &Weights,
        onto: impl Fn(&Weights) -> Weights,
    ) -> Result<(f64, Weights), Vec<Diagnostic>> {
        let mut lowest = 0.0;
        let mut direction = onto(from);
        for _ in 0..self.iterations {
            let size = norm(&direction);
            if size < 1e-12 {
                break;
            }
            let unit = combined(&direction, 1.0 / size - 1.0, &direction);
            let product = onto(&self.product(hessian, &unit)?);
            lowest = inner(&unit, &product);
            direction = onto(&combined(&product, -shift, &unit));
        }
        Ok((lowest, direction))
    }
}

fn multiplied(one: &Weights, other: &Weights) -> Weights {
    let values = one.values.iter().zip(&other.values);
    Weights { values: values.map(|(one, other)| one.iter().zip(other).map(|(a, b)| a * b).collect()).collect() }
}

fn inverse_root(weights: &Weights) -> Weights {
    Weights { values: weights.values.iter().map(|values| values.iter().map(|value| 1.0 / value.sqrt()).collect()).collect() }
}
