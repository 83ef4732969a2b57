//! All probes of a training run with their columns.

use super::{Detector, Event, Score, degree, distances, matrix, norm, rank};
use crate::select::selects;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Space, Symmetries, Weights};
use sym_ir::experiment::{Probe, ProbeKind, Train};
use sym_ir::{ParameterId, Program};

/// What a measurement sees. Scores are computed when a probe asks for them.
pub struct View<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its weights.
    pub weights: &'a Weights,
    /// The score on training examples (`false`) or on the second part (`true`).
    pub score: &'a dyn Fn(bool) -> Score,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").field("weights", &self.weights.values.len()).finish_non_exhaustive()
    }
}

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
}

/// What a probe looks at.
#[derive(Debug, Clone)]
enum Target {
    Scores,
    Space { space: Box<Space>, detector: Option<usize> },
    Matrix(ParameterId),
    Selector(String),
}

/// The probes of a run, resolved.
#[derive(Debug, Clone)]
pub struct Panel {
    entries: Vec<Entry>,
    columns: Vec<String>,
    /// The pairs of each detector.
    detectors: Vec<usize>,
}

impl Panel {
    /// Resolves the probes of a run.
    ///
    /// # Errors
    ///
    /// E0221 for a space or parameter that the model does not have, E0220 for a second part that the data lack, E0211 for an accuracy
    /// without classes.
    pub fn new(train: &Train, symmetries: &Symmetries, has_test: bool, has_classes: bool) -> Result<Self, Vec<Diagnostic>> {
        let mut panel = Self { entries: Vec::new(), columns: Vec::new(), detectors: Vec::new() };
        let mut problems = Vec::new();
        for measure in &train.measures {
            for probe in &measure.probes {
                if panel
                    .entries
                    .iter()
                    .any(|entry| entry.probe.column() == probe.column() && entry.probe.threshold == probe.threshold)
                {
                    continue;
                }
                match panel.resolve(probe, train, symmetries, has_test, has_classes) {
                    Ok((target, width)) => panel.append(probe, measure.every, target, width),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if problems.is_empty() { Ok(panel) } else { Err(problems) }
    }

    fn resolve(
        &mut self,
        probe: &Probe,
        train: &Train,
        symmetries: &Symmetries,
        has_test: bool,
        has_classes: bool,
    ) -> Result<(Target, usize), Diagnostic> {
        let name = probe.kind.name();
        match probe.kind {
            ProbeKind::Loss | ProbeKind::TestLoss | ProbeKind::Accuracy | ProbeKind::TestAccuracy => {
                if matches!(probe.kind, ProbeKind::TestLoss | ProbeKind::TestAccuracy) && !has_test {
                    let message = format!("`{name}` needs a second part of `{}`", train.data);
                    return Err(Diagnostic::new(Code::E0220, probe.span, message)
                        .help(format!("`split 100 as test` in `data {}`", train.data)));
                }
                if matches!(probe.kind, ProbeKind::Accuracy | ProbeKind::TestAccuracy) && !has_classes {
                    let message = format!("`{name}` needs classes and the targets of `{}` are numbers", train.data);
                    return Err(Diagnostic::new(Code::E0211, probe.span, message).found("numbers").expected("classes"));
                }
                Ok((Target::Scores, 1))
            }
            ProbeKind::Delta | ProbeKind::Ndos | ProbeKind::Ndosb | ProbeKind::Breakings => {
                let space = symmetries.spaces.iter().find(|space| space.name == probe.target).ok_or_else(|| {
                    let names = symmetries.spaces.iter().map(|space| space.name.as_str());
                    Diagnostic::new(
                        Code::E0221,
                        probe.span,
                        format!("`{}` has no unit space `{}`", train.program.name, probe.target),
                    )
                    .found(probe.target.clone())
                    .suggest(&probe.target, names)
                })?;
                let pairs = (space.size as usize).saturating_sub(1);
                let detector = (probe.kind != ProbeKind::Delta).then(|| {
                    self.detectors.push(pairs);
                    self.detectors.len() - 1
                });
                let width = if probe.kind == ProbeKind::Delta { pairs } else { 1 };
                Ok((Target::Space { space: Box::new(space.clone()), detector }, width))
            }
            ProbeKind::Rank => {
                let found = train.program.parameter_ids().find(|(_, parameter)| parameter.path == probe.target);
                found.map(|(id, _)| (Target::Matrix(id), 1)).ok_or_else(|| no_parameter(probe, &train.program))
            }
            ProbeKind::Norm => {
                let known = probe.target.is_empty()
                    || train.program.parameters.iter().any(|parameter| selects(&probe.target, &parameter.path));
                known.then(|| (Target::Selector(probe.target.clone()), 1)).ok_or_else(|| no_parameter(probe, &train.program))
            }
        }
    }

    fn append(&mut self, probe: &Probe, every: u64, target: Target, width: usize) {
        let mut name = probe.column();
        if self.entries.iter().any(|entry| entry.probe.column() == name) {
            name = format!("{}({}, threshold: {})", probe.kind.name(), probe.target, probe.threshold);
        }
        let column = self.columns.len();
        if probe.kind == ProbeKind::Delta {
            self.columns.extend((0..width).map(|pair| format!("{name}[{pair}]")));
        } else {
            self.columns.push(name);
        }
        self.entries.push(Entry { probe: probe.clone(), every: every.max(1), column, width, target });
    }

    /// The names of all columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Fresh detectors.
    pub fn detectors(&self) -> Vec<Detector> {
        self.detectors.iter().map(|&pairs| Detector::new(pairs)).collect()
    }

    /// Whether anything is measured at this step.
    pub fn due(&self, step: u64, last: bool) -> bool {
        last || self.entries.iter().any(|entry| step.is_multiple_of(entry.every))
    }

    /// The row of this step, one value a column; `None` for what is not measured at it.
    pub fn measure(&self, step: u64, last: bool, view: &View<'_>, detectors: &mut [Detector]) -> Vec<Option<f64>> {
        let mut row = vec![None; self.columns.len()];
        let mut scores: [Option<Score>; 2] = [None, None];
        let mut known: Vec<(&str, Vec<f64>)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| last || step.is_multiple_of(entry.every)) {
            let threshold = entry.probe.threshold;
            match &entry.target {
                Target::Scores => {
                    let test = matches!(entry.probe.kind, ProbeKind::TestLoss | ProbeKind::TestAccuracy);
                    let score = *scores[usize::from(test)].get_or_insert_with(|| (view.score)(test));
                    let accuracy = matches!(entry.probe.kind, ProbeKind::Accuracy | ProbeKind::TestAccuracy);
                    row[entry.column] = if accuracy { score.accuracy } else { Some(score.loss) };
                }
                Target::Space { space, detector } => {
                    if !known.iter().any(|(name, _)| *name == space.name) {
                        known.push((&space.name, distances(view.program, space, view.weights)));
                    }
                    let pairs = known.iter().find(|(name, _)| *name == space.name).map_or(&[][..], |(_, pairs)| pairs);
                    let broken = degree::broken(pairs, threshold);
                    if let Some(detector) = detector {
                        detectors[*detector].observe(step, pairs, threshold);
                    }
                    match (entry.probe.kind, detector) {
                        (ProbeKind::Ndos, _) => row[entry.column] = Some((pairs.len() - broken) as f64),
                        (ProbeKind::Ndosb, _) => row[entry.column] = Some(broken as f64),
                        (ProbeKind::Breakings, Some(detector)) => {
                            row[entry.column] = Some(detectors[*detector].breakings().count() as f64);
                        }
                        _ => {
                            for (slot, &distance) in row[entry.column..entry.column + entry.width].iter_mut().zip(pairs) {
                                *slot = Some(distance);
                            }
                        }
                    }
                }
                Target::Matrix(id) => {
                    row[entry.column] = rank(&matrix(view.program, *id, view.weights), threshold).map(|rank| rank as f64);
                }
                Target::Selector(selector) => row[entry.column] = Some(norm(view.program, view.weights, selector)),
            }
        }
        row
    }

    /// What detectors saw, by step; one event for a pair that several probes of one threshold watch.
    pub fn events(&self, detectors: &[Detector]) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for entry in &self.entries {
            let Target::Space { space, detector: Some(at) } = &entry.target else { continue };
            let event = |(pair, step)| Event { step, space: space.name.clone(), pair, threshold: entry.probe.threshold };
            events.extend(detectors[*at].breakings().map(event));
        }
        events.sort_by(|left, right| {
            (left.step, &left.space, left.pair)
                .cmp(&(right.step, &right.space, right.pair))
                .then(left.threshold.total_cmp(&right.threshold))
        });
        events.dedup_by(|later, earlier| {
            (&later.space, later.pair) == (&earlier.space, earlier.pair) && later.threshold == earlier.threshold
        });
        events
    }
}

fn no_parameter(probe: &Probe, program: &Program) -> Diagnostic {
    let paths = program.parameters.iter().map(|parameter| parameter.path.as_str());
    Diagnostic::new(Code::E0221, probe.span, format!("`{}` has no parameter `{}`", program.name, probe.target))
        .found(probe.target.clone())
        .suggest(&probe.target, paths)
}
