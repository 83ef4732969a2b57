//! The smaller model that Theorem 1 promises at the nearest symmetric state.

use super::Instruments;
use crate::compress::compress;
use crate::data::Inputs;
use crate::evaluate;
use crate::probes::{Score, score};
use sym_infer::Weights;
use sym_ir::Program;
use sym_measure::Unmeasurable;

/// Examples that are scored together.
const CHUNK: usize = 4_096;

/// What is measured of a smaller model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reduced {
    /// Its trained parameters.
    pub parameters: f64,
    /// Its score on the second part of the data, where there is one.
    pub score: Option<Score>,
}

/// The last one that was looked for: several probes ask for it at the same weights.
#[derive(Debug)]
pub(super) struct Known {
    weights: Weights,
    tolerance: f64,
    examples: usize,
    found: Reduced,
}

impl Instruments<'_> {
    /// The smaller model of some weights as `symc reduce` makes it: symmetric states are looked for on the training examples of these rows.
    ///
    /// # Errors
    ///
    /// Where a weight is not finite, or what was found cannot be executed.
    pub fn reduced(
        &mut self,
        program: &Program,
        weights: &Weights,
        tolerance: f64,
        rows: &[usize],
    ) -> Result<Reduced, Unmeasurable> {
        let examples = rows.len();
        let fits = |known: &&Known| known.examples == examples && known.tolerance == tolerance && known.weights == *weights;
        if let Some(known) = self.reduced.as_ref().filter(fits) {
            return Ok(known.found);
        }
        if weights.values.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Unmeasurable::NotFinite);
        }
        let seen = self.examples.select(rows).inputs;
        let small = compress(program, weights, tolerance, &seen).map_err(|_| Unmeasurable::NoReduction)?;
        let parameters = small.program.trainable_entries().ok_or(Unmeasurable::NoReduction)? as f64;
        let score = self.test.map(|test| {
            let output = small.program.outputs.first();
            let shape = output.map_or(&[][..], |output| small.program.node(output.value).shape.as_slice());
            let width = shape.iter().map(|axis| axis.size as usize).product::<usize>().max(1);
            let mut outputs = |inputs: &[Inputs]| evaluate::outputs(&small.program, &small.weights, inputs).unwrap_or_default();
            score(&mut outputs, test, self.loss, width, CHUNK)
        });
        let found = Reduced { parameters, score };
        self.reduced = Some(Known { weights: weights.clone(), tolerance, examples, found });
        Ok(found)
    }
}
