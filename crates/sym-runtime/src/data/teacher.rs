//! Targets that a network with random weights gives.

use super::{Examples, Inputs, Occasion, Table, Targets, entries};
use crate::{evaluate, init};
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{Data, Init};

/// A network that answers.
#[derive(Debug)]
pub struct Teacher<'a> {
    program: &'a Program,
    weights: Weights,
    scale: f64,
    noise: f64,
}

impl<'a> Teacher<'a> {
    /// A network with weights from the streams (0, `teacher`, path of the parameter), a factor on its output and a standard deviation of noise
    /// on that. Files of weights are named from `base`.
    ///
    /// # Errors
    ///
    /// Initial values that do not fit it.
    pub fn new(program: &'a Program, init: &Init, scale: f64, noise: f64, base: &Path) -> Result<Self, Vec<Diagnostic>> {
        let steps = std::slice::from_ref(init);
        let files = init::Files::read(program, steps, base)?;
        let weights = init::weights(program, None, steps, &files, 0, "teacher")?;
        Ok(Self { program, weights, scale, noise })
    }

    /// The inputs with its answers, computed in double precision; noise comes from the stream of `noise`, name of the data set.
    ///
    /// # Errors
    ///
    /// Inputs that do not fit the network, and what it cannot be executed for.
    pub fn examples(&self, data: &Data, inputs: Vec<Inputs>, occasion: Occasion) -> Result<Examples, Vec<Diagnostic>> {
        super::fit(data, self.program, &inputs)?;
        let mut values = evaluate::outputs(self.program, &self.weights, &inputs)?;
        let mut noise = occasion.stream("noise", &data.name);
        for value in &mut values {
            *value *= self.scale;
            if self.noise > 0.0 {
                *value += self.noise * noise.normal();
            }
        }
        let width = self.program.outputs.first().and_then(|output| entries(&self.program.node(output.value).shape)).unwrap_or(0);
        Ok(Examples { inputs, targets: Targets::Numbers(Table { values, width }) })
    }
}
