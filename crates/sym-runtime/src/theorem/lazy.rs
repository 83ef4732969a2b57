//! The lazy regime of Theorem 1 in numbers (PSU, Theorem 3.2 and Eqs. 19 to 25), and the quadratic growth away from a state (Eq. 4).
//!
//! At a symmetric θ₀ the linearised model is g(x, δ) = ∇f(x, θ₀) P δ. Gradient descent on the squares of its errors from δ = 0 leads to A⁺b with
//! A = P Jᵀ J P and b = P Jᵀ r; a network whose outputs are scaled by α follows it up to O(1/α) (Chizat et al. 2019).

use super::vectors::{combined, inner, norm};
use crate::data::{Examples, Inputs};
use crate::proof::rows_of_jacobian;
use crate::{Stream, evaluate};
use burn::tensor::{DType, Device, Tensor, TensorData};
use faer::Mat;
use serde::Serialize;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_lower::{Array, Module};
use sym_rewrite::{Reduction, has_batch_statistics};

/// The largest model that is linearised: A has D² entries.
const LARGEST: u128 = 400;
/// Rows of J at most: entries of outputs of examples.
const ROWS: usize = 96;
/// Singular values of J below this share of the largest count as zero.
const RANK: f64 = 1e-9;
/// Doublings of the number of steps of gradient descent on the linearised model.
const DOUBLINGS: usize = 60;
/// Scales of the outputs at which training is compared with the linearised model.
const SCALES: [f64; 3] = [10.0, 100.0, 1000.0];
/// Steps of that training.
const STEPS: usize = 100;
/// Distances across the state, relative to |θ|, at which growth is fitted.
const DISTANCES: [f64; 4] = [4e-2, 2e-2, 1e-2, 5e-3];

/// The numbers of the lazy regime.
#[derive(Debug, Clone, Serialize)]
pub struct Lazy {
    /// Rows of J: entries of the output over examples.
    pub rows: usize,
    /// The rank of the kernel's Gram matrix J Jᵀ, at most rank(P).
    pub gram_rank: usize,
    /// |δ − A⁺b| / |A⁺b| for gradient descent on the linearised model after 2⁶⁰ steps.
    pub least_squares: f64,
    /// The same solution by the reduced model's own least squares: |expand(A'⁺b') − A⁺b| / |A⁺b|.
    pub reduced_least_squares: f64,
    /// For outputs scaled by each α the relative distance of what training answers from what the linearised model does.
    pub scaled: Vec<Scaled>,
    /// The fitted order of |f(θ) − f(Pθ)| in the distance across the state: 2.
    pub order: f64,
    /// The fitted order of what its quadratic part leaves of that difference: above 2.
    pub remainder_order: f64,
}

/// Training with scaled outputs beside the linearised model.
#[derive(Debug, Clone, Serialize)]
pub struct Scaled {
    /// α.
    pub scale: f64,
    /// |α(f − f₀) − J δ| / |J δ| after the last step.
    pub distance: f64,
}

/// Measures at a symmetric start; `None` for models that are too large, and where examples share statistics.
pub(super) fn measure(
    reduction: &Reduction,
    start: &Weights,
    examples: &Examples,
    stream: &mut Stream,
) -> Result<Option<Lazy>, Vec<Diagnostic>> {
    let full = reduction.full();
    if full.trainable_entries().is_none_or(|entries| entries > LARGEST) || full.has_masks() || has_batch_statistics(full) {
        return Ok(None);
    }
    let width = full
        .outputs
        .first()
        .map_or(1, |output| full.node(output.value).shape.iter().map(|axis| axis.size as usize).product::<usize>());
    let available = examples.inputs.first().map_or(0, Inputs::rows);
    let count = (ROWS / width.max(1)).min(available);
    if count == 0 || full.outputs.len() != 1 {
        return Ok(None);
    }
    let first: Vec<usize> = (0..count).collect();
    let inputs: Vec<Inputs> = examples.inputs.iter().map(|inputs| inputs.select(&first)).collect();
    let jacobian = rows_of_jacobian(full, start, &inputs, count * width)?;
    let answers: Vec<f64> = (0..jacobian.nrows()).map(|_| stream.normal()).collect();
    let singular = jacobian.singular_values().unwrap_or_default();
    let largest = singular.iter().copied().fold(0.0, f64::max);
    let gram_rank = singular.iter().filter(|value| **value > RANK * largest).count();
    let masked = projected_rows(reduction, &jacobian);
    let solution = least_squares(&masked, &answers);
    let reduced_jacobian = rows_of_jacobian(&reduction.program, &reduction.restrict(start), &inputs, count * width)?;
    let reduced = expanded(reduction, &least_squares(&reduced_jacobian, &answers));
    let (order, remainder_order) = orders(reduction, start, &inputs, stream)?;
    Ok(Some(Lazy {
        rows: jacobian.nrows(),
        gram_rank,
        least_squares: relative(&limit_of_descent(&masked, &answers, gram_rank), &solution),
        reduced_least_squares: relative(&reduced, &solution),
        scaled: scaled(full, start, &inputs, &masked, &answers)?,
        order,
        remainder_order,
    }))
}

fn relative(one: &[f64], other: &[f64]) -> f64 {
    let difference = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    difference / other.iter().map(|entry| entry * entry).sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
}

/// The trained entries of weights as one vector, and back.
fn flat(program: &Program, weights: &Weights) -> Vec<f64> {
    let trained = program.parameters.iter().zip(&weights.values).filter(|(parameter, _)| parameter.trainable);
    trained.flat_map(|(_, values)| values.iter().copied()).collect()
}

fn shaped(program: &Program, vector: &[f64]) -> Weights {
    let mut weights = Weights::zeros(program);
    let mut rest = vector.iter();
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        if parameter.trainable {
            for (value, entry) in values.iter_mut().zip(&mut rest) {
                *value = *entry;
            }
        }
    }
    weights
}

/// J P.
fn projected_rows(reduction: &Reduction, jacobian: &Mat<f64>) -> Mat<f64> {
    let full = reduction.full();
    let rows: Vec<Vec<f64>> = (0..jacobian.nrows())
        .map(|row| {
            let gradient: Vec<f64> = (0..jacobian.ncols()).map(|column| jacobian[(row, column)]).collect();
            flat(full, &reduction.project(&shaped(full, &gradient)))
        })
        .collect();
    Mat::from_fn(jacobian.nrows(), jacobian.ncols(), |row, column| rows[row][column])
}

/// Coordinates of the reduced model as a vector of the full one.
fn expanded(reduction: &Reduction, coordinates: &[f64]) -> Vec<f64> {
    flat(reduction.full(), &reduction.expand(&shaped(&reduction.program, coordinates)))
}

/// A⁺ b = J⁺ r, by the singular values of J.
fn least_squares(jacobian: &Mat<f64>, answers: &[f64]) -> Vec<f64> {
    let Ok(parts) = jacobian.thin_svd() else { return vec![0.0; jacobian.ncols()] };
    let (left, values, right) = (parts.U(), parts.S().column_vector(), parts.V());
    let largest = (0..values.nrows()).map(|at| values[at]).fold(0.0, f64::max);
    let mut solution = vec![0.0; jacobian.ncols()];
    for at in (0..values.nrows()).filter(|&at| values[at] > RANK * largest) {
        let part: f64 = (0..jacobian.nrows()).map(|row| left[(row, at)] * answers[row]).sum::<f64>() / values[at];
        for (entry, value) in solution.iter_mut().enumerate() {
            *value += part * right[(entry, at)];
        }
    }
    solution
}

/// δ of gradient descent δ ← δ − s(Aδ − b) with s = 1/λ₁ from 0 after 2^60 steps, whose number doubles at once: δ₂ₜ = δₜ + Mᵗ δₜ with M = 1 − sA. In
/// an orthonormal basis of the span of the features, which it never leaves: elsewhere M is 1, and its powers would only gather rounding.
fn limit_of_descent(jacobian: &Mat<f64>, answers: &[f64], rank: usize) -> Vec<f64> {
    let columns = jacobian.transpose().to_owned();
    let basis = columns.col_piv_qr().compute_thin_Q();
    let basis = basis.subcols(0, rank.min(basis.ncols()));
    let features = jacobian * basis;
    let square = features.transpose() * &features;
    let largest = jacobian.singular_values().unwrap_or_default().into_iter().fold(0.0, f64::max).powi(2).max(f64::MIN_POSITIVE);
    let size = features.ncols();
    let mut power = Mat::from_fn(size, size, |row, column| f64::from(u8::from(row == column)) - square[(row, column)] / largest);
    let answers = Mat::from_fn(answers.len(), 1, |row, _| answers[row] / largest);
    let mut position = features.transpose() * &answers;
    for _ in 0..DOUBLINGS {
        position = &position + &power * &position;
        power = &power * &power;
    }
    let position = basis * position;
    (0..position.nrows()).map(|row| position[(row, 0)]).collect()
}

/// Gradient descent on |α(f − f₀) − r|² with the step s/α², beside the same number of steps of the linearised model.
fn scaled(
    program: &Program,
    start: &Weights,
    inputs: &[Inputs],
    jacobian: &Mat<f64>,
    answers: &[f64],
) -> Result<Vec<Scaled>, Vec<Diagnostic>> {
    let largest = jacobian.singular_values().unwrap_or_default().into_iter().fold(0.0, f64::max);
    let step = 1.0 / (largest * largest).max(f64::MIN_POSITIVE);
    let rows = answers.len();
    let mut linear = Mat::<f64>::zeros(jacobian.ncols(), 1);
    let answer = Mat::from_fn(rows, 1, |row, _| answers[row]);
    for _ in 0..STEPS {
        let error = jacobian * &linear - &answer;
        linear = &linear - faer::Scale(step) * (jacobian.transpose() * &error);
    }
    let linear = jacobian * &linear;
    let linear: Vec<f64> = (0..rows).map(|row| linear[(row, 0)]).collect();
    let device = Device::flex().autodiff();
    let before = evaluate::outputs(program, start, inputs)?;
    let mut found = Vec::new();
    for scale in SCALES {
        let mut weights = start.clone();
        for _ in 0..STEPS {
            let module = Module::new(program, &weights, &device, DType::F64)?;
            let output = module.forward(&evaluate::arrays(program, inputs, &device, DType::F64)).swap_remove(0).flat();
            let values = Array::from(output.clone().inner()).values();
            let errors: Vec<f64> = values
                .iter()
                .zip(&before)
                .zip(answers)
                .map(|((value, start), answer)| scale * (value - start) - answer)
                .collect();
            let errors = Tensor::<1>::from_data(TensorData::new(errors, [rows]), (&device, DType::F64));
            let gradients = module.gradients(&(output * errors).sum());
            for ((values, gradient), parameter) in weights.values.iter_mut().zip(gradients).zip(&program.parameters) {
                if let (true, Some(gradient)) = (parameter.trainable, gradient) {
                    values.iter_mut().zip(gradient.values()).for_each(|(value, entry)| *value -= step / scale * entry);
                }
            }
        }
        let after = evaluate::outputs(program, &weights, inputs)?;
        let answered: Vec<f64> = after.iter().zip(&before).map(|(after, before)| scale * (after - before)).collect();
        found.push(Scaled { scale, distance: relative(&answered, &linear) });
    }
    Ok(found)
}

/// The fitted orders of f(θ₀ + tΔ) − f(θ₀) and of what its quadratic part leaves, for a random Δ across the state.
fn orders(reduction: &Reduction, start: &Weights, inputs: &[Inputs], stream: &mut Stream) -> Result<(f64, f64), Vec<Diagnostic>> {
    let full = reduction.full();
    let mut random = Weights::zeros(full);
    for (parameter, values) in full.parameters.iter().zip(&mut random.values) {
        for value in values.iter_mut().filter(|_| parameter.trainable) {
            *value = stream.normal();
        }
    }
    let across = combined(&random, -1.0, &reduction.project(&random));
    let size = inner(&across, &across).sqrt();
    if size == 0.0 {
        return Ok((f64::NAN, f64::NAN));
    }
    let unit = norm(start) / size;
    let at = |distance: f64| evaluate::outputs(full, &combined(start, distance * unit, &across), inputs);
    let before = at(0.0)?;
    let smallest = DISTANCES[DISTANCES.len() - 1] / 8.0;
    let (above, below) = (at(smallest)?, at(-smallest)?);
    let quadratic: Vec<f64> = above
        .iter()
        .zip(&below)
        .zip(&before)
        .map(|((above, below), before)| (above + below - 2.0 * before) / (2.0 * smallest * smallest))
        .collect();
    let length = |vector: Vec<f64>| vector.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    let (mut changes, mut rests) = (Vec::new(), Vec::new());
    for distance in DISTANCES {
        let here = at(distance)?;
        let change: Vec<f64> = here.iter().zip(&before).map(|(here, before)| here - before).collect();
        let rest = change.iter().zip(&quadratic).map(|(change, quadratic)| change - distance * distance * quadratic).collect();
        changes.push((distance.ln(), length(change).ln()));
        rests.push((distance.ln(), length(rest).ln()));
    }
    Ok((slope(&changes), slope(&rests)))
}

/// The slope of the least-squares line.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
    let covariance = mean(&|point| (point.0 - x) * (point.1 - y));
    covariance / mean(&|point| (point.0 - x) * (point.0 - x))
}
