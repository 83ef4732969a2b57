//! How alike two values, or two networks, see the same examples.

use super::Instruments;
use crate::Stream;
use crate::data::Examples;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, ProbeKind};
use sym_ir::{Program, values};
use sym_measure::{Matrix, MatrixRef, Unmeasurable, features::alignment};

/// A value of a network, by its name, for the first `count` examples: one a row. `None` where the program has no such value.
pub fn seen(program: &Program, weights: &Weights, value: &str, examples: &Examples, count: usize) -> Option<Matrix> {
    let value = values::named(program, value)?;
    let mut instruments = Instruments::new(program, Loss::Mse, examples);
    let rows = instruments.rows(count);
    Some(instruments.features(weights, value, &rows))
}

/// A measure of likeness of two representations, the k-th row of one for the same example as the k-th of the other: PSU Eq. 5 (`alignment`,
/// `alignment_baseline`) or centred kernel alignment (Kornblith et al. 2019; Nguyen et al. 2021). The stream exchanges examples `permutations` times
/// for the likeness by chance. `None` for a probe of another kind.
///
/// # Errors
///
/// Why the measure has no value: all examples are seen alike, too few examples, different numbers of them.
pub fn likeness(
    kind: ProbeKind,
    one: MatrixRef<'_>,
    other: MatrixRef<'_>,
    permutations: usize,
    stream: &mut Stream,
) -> Result<Option<f64>, Unmeasurable> {
    Ok(Some(match kind {
        ProbeKind::Alignment => alignment::alignment(one, other)?,
        ProbeKind::AlignmentBaseline => alignment::baseline(one, other, permutations, stream)?.mean,
        ProbeKind::Cka => alignment::cka(one, other)?,
        ProbeKind::DebiasedCka => alignment::debiased_cka(one, other)?,
        _ => return Ok(None),
    }))
}
