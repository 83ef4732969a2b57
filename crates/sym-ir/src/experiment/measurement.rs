//! A measurement of given weights, and what claims and figures see of everything that measures.

use super::{Document, Loss, Probe, Train};
use crate::Program;
use crate::intervention::Edit;
use sym_diagnostics::Span;

/// `measure Heads on Bert() from "model.safetensors" names hf.bert { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Name.
    pub name: String,
    /// The model as written, for reports.
    pub model: String,
    /// The model's program.
    pub program: Program,
    /// The interventions that made it, in order.
    pub edits: Vec<Edit>,
    /// The file of weights, as written: relative to the `.sym` file.
    pub path: String,
    /// The map from the names of the file to those of the model; names are equal where absent.
    pub names: Option<(String, Span)>,
    /// The examples, with the loss that fits their targets.
    pub data: Option<(String, Loss)>,
    /// How many times the same is measured at other weights of the orbit: those of the file moved by a random element of the group.
    pub gauges: u64,
    /// What is measured.
    pub probes: Vec<Probe>,
    /// Where the file is named.
    pub path_span: Span,
    /// The item.
    pub span: Span,
}

/// What has measured columns, as claims and figures refer to it: a training run, or a measurement of given weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Name.
    pub name: String,
    /// The model's program.
    pub program: Program,
    /// Its steps: none for given weights.
    pub steps: u64,
    /// What it measures.
    pub probes: Vec<Probe>,
    /// The item.
    pub span: Span,
}

impl Measured {
    /// A training run.
    pub fn of_train(train: &Train) -> Self {
        Self {
            name: train.name.clone(),
            program: train.program.clone(),
            steps: train.steps,
            probes: train.measures.iter().flat_map(|measure| measure.probes.iter().cloned()).collect(),
            span: train.span,
        }
    }

    /// A measurement of given weights.
    pub fn of_measurement(measurement: &Measurement) -> Self {
        Self {
            name: measurement.name.clone(),
            program: measurement.program.clone(),
            steps: 0,
            probes: measurement.probes.clone(),
            span: measurement.span,
        }
    }
}

impl Document {
    /// The training run or measurement of a name.
    pub fn measured(&self, name: &str) -> Option<Measured> {
        let train = self.trains.get(name).map(Measured::of_train);
        train.or_else(|| self.measurements.get(name).map(Measured::of_measurement))
    }
}
