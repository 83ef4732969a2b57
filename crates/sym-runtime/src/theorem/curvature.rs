//! Curvature of the loss at a symmetric state: the largest eigenvalue, which bounds the learning rate, and the lowest one across the fixed
//! set, which amplifies rounding.
//!
//! Power iteration on Hessian–vector products, which are central differences of gradients.

use super::objective::Batch;
use super::student::Student;
use super::vectors::{combined, inner, norm};
use crate::Stream;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_rewrite::Reduction;

/// Products a power iteration.
const ITERATIONS: usize = 16;
/// The step of central differences, relative to |θ|: balances rounding against the third derivative.
const STEP: f64 = 1e-5;

/// Remembers eigenvectors from one place of a trajectory to the next.
pub(super) struct Curvature<'a> {
    student: &'a Student,
    reduction: &'a Reduction,
    batch: &'a Batch,
    top: Weights,
    across: Weights,
}

/// Eigenvalues of the Hessian at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eigenvalues {
    /// The largest in absolute value, by sign.
    pub sharpness: f64,
    /// The lowest across the fixed set, on (I − P) H (I − P); 0 where the fixed set is everything.
    pub transverse: f64,
}

impl<'a> Curvature<'a> {
    /// Starts from random directions.
    pub fn new(student: &'a Student, reduction: &'a Reduction, batch: &'a Batch, stream: &mut Stream) -> Self {
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
        let (top, across) = (random(), random());
        Self { student, reduction, batch, top, across }
    }

    fn product(&self, at: &Weights, direction: &Weights) -> Result<Weights, Vec<Diagnostic>> {
        let step = STEP * norm(at).max(1.0) / norm(direction).max(f64::MIN_POSITIVE);
        let forward = self.student.gradient_at(&combined(at, step, direction), self.batch)?;
        let backward = self.student.gradient_at(&combined(at, -step, direction), self.batch)?;
        let difference = combined(&forward, -1.0, &backward);
        Ok(combined(
            &Weights { values: at.values.iter().map(|values| vec![0.0; values.len()]).collect() },
            0.5 / step,
            &difference,
        ))
    }

    fn outside(&self, weights: &Weights) -> Weights {
        combined(weights, -1.0, &self.reduction.project(weights))
    }

    /// The eigenvalues at a place.
    pub fn at(&mut self, weights: &Weights) -> Result<Eigenvalues, Vec<Diagnostic>> {
        let mut sharpness = 0.0;
        for _ in 0..ITERATIONS {
            let size = norm(&self.top);
            if size == 0.0 {
                break;
            }
            let unit = combined(&self.top, 1.0 / size - 1.0, &self.top);
            self.top = self.product(weights, &unit)?;
            sharpness = inner(&unit, &self.top);
        }
        let shift = sharpness.abs();
        let mut transverse = 0.0;
        self.across = self.outside(&self.across);
        for _ in 0..ITERATIONS {
            let size = norm(&self.across);
            if size < 1e-12 {
                break;
            }
            let unit = combined(&self.across, 1.0 / size - 1.0, &self.across);
            let product = self.outside(&self.product(weights, &unit)?);
            transverse = inner(&unit, &product);
            // The lowest eigenvalue of H is the largest of shift − H.
            self.across = self.outside(&combined(&product, -shift, &unit));
        }
        Ok(Eigenvalues { sharpness, transverse })
    }
}
