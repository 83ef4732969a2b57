//! Proofs of the models' symmetries, in double precision.

use crate::analysis::Analysed;
use crate::report::{Integer, VerifyRow};
use sym_diagnostics::Diagnostic;
use sym_runtime::proof::{Numbers, verify};

/// The same seed gives the same numbers; the file's seeds are for training.
const SEED: u64 = 0;

/// Proves each model's symmetries with numbers, and notes status and numbers in it.
pub fn prove(models: &mut [Analysed<'_>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for model in models {
        let verification = verify(model.program, &model.symmetries, SEED);
        model.verify =
            verification.numbers.as_ref().map(|numbers| row(numbers, verification.max_difference.max(verification.max_gradient)));
        model.symmetries = verification.symmetries;
        found.extend(verification.diagnostics);
    }
    found
}

fn row(numbers: &Numbers, soundness: f64) -> VerifyRow {
    let sizes = numbers.sizes.iter().map(|(path, shape)| (path.clone(), shape.iter().copied().map(Integer).collect()));
    VerifyRow {
        sizes: sizes.collect(),
        miniature: numbers.miniature,
        parameters: Integer(numbers.parameters),
        rank: Integer(numbers.rank),
        flat: Integer(numbers.flat),
        explained: Integer(numbers.explained),
        unexplained: Integer(numbers.unexplained),
        max_residual: numbers.max_residual.max(soundness),
    }
}
