//! J T = 0 at a model's own sizes, from one backward pass.
//!
//! For a random cotangent u the pass gives Jᵀu, and (Jᵀu)·(T r) = uᵀ J T r vanishes for all u and r exactly if J T = 0. T r is built
//! directly, so that neither J nor T is ever held. The residual is the cosine |(Jᵀu)·(T r)| / (|Jᵀu| |T r|), both norms over the
//! trainable entries.

use super::jacobian::Examples;
use crate::Stream;
use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_diagnostics::Diagnostic;
use sym_infer::{Symmetries, Weights, action};
use sym_ir::{Operation, Program};
use sym_lower::Module;

/// Cotangents tried.
const COTANGENTS: usize = 2;

/// The residual of every space, the largest over the cotangents; 0 for spaces without a continuous part.
pub(super) fn residuals(
    program: &Program,
    claims: &Symmetries,
    weights: &Weights,
    examples: &Examples,
    stream: &mut Stream,
) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let mut worst = vec![0.0f64; claims.spaces.len()];
    if claims.spaces.iter().all(|space| space.continuous_dim == 0) || !trains(program) {
        return Ok(worst);
    }
    let device = Device::flex().autodiff();
    let module = Module::new(program, weights, &device, DType::F64)?;
    let inputs = examples.arrays(program, 0..examples.count, 1, &device);
    for _ in 0..COTANGENTS {
        let mut loss: Option<Tensor<1>> = None;
        for output in module.forward(&inputs) {
            let cotangent: Vec<f64> = (0..output.len()).map(|_| stream.normal()).collect();
            let cotangent = Tensor::<1>::from_data(TensorData::new(cotangent, [output.len()]), (&device, DType::F64));
            let term = (output.flat() * cotangent).sum();
            loss = Some(match loss {
                Some(loss) => loss + term,
                None => term,
            });
        }
        let Some(loss) = loss else { break };
        let gradients: Vec<Option<Vec<f64>>> =
            module.gradients(&loss).into_iter().map(|gradient| gradient.map(|gradient| gradient.values())).collect();
        for (space, worst) in worst.iter_mut().enumerate().filter(|(space, _)| claims.spaces[*space].continuous_dim > 0) {
            let tangent = action::random_tangent(program, claims, space, weights, &mut || stream.normal());
            let residual = cosine(program, &gradients, &tangent);
            *worst = worst.max(if residual.is_nan() { f64::INFINITY } else { residual });
        }
    }
    Ok(worst)
}

/// Whether an output depends on a trainable parameter.
fn trains(program: &Program) -> bool {
    let mut trained = vec![false; program.nodes.len()];
    for (at, node) in program.nodes.iter().enumerate() {
        trained[at] = match node.operation {
            Operation::Parameter(id) => program.parameter(id).trainable,
            _ => node.operation.operands().iter().any(|operand| trained[operand.0 as usize]),
        };
    }
    program.outputs.iter().any(|output| trained[output.value.0 as usize])
}

fn cosine(program: &Program, gradients: &[Option<Vec<f64>>], tangent: &Weights) -> f64 {
    let (mut product, mut gradient_square, mut tangent_square) = (0.0, 0.0, 0.0);
    for (number, parameter) in program.parameters.iter().enumerate().filter(|(_, parameter)| parameter.trainable) {
        debug_assert_eq!(tangent.values[number].len() as u128, parameter.entries().unwrap_or(0));
        tangent_square += tangent.values[number].iter().map(|rate| rate * rate).sum::<f64>();
        // A parameter that nothing reads has no gradient.
        let Some(gradient) = &gradients[number] else { continue };
        gradient_square += gradient.iter().map(|entry| entry * entry).sum::<f64>();
        product += gradient.iter().zip(&tangent.values[number]).map(|(entry, rate)| entry * rate).sum::<f64>();
    }
    if product == 0.0 { 0.0 } else { product.abs() / (gradient_square.sqrt() * tangent_square.sqrt()) }
}
