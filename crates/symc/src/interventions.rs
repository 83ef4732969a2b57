//! Interventions of a document's models, compared with what they are said to do.

use crate::analysis::Analysed;
use crate::report::InterventionRow;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::intervention::InterventionKind;
use sym_rewrite::{Effect, plain_training};
use sym_runtime::proof::effective;

/// Derives what each intervention did and notes it in its model: objective and dynamics under the first `train` item with decay that uses
/// the model, otherwise under gradient descent with coupled decay. E0404 for those that do not do what they say.
pub fn judge(models: &mut [Analysed]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for model in models {
        let decayed = model.trains.iter().find(|(train, _)| train.optimizer.decay > 0.0);
        let (loss, optimizer) = decayed.map_or_else(plain_training, |(train, _)| (train.loss, train.optimizer));
        for (edit, effect) in model.edits.iter().zip(Effect::of_all(model.edits, loss, &optimizer)) {
            found.extend(effect.refutation(edit));
            if matches!(edit.intervention.kind, InterventionKind::Syre { .. }) {
                let undecayed = model.trains.iter().filter(|(train, _)| train.optimizer.decay == 0.0);
                found.extend(undecayed.map(|(train, _)| {
                    let message =
                        format!("`{}` breaks nothing in run `{}`, which has no decay", edit.intervention.written, train.name);
                    Diagnostic::new(Code::E0404, train.span, message)
                        .label("trained without decay")
                        .cause(edit.intervention.by, "the symmetries are moved here, and broken by decay")
                        .found("decay 0")
                        .expected("a decay above 0")
                        .help("give the optimiser a decay: `optim sgd(lr: 0.1, decay: 1e-4)`")
                }));
            }
            model.effects.push(InterventionRow::new(edit, &effect));
        }
    }
    found
}

/// Measures how nearly the symmetries still hold that the interventions of each model broke, at its initial weights or at given ones.
pub fn measure(models: &mut [Analysed], file: Option<&Path>) -> Vec<Diagnostic> {
    let tensors = match file.map(sym_lower::load_state_dict).transpose() {
        Ok(tensors) => tensors,
        Err(problem) => return vec![problem],
    };
    let source = file.map_or_else(String::new, |file| file.display().to_string());
    let mut found = Vec::new();
    for model in models {
        let Some(first) = model.edits.first() else { continue };
        let given = tensors.as_ref().map(|tensors| sym_lower::from_state_dict(model.program, tensors, &source)).transpose();
        let measured = given.map_err(|problem| vec![problem]);
        match measured.and_then(|weights| effective(&first.before, model.program, weights.as_ref(), SEED)) {
            Ok(measured) => model.effective = Some(measured.iter().map(crate::rows::effective).collect()),
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    found
}

/// The seed of the initial weights at which broken symmetries are measured.
const SEED: u64 = 0;
