//! The loss between two points.

use crate::data::Examples;
use crate::{evaluate, loss};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::Loss;

/// The loss along a straight line.
#[derive(Debug, Clone, PartialEq)]
pub struct Barrier {
    /// Mean losses at equally spaced points from the first weights to the second, both included.
    pub losses: Vec<f64>,
    /// The largest excess over the line between the losses at both ends.
    pub height: f64,
}

/// max over t of L((1 − t) A + t B) − ((1 − t) L(A) + t L(B)) at so many equally spaced points, the ends among them (Frankle et al. 2020);
/// never below 0, which it is at the
/// ends, and infinite where a loss is not finite.
///
/// # Errors
///
/// What the program cannot be executed for.
pub fn barrier(
    program: &Program,
    from: &Weights,
    to: &Weights,
    points: usize,
    examples: &Examples,
    of: Loss,
) -> Result<Barrier, Vec<Diagnostic>> {
    let points = points.max(2);
    let share = |at: usize| at as f64 / (points - 1) as f64;
    let mut losses = Vec::with_capacity(points);
    for at in 0..points {
        losses.push(mean_loss(program, &from.towards(to, share(at)), examples, of)?);
    }
    let height = sym_measure::barrier::height(&losses);
    Ok(Barrier { losses, height })
}

/// The mean loss of examples.
pub(super) fn mean_loss(program: &Program, weights: &Weights, examples: &Examples, of: Loss) -> Result<f64, Vec<Diagnostic>> {
    let outputs = evaluate::outputs(program, weights, &examples.inputs)?;
    let count = examples.len().max(1);
    Ok(loss::sum(of, &outputs, &examples.targets, outputs.len() / count) / count as f64)
}
