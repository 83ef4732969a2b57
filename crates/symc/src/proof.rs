//! Proofs of the models' symmetries, in double precision.

use crate::analysis::Analysed;
use crate::report::{AtWeightsRow, DepartureRow, Integer, MiniatureRow, MovedRow, VerifyRow};
use std::collections::BTreeMap;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_runtime::proof::{Approximation, Departure, Numbers, Verification, at_weights, verify_with};

/// The same seed gives the same numbers; the file's seeds are for training.
const SEED: u64 = 0;

/// Proves each model's symmetries with numbers, and notes status and numbers in it.
pub fn prove<'m, 'a: 'm>(models: impl IntoIterator<Item = &'m mut Analysed<'a>>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for model in models {
        let verification = verify_with(model.program, &model.symmetries, &model.declared, SEED);
        model.verify = verification.numbers.as_ref().map(|numbers| row(numbers, &verification));
        model.symmetries = verification.symmetries;
        model.approximation = verification.approximation;
        model.uncounted = verification.uncounted;
        if !verification.assumed.is_empty() {
            model.assumed = verification.assumed.into_iter().filter_map(|assumed| assumed.row).collect();
        }
        found.extend(verification.diagnostics);
    }
    found
}

/// Proves each model's symmetries at the weights of a file too. A model that the file does not fit is an error.
pub fn prove_at(models: &mut [Analysed<'_>], file: &Path) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let source = file.display().to_string();
    let tensors = match sym_lower::load_state_dict(file) {
        Ok(tensors) => tensors,
        Err(problem) => return vec![problem],
    };
    for model in models {
        match sym_lower::from_state_dict(model.program, &tensors, &source) {
            Ok(weights) => {
                let proof = at_weights(model.program, &model.symmetries, &weights, &source, SEED);
                let count = |count: fn(&Numbers) -> u128| proof.numbers.as_ref().map(|numbers| Integer(count(numbers)));
                model.at_weights = Some(AtWeightsRow {
                    file: source.clone(),
                    rank: count(|numbers| numbers.rank),
                    flat: count(|numbers| numbers.flat),
                    explained: count(|numbers| numbers.explained),
                    undecided: count(|numbers| numbers.undecided),
                    unexplained: count(|numbers| numbers.unexplained),
                    max_residual: proof.numbers.as_ref().map_or(0.0, |numbers| numbers.max_residual).max(proof.max_difference),
                });
                found.extend(proof.diagnostics);
            }
            Err(problem) => found.push(problem),
        }
    }
    found
}

fn row(numbers: &Numbers, verification: &Verification) -> VerifyRow {
    let soundness = verification.max_difference.max(verification.max_gradient);
    let counted =
        if numbers.miniature { std::iter::once(numbers).chain(&verification.others).map(counts).collect() } else { Vec::new() };
    VerifyRow {
        sizes: sizes(numbers),
        miniature: numbers.miniature,
        decided: std::iter::once(numbers).chain(&verification.others).all(sym_runtime::proof::Numbers::decided),
        parameters: Integer(numbers.parameters),
        rank: Integer(numbers.rank),
        flat: Integer(numbers.flat),
        explained: Integer(numbers.explained),
        undecided: Integer(numbers.undecided),
        unexplained: Integer(numbers.unexplained),
        max_residual: numbers.max_residual.max(soundness),
        sound_at_true_sizes: verification.too_large.is_none(),
        too_large: verification.too_large.map(Integer),
        points: Integer(numbers.points),
        examples: Integer(numbers.examples),
        regional: numbers.piecewise,
        least_active: numbers.least_active.map(Integer),
        miniatures: counted,
        moved: numbers.moved.iter().map(|(param, share)| MovedRow { param: param.clone(), share: *share }).collect(),
        epsilon_residual: verification.approximation.as_ref().map(Approximation::largest),
        epsilon_on_miniature: verification.approximation.as_ref().is_some_and(|measured| measured.miniature),
    }
}

fn counts(numbers: &Numbers) -> MiniatureRow {
    MiniatureRow {
        sizes: sizes(numbers),
        departures: numbers.departures.iter().map(departure).collect(),
        parameters: Integer(numbers.parameters),
        rank: Integer(numbers.rank),
        flat: Integer(numbers.flat),
        explained: Integer(numbers.explained),
        undecided: Integer(numbers.undecided),
        unexplained: Integer(numbers.unexplained),
    }
}

fn departure(departure: &Departure) -> DepartureRow {
    let rule = departure.rule;
    DepartureRow { rule: rule.word().to_string(), text: rule.to_string(), example: departure.example.clone() }
}

fn sizes(numbers: &Numbers) -> BTreeMap<String, Vec<Integer>> {
    numbers.sizes.iter().map(|(path, shape)| (path.clone(), shape.iter().copied().map(Integer).collect())).collect()
}
