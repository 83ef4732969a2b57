//! The models of a document with what the stages find about them.

use crate::report::{EffectiveRow, InterventionRow};
use sym_diagnostics::Span;
use sym_infer::{Space, Symmetries};
use sym_ir::experiment::{Document, Measurement, Train};
use sym_ir::{Edit, Program};
use sym_runtime::proof::{Approximation, Assumption};

/// One program with its symmetries. A `train` item that gives a model arguments of its own makes one more.
pub struct Analysed<'a> {
    /// The model as written: `Mlp`, `Mlp(width: 64)`.
    pub name: String,
    /// Its program.
    pub program: &'a Program,
    /// Where it is written.
    pub span: Span,
    /// The interventions that made it, in order.
    pub edits: &'a [Edit],
    /// What they did, where that was derived.
    pub effects: Vec<InterventionRow>,
    /// How nearly the symmetries still hold that they broke, where that was measured.
    pub effective: Option<Vec<EffectiveRow>>,
    /// Its symmetries.
    pub symmetries: Symmetries,
    /// The `train` items that use it, with what objective and dynamics keep.
    pub trains: Vec<(&'a Train, Symmetries)>,
    /// The `measure` items that use it.
    pub measurements: Vec<&'a Measurement>,
    /// How far its approximate claims are from holding, where that was measured.
    pub approximation: Option<Approximation>,
    /// Why its flat directions were not counted, or not often enough, in a proof.
    pub uncounted: Option<String>,
    /// The numbers of its proof, where one was made.
    pub verify: Option<crate::report::VerifyRow>,
    /// The numbers at given weights, where some were given.
    pub at_weights: Option<crate::report::AtWeightsRow>,
    /// Declared symmetries that do not follow from the rules.
    pub declared: Vec<Assumption>,
    /// Their rows.
    pub assumed: Vec<Space>,
}

/// All models of a document, those of `train` and `measure` items with arguments of their own among them.
pub fn analyse(document: &Document) -> Vec<Analysed<'_>> {
    let mut models: Vec<Analysed<'_>> = Vec::new();
    for (name, model) in &document.models {
        models.push(Analysed::new(name, &model.program, &model.edits, model.span));
    }
    for train in document.trains.values() {
        let kept = sym_infer::infer_training(&train.program, &train.loss, &train.optimizer);
        let at = models.iter().position(|model| *model.program == train.program).unwrap_or_else(|| {
            models.push(Analysed::new(&train.model, &train.program, &train.edits, train.span));
            models.len() - 1
        });
        models[at].trains.push((train, kept));
    }
    for measurement in document.measurements.values() {
        let at = models.iter().position(|model| *model.program == measurement.program).unwrap_or_else(|| {
            models.push(Analysed::new(&measurement.model, &measurement.program, &measurement.edits, measurement.span));
            models.len() - 1
        });
        models[at].measurements.push(measurement);
    }
    models
}

impl<'a> Analysed<'a> {
    fn new(name: &str, program: &'a Program, edits: &'a [Edit], span: Span) -> Self {
        let symmetries = sym_infer::infer(program);
        Self {
            name: name.to_string(),
            program,
            span,
            edits,
            effects: Vec::new(),
            effective: None,
            symmetries,
            trains: Vec::new(),
            measurements: Vec::new(),
            approximation: None,
            uncounted: None,
            verify: None,
            at_weights: None,
            declared: Vec::new(),
            assumed: Vec::new(),
        }
    }
}
