//! A reduced program computes what the full one does at the symmetric state.

use super::point;
use crate::Stream;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_lower::Module;
use sym_rewrite::Reduction;

/// Examples compared.
const EXAMPLES: usize = 8;

/// The largest difference of an output between the full program at a random point of the state and the reduced one at its coordinates, relative
/// to the largest output; `None` where the full program is not finite at the state.
///
/// # Errors
///
/// E0501 for a program that cannot be executed.
pub fn difference_of_reduction(reduction: &Reduction, seed: u64) -> Result<Option<f64>, Vec<Diagnostic>> {
    let full = reduction.full();
    let mut stream = Stream::new(seed, "proof/reduced", &full.name);
    let weights = reduction.project(&point::weights(full, &mut stream));
    let examples = point::examples(full, EXAMPLES, &mut stream);
    let inputs = examples.arrays(full, 0..examples.count, 1, &Device::flex());
    let outputs = |program, weights| -> Result<Vec<f64>, Vec<Diagnostic>> {
        let module = Module::new(program, weights, &Device::flex(), DType::F64)?;
        Ok(module.forward(&inputs).into_iter().flat_map(|output| output.values()).collect())
    };
    let (one, other) = (outputs(full, &weights)?, outputs(&reduction.program, &reduction.restrict(&weights))?);
    if one.iter().any(|value| !value.is_finite()) {
        return Ok(None);
    }
    let largest = one.iter().map(|value| value.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let difference = one.iter().zip(&other).map(|(one, other)| (one - other).abs());
    let worst =
        difference.fold(0.0, |worst: f64, difference| if difference.is_nan() { f64::INFINITY } else { worst.max(difference) });
    Ok(Some(worst / largest))
}
