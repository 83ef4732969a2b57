//! Decay that weighs entries differently.

use crate::Stream;
use sym_ir::{Parameter, Program};

/// The diagonal D of a parameter whose decay is spread, in row-major order: 1 + u, u uniform on ±spread. `None` where all entries decay alike.
pub fn weights(parameter: &Parameter) -> Option<Vec<f64>> {
    let (spread, drawn) = parameter.role.decay_spread.as_ref()?;
    let count = usize::try_from(parameter.entries()?).ok()?;
    let mut stream = Stream::new(drawn.seed, &drawn.purpose, &parameter.path);
    Some((0..count).map(|_| 1.0 + stream.uniform(-spread, *spread)).collect())
}

/// Those of all parameters.
pub fn of_program(program: &Program) -> Vec<Option<Vec<f64>>> {
    program.parameters.iter().map(weights).collect()
}
