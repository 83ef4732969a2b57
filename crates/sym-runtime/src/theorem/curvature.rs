//! Curvature of the loss at a symmetric state: the largest eigenvalue, which bounds the learning rate, and the lowest ones across and
//! within the fixed set, which amplify rounding.
//!
//! Lanczos iteration on Hessian–vector products, which are central differences of gradients. For Adam the Hessian is the preconditioned
//! one, P^{-1/2} H P^{-1/2}; P is the same for all entries of an orbit, so that it keeps the fixed set.

use super::extremes::extremes;
use super::objective::{Batch, Objective};
use super::vectors::{combined, norm};
use crate::Stream;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::experiment::{DecayKind, Optimizer};
use sym_rewrite::Reduction;

/// Products at the first place, from random directions.
const FIRST: usize = 32;
/// Products at later places, from the eigenvectors found before.
const LATER: usize = 12;
/// The step of central differences, relative to |θ|: balances rounding against the third derivative.
const STEP: f64 = 1e-5;

/// Remembers eigenvectors from one place of a trajectory to the next.
pub(super) struct Curvature<'a> {
    objective: &'a Objective,
    reduction: &'a Reduction,
    batch: &'a Batch,
    /// Weight decay that is part of the gradient.
    decay: f64,
    products: usize,
    across: Weights,
    within: Weights,
}

/// Eigenvalues of the Hessian at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eigenvalues {
    /// The largest.
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
        objective: &'a Objective,
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
        let (across, within) = (random(), random());
        let decay = if optimizer.decay_kind == DecayKind::Coupled { optimizer.decay } else { 0.0 };
        Self { objective, reduction, batch, decay, products: FIRST, across, within }
    }

    fn product(&self, hessian: &Hessian, direction: &Weights) -> Result<Weights, Vec<Diagnostic>> {
        let scaled = |weights: &Weights| hessian.root.as_ref().map_or_else(|| weights.clone(), |root| multiplied(weights, root));
        let direction = scaled(direction);
        let step = STEP * norm(hessian.at).max(1.0) / norm(&direction).max(f64::MIN_POSITIVE);
        let forward = self.objective.gradient(&combined(hessian.at, step, &direction), self.batch)?;
        let backward = self.objective.gradient(&combined(hessian.at, -step, &direction), self.batch)?;
        let difference = combined(&forward, -1.0, &backward);
        let decayed =
            Weights { values: direction.values.iter().map(|values| values.iter().map(|v| v * self.decay).collect()).collect() };
        Ok(scaled(&combined(&decayed, 0.5 / step, &difference)))
    }

    /// The eigenvalues at a place, of the preconditioned Hessian where there is a preconditioner. At a symmetric state the Hessian keeps
    /// the fixed set and what is across it.
    pub fn at(&mut self, weights: &Weights, preconditioner: Option<&Weights>) -> Result<Eigenvalues, Vec<Diagnostic>> {
        let hessian = Hessian { at: weights, root: preconditioner.map(inverse_root) };
        let reduction = self.reduction;
        let product = |direction: &Weights| self.product(&hessian, direction);
        let inside = |weights: &Weights| reduction.project(weights);
        let outside = |weights: &Weights| combined(weights, -1.0, &reduction.project(weights));
        let across =
            extremes(&outside(&self.across), self.products, |direction| product(direction).map(|found| outside(&found)))?;
        let within = extremes(&inside(&self.within), self.products, |direction| product(direction).map(|found| inside(&found)))?;
        let found =
            Eigenvalues { sharpness: across.highest.max(within.highest), transverse: across.lowest, within: within.lowest };
        (self.across, self.within, self.products) = (across.start, within.start, LATER);
        Ok(found)
    }
}

fn multiplied(one: &Weights, other: &Weights) -> Weights {
    let values = one.values.iter().zip(&other.values);
    Weights { values: values.map(|(one, other)| one.iter().zip(other).map(|(a, b)| a * b).collect()).collect() }
}

fn inverse_root(weights: &Weights) -> Weights {
    Weights { values: weights.values.iter().map(|values| values.iter().map(|value| 1.0 / value.sqrt()).collect()).collect() }
}
