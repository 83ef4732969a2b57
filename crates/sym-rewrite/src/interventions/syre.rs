//! syre: a frozen offset and a decay that treats every entry differently.

use super::rebuild::substitute;
use super::targets::{free_path, parameters};
use std::sync::Arc;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::Intervention;
use sym_ir::{Drawn, Initial, Operation, Parameter, Program, Role, Storage, Term};

/// θ → θ + θ₀ for the selected parameters (all where none is named), with θ₀ frozen and normal, and decay spread over the entries of θ.
pub(super) fn apply(
    program: &Program,
    intervention: &Intervention,
    sigma: Option<f64>,
    spread: f64,
    seed: u64,
) -> Result<Program, Vec<Diagnostic>> {
    let chosen = parameters(program, intervention, |_| true, "a trainable parameter")?;
    let drawn = |what: &str| Drawn { seed, purpose: Arc::from(format!("{what} of {}", program.name)) };
    Ok(substitute(program, &chosen, |builder, id| {
        let mut own = program.parameter(id).clone();
        let offset_path = free_path(program, &builder.program().parameters, &format!("{}.offset", own.path));
        // A vector such as a bias has the fan-in 1.
        let fan_in = own.fans().map_or(1, |(fan_in, _)| fan_in);
        let std = sigma.unwrap_or(0.01 / (fan_in as f64).sqrt());
        let offset = builder.declare_parameter(Parameter {
            storage: Storage::plain(&offset_path, own.shape.len()),
            path: offset_path,
            shape: own.shape.clone(),
            trainable: false,
            initial: Initial::Normal { mean: 0.0, std },
            role: Role { block: own.role.block.clone(), drawn: Some(drawn("syre")), ..Role::default() },
            span: own.span,
        });
        own.role.decay_spread = (spread > 0.0).then(|| (spread, drawn("syre decay")));
        let (shape, path) = (own.shape.clone(), own.path.clone());
        let value = builder.declare_parameter(own);
        let axes: Vec<usize> = (0..shape.len()).collect();
        let terms = [value, offset].map(|value| Term { value, coefficient: 1.0, axes: axes.clone() }).to_vec();
        builder.push(Operation::Add { terms, constant: 0.0 }, shape, path)
    }))
}
