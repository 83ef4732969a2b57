//! What is known about a document: its models' symmetries and the records of its runs. Claims and figures draw on it.

use crate::analysis::Analysed;
use indexmap::IndexMap;
use sym_infer::Symmetries;
use sym_ir::Program;
use sym_ir::experiment::{Carrier, Probe};
use sym_runtime::claims::{Curve, Evidence};
use sym_runtime::record::Record;

/// Models and records.
pub struct Findings<'a> {
    /// The models.
    pub models: Vec<Analysed<'a>>,
    records: IndexMap<String, Record>,
}

impl<'a> Findings<'a> {
    /// Nothing has run yet.
    pub fn new(models: Vec<Analysed<'a>>) -> Self {
        Self { models, records: IndexMap::new() }
    }

    /// Adds the record of a run.
    pub fn add_record(&mut self, train: &str, record: Record) {
        self.records.insert(train.to_string(), record);
    }

    /// The records with their runs' names, in the order of the file.
    pub fn records(&self) -> impl Iterator<Item = (&str, &Record)> {
        self.records.iter().map(|(train, record)| (train.as_str(), record))
    }

    /// The symmetries of a run's model.
    pub fn of_train(&self, train: &str) -> Option<&Symmetries> {
        self.model_of(train).map(|model| &model.symmetries)
    }

    fn model_of(&self, train: &str) -> Option<&Analysed<'a>> {
        self.models.iter().find(|model| model.trains.iter().any(|(item, _)| item.name == train))
    }

    fn named(&self, name: &str) -> Option<&Analysed<'a>> {
        self.models.iter().find(|model| model.name == name).or_else(|| self.model_of(name))
    }
}

impl Evidence for Findings<'_> {
    fn program(&self, model: &str) -> Option<&Program> {
        self.named(model).map(|model| model.program)
    }

    fn symmetries(&self, model: &str, of: Carrier) -> Option<&Symmetries> {
        let found = self.named(model)?;
        match of {
            Carrier::Model => Some(&found.symmetries),
            Carrier::Objective | Carrier::Dynamics => {
                found.trains.iter().find(|(train, _)| train.name == model).map(|(_, kept)| kept)
            }
        }
    }

    fn curves(&self, train: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.records.get(train)?.curves(probe)
    }
}
