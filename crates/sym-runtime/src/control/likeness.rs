//! How alike two networks see the same examples.

use crate::Stream;
use crate::data::Examples;
use crate::probes::Instruments;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, ProbeKind};
use sym_ir::{Program, values};
use sym_measure::{Matrix, MatrixRef, Unmeasurable, features::alignment};

/// Exchanges of examples for the likeness by chance.
const PERMUTATIONS: usize = 20;

/// A value of a network, by its name, for the first `count` examples: one a row. `None` where the program has no such value.
pub fn seen(program: &Program, weights: &Weights, value: &str, examples: &Examples, count: usize) -> Option<Matrix> {
    let value = values::named(program, value)?;
    let mut instruments = Instruments::new(program, Loss::Mse, examples);
    let rows = instruments.rows(count);
    Some(instruments.features(weights, value, &rows))
}

/// A measure of likeness of what two networks see, the k-th row of one for the same example as the k-th of the other: PSU Eq. 5 (`alignment`,
/// `alignment_baseline`) or centred kernel alignment (Kornblith et al. 2019; Nguyen et al. 2021). The stream exchanges examples for the likeness by
/// chance.
///
/// # Errors
///
/// Why the measure has no value: a network that sees all examples alike, too few examples, different numbers of them.
pub fn likeness(kind: ProbeKind, one: MatrixRef<'_>, other: MatrixRef<'_>, stream: &mut Stream) -> Result<f64, Unmeasurable> {
    match kind {
        ProbeKind::AlignmentBaseline => Ok(alignment::baseline(one, other, PERMUTATIONS, stream)?.mean),
        ProbeKind::Cka => alignment::cka(one, other),
        ProbeKind::DebiasedCka => alignment::debiased_cka(one, other),
        _ => alignment::alignment(one, other),
    }
}
