//! All probes of a training run with their columns.

use super::quantity::{View, values};
use super::target::{Ground, Target, resolve};
use super::{Detector, Event, Kind, Score};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use sym_diagnostics::Diagnostic;
use sym_ir::experiment::{Probe, ProbeKind};
use sym_ir::probes::{Columns, Looks};
use sym_measure::Unmeasurable;
use sym_measure::events::Levels;
use sym_measure::states::{broken, symmetric};

/// A probe with what it looks at.
#[derive(Debug, Clone)]
struct Entry {
    probe: Probe,
    every: u64,
    /// Its first column.
    column: usize,
    /// Its columns.
    width: usize,
    target: Target,
    /// The detector of its events.
    detector: Option<usize>,
}

/// What became of the measurements of a probe.
#[derive(Debug, Clone, Copy, Default)]
struct Noted {
    measured: bool,
    problem: Option<Unmeasurable>,
}

/// The probes of a run, resolved.
#[derive(Debug, Clone)]
pub struct Panel {
    entries: Vec<Entry>,
    /// By the number of the entry, what became of its measurements, on whatever thread.
    noted: Arc<Mutex<BTreeMap<usize, Noted>>>,
    columns: Vec<String>,
    /// The generators of each detector.
    detectors: Vec<usize>,
}

impl Panel {
    /// Resolves the probes of a run.
    ///
    /// # Errors
    ///
    /// As [`resolve`], of all probes.
    pub fn new(ground: &Ground<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut panel = Self { entries: Vec::new(), noted: Arc::default(), columns: Vec::new(), detectors: Vec::new() };
        let mut problems = Vec::new();
        for measure in ground.measures {
            for probe in &measure.probes {
                let same = |entry: &Entry| {
                    (entry.probe.kind, &entry.probe.target, &entry.probe.settings) == (probe.kind, &probe.target, &probe.settings)
                };
                if panel.entries.iter().any(same) {
                    continue;
                }
                match resolve(probe, ground) {
                    Ok((target, width)) => panel.append(probe, measure.every, target, width),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if problems.is_empty() { Ok(panel) } else { Err(problems) }
    }

    fn append(&mut self, probe: &Probe, every: u64, target: Target, count: usize) {
        let mut name = probe.column();
        if self.entries.iter().any(|entry| entry.probe.column() == name) {
            name = probe.column_with_settings();
        }
        let column = self.columns.len();
        match probe.kind.declaration().columns {
            Columns::One => self.columns.push(name),
            Columns::Estimate => self.columns.extend([name.clone(), format!("{name}.error")]),
            Columns::Many(_) => self.columns.extend((0..count).map(|at| format!("{name}[{at}]"))),
        }
        let detector = follows(probe.kind).then(|| {
            self.detectors.push(count);
            self.detectors.len() - 1
        });
        let width = self.columns.len() - column;
        self.entries.push(Entry { probe: probe.clone(), every: every.max(1), column, width, target, detector });
    }

    /// Takes away the values of probes of which `keeps` says no, given the space that they are about; `None` is the whole model.
    pub fn keep(&self, values: &mut [Option<f64>], keeps: impl Fn(Option<&str>) -> bool) {
        for entry in &self.entries {
            let space = (entry.probe.kind.declaration().looks == Looks::Units).then_some(entry.probe.target.as_str());
            if !keeps(space) {
                values[entry.column..entry.column + entry.width].fill(None);
            }
        }
    }

    /// The names of all columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column of a probe that has one.
    pub fn column_of(&self, probe: &Probe) -> Option<usize> {
        let same = |entry: &&Entry| {
            (entry.probe.kind, &entry.probe.target, &entry.probe.settings) == (probe.kind, &probe.target, &probe.settings)
        };
        self.entries.iter().find(same).map(|entry| entry.column)
    }

    /// Fresh detectors.
    pub fn detectors(&self) -> Vec<Detector> {
        self.detectors.iter().map(|&generators| Detector::new(generators)).collect()
    }

    /// Whether anything is measured at this step.
    pub fn due(&self, step: u64, last: bool) -> bool {
        last || self.entries.iter().any(|entry| step.is_multiple_of(entry.every))
    }

    /// The row of this step, one value a column; `None` for what is not measured at it, or has no value.
    pub fn measure(&self, step: u64, last: bool, view: &mut View<'_, '_>, detectors: &mut [Detector]) -> Vec<Option<f64>> {
        let mut row = vec![None; self.columns.len()];
        self.fill(step, |entry| last || step.is_multiple_of(entry.every), &mut row, view, detectors);
        row
    }

    /// Measures what the row of this step does not have yet, where the step turns out to be the last.
    pub fn complete(&self, step: u64, row: &mut [Option<f64>], view: &mut View<'_, '_>, detectors: &mut [Detector]) {
        self.fill(step, |entry| !step.is_multiple_of(entry.every), row, view, detectors);
    }

    fn fill(
        &self,
        step: u64,
        wanted: impl Fn(&Entry) -> bool,
        row: &mut [Option<f64>],
        view: &mut View<'_, '_>,
        detectors: &mut [Detector],
    ) {
        // Accuracy comes with the loss, and several probes of one space with its distances.
        let mut scores: [Option<Score>; 2] = [None, None];
        let mut known: Vec<(&Entry, Vec<f64>)> = Vec::new();
        let score = &mut *view.score;
        let mut once = |test: bool| *scores[usize::from(test)].get_or_insert_with(|| score(test));
        let View { program, weights, start, seed, evaluated, .. } = *view;
        let mut view = View { program, weights, start, seed, score: &mut once, evaluated, instruments: &mut *view.instruments };
        for (at, entry) in self.entries.iter().enumerate().filter(|(_, entry)| wanted(entry)) {
            let found = if let Some((_, deltas)) = known.iter().find(|(other, _)| other.watches_the_same(entry)) {
                deltas.clone()
            } else {
                let found = values(&entry.probe, &entry.target, step, &mut view);
                self.note(at, found.as_ref().err().copied());
                found.unwrap_or_default()
            };
            if matches!(entry.target, Target::Generators(..)) {
                known.push((entry, found.clone()));
            }
            let found = entry.reported(step, found, detectors);
            for (slot, value) in row[entry.column..entry.column + entry.width].iter_mut().zip(found) {
                *slot = Some(value);
            }
        }
    }

    fn note(&self, at: usize, problem: Option<Unmeasurable>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let own = noted.entry(at).or_default();
        own.measured |= problem.is_none();
        own.problem = own.problem.or(problem);
    }

    /// The probes that could not be measured at any step so far, with the first reason.
    pub fn unmeasured(&self) -> Vec<(&Probe, Unmeasurable)> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let never = noted.iter().filter(|(_, own)| !own.measured);
        never.filter_map(|(&at, own)| Some((&self.entries[at].probe, own.problem?))).collect()
    }

    /// What detectors saw, by step; one event for a generator that several probes of one threshold watch.
    pub fn events(&self, detectors: &[Detector]) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for entry in &self.entries {
            let (Target::Generators(subgroup), Some(at)) = (&entry.target, entry.detector) else { continue };
            for event in &detectors[at].events {
                let found = Event {
                    step: event.step,
                    kind: event.kind,
                    space: subgroup.id().0.to_string(),
                    group: entry.probe.word("group").unwrap_or("own").to_string(),
                    generator: event.generator,
                    threshold: entry.probe.threshold(),
                };
                if !events.contains(&found) {
                    events.push(found);
                }
            }
        }
        events.sort_by(|left, right| {
            (left.step, &left.space, &left.group, left.generator, left.kind)
                .cmp(&(right.step, &right.space, &right.group, right.generator, right.kind))
                .then(left.threshold.total_cmp(&right.threshold))
        });
        events
    }
}

impl Entry {
    /// Whether another probe is of the same distances.
    fn watches_the_same(&self, other: &Self) -> bool {
        match (&self.target, &other.target) {
            (Target::Generators(one), Target::Generators(other)) => one.id() == other.id(),
            _ => false,
        }
    }

    /// What the columns show of the measured values: for probes that follow generators, counts.
    fn reported(&self, step: u64, found: Vec<f64>, detectors: &mut [Detector]) -> Vec<f64> {
        let threshold = self.probe.threshold();
        if self.probe.kind == ProbeKind::NdosEach {
            let each = found.len() / self.width.max(1);
            return found.chunks(each.max(1)).map(|copy| symmetric(copy, threshold) as f64).collect();
        }
        let Some(detector) = self.detector else { return found };
        let mut levels = Levels::new(threshold);
        levels.restoration = self.probe.number("restored").unwrap_or(levels.restoration);
        detectors[detector].observe(step, &found, levels);
        let count = match self.probe.kind {
            ProbeKind::Ndos => symmetric(&found, threshold),
            ProbeKind::Ndosb => broken(&found, threshold),
            ProbeKind::Restorations => detectors[detector].count(Kind::Restoration),
            _ => detectors[detector].count(Kind::Breaking),
        };
        vec![count as f64]
    }
}

/// Whether a probe follows generators from measurement to measurement.
fn follows(kind: ProbeKind) -> bool {
    matches!(kind, ProbeKind::Ndos | ProbeKind::Ndosb | ProbeKind::Breakings | ProbeKind::Restorations)
}
