//! The lazy-regime half of Theorem 1: near a symmetric state the features of the neural tangent kernel are masked by P_G.
//!
//! At a state every feature ∇f lies in im P_G, so that the kernel K = ∇f ∇fᵀ has at most `rank(P_G)` directions and is that of the reduced
//! model in orthonormal coordinates. At a distance ε the features leave im P_G by O(ε), and hence K by O(ε²).

use super::objective::{Batch, weighted_output};
use super::vectors::{combined, inner, norm};
use crate::Stream;
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::Serialize;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_lower::{Array, Module};
use sym_rewrite::Reduction;

/// Random combinations of features, over examples and outputs.
const PROBES: usize = 6;
/// Distances from the state, relative to |θ|.
const DISTANCES: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// What became of the features at and near the initial weights of a theorem.
#[derive(Debug, Clone, Serialize)]
pub struct Features {
    /// The largest |∇f − P ∇f| / |∇f| at the state.
    pub outside: f64,
    /// The largest difference of an entry of the full model's kernel from that of the reduced one, relative to the largest entry.
    pub kernel: f64,
    /// The same at a distance from the state.
    pub near: Vec<Near>,
}

/// Features at a distance from the state.
#[derive(Debug, Clone, Serialize)]
pub struct Near {
    /// |θ − P θ| / |θ|.
    pub distance: f64,
    /// The largest |∇f − P ∇f| / |∇f|.
    pub outside: f64,
}

/// Features at θ₀, at the same place of the reduced model, and around θ₀.
pub(super) fn measure(
    reduction: &Reduction,
    start: &Weights,
    batch: &Batch,
    stream: &mut Stream,
) -> Result<Features, Vec<Diagnostic>> {
    let [rows, width] = batch.output_dims();
    let cotangents: Vec<Vec<f64>> = (0..PROBES).map(|_| (0..rows * width).map(|_| stream.normal()).collect()).collect();
    let full = features(reduction.full(), start, batch, &cotangents)?;
    let small = features(&reduction.program, &reduction.restrict(start), batch, &cotangents)?;
    let (one, other) = (kernel(&full), kernel(&small));
    let largest = one.iter().map(|entry| entry.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let difference = one.iter().zip(&other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
    let mut random = Weights::zeros(reduction.full());
    for (parameter, values) in reduction.full().parameters.iter().zip(&mut random.values) {
        if parameter.trainable {
            for value in values.iter_mut() {
                *value = stream.normal();
            }
        }
    }
    let across = combined(&random, -1.0, &reduction.project(&random));
    let size = norm(&across);
    let mut near = Vec::new();
    for distance in DISTANCES.into_iter().filter(|_| size > 0.0) {
        let place = combined(start, distance * norm(start) / size, &across);
        near.push(Near { distance, outside: outside(reduction, &features(reduction.full(), &place, batch, &cotangents)?) });
    }
    Ok(Features { outside: outside(reduction, &full), kernel: difference / largest, near })
}

/// The largest part of a feature outside im P_G.
fn outside(reduction: &Reduction, features: &[Weights]) -> f64 {
    let share =
        |feature: &Weights| norm(&combined(feature, -1.0, &reduction.project(feature))) / norm(feature).max(f64::MIN_POSITIVE);
    features.iter().map(share).fold(0.0, f64::max)
}

/// The gradient of each combination of outputs.
fn features(
    program: &Program,
    weights: &Weights,
    batch: &Batch,
    cotangents: &[Vec<f64>],
) -> Result<Vec<Weights>, Vec<Diagnostic>> {
    let device = Device::flex();
    let module = Module::new(program, weights, &device.clone().autodiff(), DType::F64)?;
    let shape = batch.output_dims();
    let feature = |cotangent: &Vec<f64>| {
        let cotangent: Tensor<2> =
            Tensor::from_data(TensorData::new(cotangent.clone(), shape), (&device.clone().autodiff(), DType::F64));
        let gradients = module.gradients(&weighted_output(&module, batch, cotangent)).into_iter();
        let gradients =
            gradients.zip(&weights.values).zip(&program.parameters).map(|((gradient, values), parameter)| match gradient {
                Some(gradient) if parameter.trainable => Array::values(&gradient),
                _ => vec![0.0; values.len()],
            });
        Weights { values: gradients.collect() }
    };
    Ok(cotangents.iter().map(feature).collect())
}

/// Inner products of all pairs.
fn kernel(features: &[Weights]) -> Vec<f64> {
    features.iter().flat_map(|one| features.iter().map(|other| inner(one, other))).collect()
}
