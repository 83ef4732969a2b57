//! Teleportation: to a point of the orbit with a larger gradient (Armenta et al. 2023; Zhao et al. 2022).
//!
//! L(gθ) = L(θ) for all θ gives ∇L(gθ) = g⁻ᵀ ∇L(θ): where an entry is multiplied by e^{dt}, its gradient is multiplied by e^{−dt}. So the
//! gradient norm on an orbit of factors follows from one gradient, ‖∇L‖² = Σ gᵢ² e^{−2 dᵢ t}, convex in the logarithms t and without bound: each
//! factor stays within [1/limit, limit], and the largest value lies at corners of that box.

use super::barrier::mean_loss;
use super::moved::shape;
use crate::data::Examples;
use crate::{evaluate, loss};
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::action::{Chart, Element, apply_element, offsets, other_axes};
use sym_infer::{Field, Generators, Symmetries, Weights};
use sym_ir::Program;
use sym_ir::experiment::Loss;
use sym_lower::Module;

/// Passes over all factors, at most; each changes corners only where that makes the gradient larger.
const PASSES: usize = 100;

/// Weights after teleportation, and what it changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Teleported {
    /// The weights, which compute what the given ones do.
    pub weights: Weights,
    /// Mean loss before and after.
    pub losses: [f64; 2],
    /// Norm of its gradient before and after, each computed at the weights themselves.
    pub gradients: [f64; 2],
}

/// Moves weights along the factors of their units, each by at most `limit`, so that the gradient norm of the mean loss grows.
///
/// # Errors
///
/// What the program cannot be executed for.
pub fn teleport(
    program: &Program,
    symmetries: &Symmetries,
    weights: &Weights,
    examples: &Examples,
    of: Loss,
    limit: f64,
) -> Result<Teleported, Vec<Diagnostic>> {
    let given = gradient(program, weights, examples, of)?;
    let (mut moved, mut slopes) = (weights.clone(), given.clone());
    for chart in Chart::all(program, symmetries) {
        let mut at = chart.lifted(&moved);
        for (space, element) in corners(&chart, &chart.lifted_change(&slopes), libm::log(limit)) {
            at = apply_element(&chart.program, &chart.symmetries.spaces[space], &at, &element);
        }
        moved = chart.lowered(at);
        slopes = gradient(program, &moved, examples, of)?;
    }
    let losses = [mean_loss(program, weights, examples, of)?, mean_loss(program, &moved, examples, of)?];
    Ok(Teleported { weights: moved, losses, gradients: [norm(&given), norm(&slopes)] })
}

/// The corners of the box of logarithms that coordinate ascent reaches, field by field.
fn corners(chart: &Chart, gradient: &Weights, limit: f64) -> Vec<(usize, Element)> {
    let mut slopes = gradient.clone();
    let mut found: Vec<(usize, usize, &Field, Vec<f64>)> = Vec::new();
    for (at, space) in chart.symmetries.spaces.iter().enumerate() {
        let Generators::Units { scales, .. } = &space.generators else { continue };
        // What a sum with frozen terms leaves behind changes other weights by more than a factor.
        for (number, field) in scales.iter().enumerate().filter(|(_, field)| field.offsets.is_empty()) {
            found.push((at, number, field, vec![0.0; field.sizes.iter().map(|&size| size as usize).product()]));
        }
    }
    for _ in 0..PASSES {
        let mut changed = false;
        for (_, _, field, logarithms) in &mut found {
            changed |= ascend(&chart.program, field, &mut slopes, logarithms, limit);
        }
        if !changed {
            break;
        }
    }
    found.into_iter().map(|(space, field, _, logarithms)| (space, Element::Scale { field, logarithms })).collect()
}

/// Puts each tuple of one field where the gradient is largest with the others as they are; whether any has changed.
fn ascend(program: &Program, field: &Field, slopes: &mut Weights, logarithms: &mut [f64], limit: f64) -> bool {
    let entries: Vec<(usize, f64, Vec<usize>, Vec<usize>)> = field
        .entries
        .iter()
        .filter(|entry| !entry.shift)
        .map(|entry| {
            let shape = shape(program, entry.parameter);
            let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
            let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
            (entry.parameter.0 as usize, degree, offsets(&shape, &entry.axes), rest)
        })
        .collect();
    let mut changed = false;
    for (tuple, logarithm) in logarithms.iter_mut().enumerate() {
        let squares: Vec<(f64, f64)> = entries
            .iter()
            .map(|(parameter, degree, starts, rest)| {
                (*degree, rest.iter().map(|at| slopes.values[*parameter][starts[tuple] + at].powi(2)).sum())
            })
            .collect();
        let size = |step: f64| squares.iter().map(|(degree, sum)| sum * libm::exp(-2.0 * degree * step)).sum::<f64>();
        let steps = [limit - *logarithm, -limit - *logarithm];
        let best = steps.into_iter().fold(0.0, |best, step| if size(step) > size(best) * (1.0 + 1e-12) { step } else { best });
        if best == 0.0 {
            continue;
        }
        changed = true;
        *logarithm += best;
        for (parameter, degree, starts, rest) in &entries {
            let factor = libm::exp(-degree * best);
            for at in rest {
                slopes.values[*parameter][starts[tuple] + at] *= factor;
            }
        }
    }
    changed
}

/// The gradient of the mean loss; zero for frozen parameters.
fn gradient(program: &Program, weights: &Weights, examples: &Examples, of: Loss) -> Result<Weights, Vec<Diagnostic>> {
    let device = Device::flex().autodiff();
    let module = Module::new(program, weights, &device, DType::F64)?;
    let outputs = module.forward(&evaluate::arrays(program, &examples.inputs, &device, DType::F64));
    let Some(output) = outputs.into_iter().next() else { return Ok(Weights::zeros(program)) };
    let width = output.dims().iter().skip(1).product();
    let value = loss::of_batch(of, output, loss::place(&examples.targets, width, &device, DType::F64));
    let gradients = module.gradients(&value).into_iter().zip(&weights.values);
    let entries = gradients.map(|(gradient, own)| gradient.map_or_else(|| vec![0.0; own.len()], |array| array.values()));
    Ok(Weights { values: entries.collect() })
}

fn norm(weights: &Weights) -> f64 {
    weights.values.iter().flatten().map(|entry| entry * entry).sum::<f64>().sqrt()
}
