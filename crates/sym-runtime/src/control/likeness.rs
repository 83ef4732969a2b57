//! How alike two networks see the same examples.

use crate::Stream;
use crate::data::Examples;
use crate::probes::Instruments;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, ProbeKind};
use sym_ir::{Program, values};
use sym_measure::{Matrix, Unmeasurable, features::alignment};

/// Exchanges of examples for the likeness by chance.
const PERMUTATIONS: usize = 20;

/// A network and what it is looked at by.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its program.
    pub program: &'a Program,
    /// Its weights.
    pub weights: &'a Weights,
    /// The name of a value that depends on an input.
    pub value: &'a str,
    /// Its examples; the k-th of one network belongs to the k-th of the other.
    pub examples: &'a Examples,
}

impl Seen<'_> {
    /// The value for the first examples, one a row. `None` where the program has no such value.
    fn features(&self, count: usize) -> Option<Matrix> {
        let value = values::named(self.program, self.value)?;
        let mut instruments = Instruments::new(self.program, Loss::Mse, self.examples);
        let rows = instruments.rows(count);
        Some(instruments.features(self.weights, value, &rows))
    }
}

/// A measure of likeness of two networks for the first `examples` that both have: PSU Eq. 5 (`alignment`, `alignment_baseline`) or centred kernel
/// alignment (Kornblith et al. 2019; Nguyen et al. 2021). The stream exchanges examples for the likeness by chance.
///
/// # Errors
///
/// Why the measure has no value: a network that sees all examples alike, too few examples.
pub fn likeness(kind: ProbeKind, [one, other]: [Seen<'_>; 2], examples: usize, stream: &mut Stream) -> Result<f64, Unmeasurable> {
    let count = examples.min(one.examples.len()).min(other.examples.len());
    let (Some(one), Some(other)) = (one.features(count), other.features(count)) else {
        return Err(Unmeasurable::TooFew { what: "values of that name", found: 0, least: 1 });
    };
    let (one, other) = (one.view(), other.view());
    match kind {
        ProbeKind::AlignmentBaseline => Ok(alignment::baseline(one, other, PERMUTATIONS, stream)?.mean),
        ProbeKind::Cka => alignment::cka(one, other),
        ProbeKind::DebiasedCka => alignment::debiased_cka(one, other),
        _ => alignment::alignment(one, other),
    }
}
