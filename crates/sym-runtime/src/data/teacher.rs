//! Targets that a network with random weights gives.

use super::{Examples, Table, Targets, entries};
use crate::{Stream, evaluate, init};
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_ir::Program;
use sym_ir::experiment::{Data, Init};

/// A network that answers.
#[derive(Debug)]
pub struct Teacher<'a> {
    /// Its program.
    pub program: &'a Program,
    /// Its initial values.
    pub init: &'a Init,
    /// Factor on its output.
    pub scale: f64,
    /// Standard deviation of noise on the targets.
    pub noise: f64,
}

impl Teacher<'_> {
    /// The inputs with this teacher's answers, computed in double precision. Its weights come from the streams (0, `teacher`, path of the
    /// parameter), the noise from (0, `noise`, name of the data set). Files of
    /// weights are named from `base`.
    ///
    /// # Errors
    ///
    /// What the network cannot be executed for, and initial values that do not fit it.
    pub fn examples(&self, data: &Data, inputs: Vec<Table>, base: &Path) -> Result<Examples, Vec<Diagnostic>> {
        let steps = std::slice::from_ref(self.init);
        let files = init::Files::read(self.program, steps, base)?;
        let weights = init::weights(self.program, None, steps, &files, 0, "teacher")?;
        super::fit(data, self.program, &Examples { inputs: inputs.clone(), targets: Targets::Classes(Vec::new()) })?;
        let mut values = evaluate::outputs(self.program, &weights, &inputs)?;
        let mut noise = Stream::new(0, "noise", &data.name);
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
