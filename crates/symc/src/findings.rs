//! What is known about a document: its models' symmetries and the records of its runs. Claims and figures draw on it.

use crate::analysis::Analysed;
use indexmap::IndexMap;
use std::collections::HashMap;
use sym_diagnostics::{Diagnostic, Span};
use sym_infer::Symmetries;
use sym_ir::Program;
use sym_ir::experiment::{Between, Carrier, Claim, Measurement, Probe, Sweep};
use sym_runtime::claims::{self, Curve, Evidence, SweepCurves};
use sym_runtime::proof::Assumption;
use sym_runtime::record::Record;
use sym_runtime::sweep::SweepOutcome;

/// Models and records.
pub struct Findings<'a> {
    /// The models.
    pub models: Vec<Analysed<'a>>,
    records: IndexMap<String, Record>,
    measurements: IndexMap<String, (&'a Measurement, Record)>,
    sweeps: IndexMap<String, (&'a Sweep, SweepOutcome)>,
    between: HashMap<Between, Result<Vec<f64>, String>>,
    /// Assumptions that no proof has to test: their group is on another number of units than the space has.
    mismatches: Vec<(Span, Diagnostic)>,
}

impl<'a> Findings<'a> {
    /// Nothing has run yet. What the assumptions declare and the rules do not derive is noted in their models.
    pub fn new(models: Vec<Analysed<'a>>, assumptions: &[Claim]) -> Self {
        let mut findings = Self {
            models,
            records: IndexMap::new(),
            measurements: IndexMap::new(),
            sweeps: IndexMap::new(),
            between: HashMap::new(),
            mismatches: Vec::new(),
        };
        for claim in assumptions {
            let Some(declared) = Assumption::of(claim) else { continue };
            let Some(at) = findings.position(&declared.model) else { continue };
            if claims::assume(claim, &findings).outcome != claims::Outcome::Assumed {
                continue;
            }
            let model = &mut findings.models[at];
            if let Some(mismatch) = declared.mismatch(model.program, &model.symmetries) {
                findings.mismatches.push((claim.span, mismatch));
                continue;
            }
            model.assumed.extend(declared.candidates(model.program, &model.symmetries).into_iter().next());
            model.declared.push(declared);
        }
        findings
    }

    /// What is wrong with the size of an assumption's group.
    pub fn mismatch(&self, claim: &Claim) -> Option<&Diagnostic> {
        self.mismatches.iter().find(|(span, _)| *span == claim.span).map(|(_, mismatch)| mismatch)
    }

    /// Adds the record of a run.
    pub fn add_record(&mut self, train: &str, record: Record) {
        self.records.insert(train.to_string(), record);
    }

    /// Adds the record of a measurement.
    pub fn add_measurement(&mut self, measurement: &'a Measurement, record: Record) {
        self.measurements.insert(measurement.name.clone(), (measurement, record));
    }

    /// The measurements that were made, in the order of the file.
    pub fn measurements(&self) -> impl Iterator<Item = &(&'a Measurement, Record)> {
        self.measurements.values()
    }

    /// The symmetries of a measurement's model.
    pub fn of_measurement(&self, name: &str) -> Option<&Symmetries> {
        let uses = |model: &&Analysed<'a>| model.measurements.iter().any(|item| item.name == name);
        self.models.iter().find(uses).map(|model| &model.symmetries)
    }

    /// Adds what a sweep came to.
    pub fn add_sweep(&mut self, sweep: &'a Sweep, outcome: SweepOutcome) {
        self.sweeps.insert(sweep.name.clone(), (sweep, outcome));
    }

    /// The sweeps that were run, in the order of the file.
    pub fn sweeps(&self) -> impl Iterator<Item = &(&'a Sweep, SweepOutcome)> {
        self.sweeps.values()
    }

    /// Adds what a comparison of networks gave for each pair, or why there is none.
    pub fn add_between(&mut self, of: Between, found: Result<Vec<f64>, String>) {
        self.between.insert(of, found);
    }

    /// The record of a run or measurement.
    pub fn record(&self, train: &str) -> Option<&Record> {
        self.records.get(train).or_else(|| self.measurements.get(train).map(|(_, record)| record))
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
        self.position(name).map(|at| &self.models[at])
    }

    /// The number of the model that a model's or run's name stands for.
    fn position(&self, name: &str) -> Option<usize> {
        let runs = |model: &Analysed<'a>| {
            model.trains.iter().any(|(item, _)| item.name == name) || model.measurements.iter().any(|item| item.name == name)
        };
        self.models.iter().position(|model| model.name == name).or_else(|| self.models.iter().position(runs))
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
        if let Some((_, record)) = self.measurements.get(train) {
            return record.curves(probe).map(|curves| curves.into_iter().take(1).collect());
        }
        self.records.get(train)?.curves(probe)
    }

    fn gauges(&self, measurement: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.measurements.get(measurement)?.1.curves(probe)
    }

    fn sweep(&self, sweep: &str, probe: &Probe) -> Option<Vec<SweepCurves>> {
        let (sweep, outcome) = self.sweeps.get(sweep)?;
        let runs = sweep.runs.iter().zip(&outcome.runs);
        let curves = runs
            .filter_map(|(run, done)| Some(SweepCurves { values: run.values.clone(), curves: done.as_ref()?.curves(probe)? }));
        Some(curves.collect())
    }

    fn between(&self, of: &Between) -> Option<Result<Vec<f64>, String>> {
        self.between.get(of).cloned()
    }
}
