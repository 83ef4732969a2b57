//! Sweeps of a document, executed.

use crate::progress::SweepBar;
use crate::report::{SeedOutcome, SweepReport, SweepRow};
use sym_ir::experiment::Sweep;
use sym_runtime::record::Ending;
use sym_runtime::sweep::{self, Done, SweepOutcome};
use sym_runtime::train::Environment;

/// Executes sweeps together under a progress bar.
pub fn execute<'s>(
    sweeps: impl Iterator<Item = &'s Sweep>,
    environment: &Environment<'_>,
    shown: bool,
) -> Vec<(&'s Sweep, SweepOutcome)> {
    let sweeps: Vec<&Sweep> = sweeps.collect();
    let bar = SweepBar::new(sweeps.iter().map(|sweep| sweep.runs.len()).sum(), shown && !sweeps.is_empty());
    let outcomes = sweep::run(&sweeps, environment, &bar);
    bar.clear();
    sweeps.into_iter().zip(outcomes).collect()
}

/// What a sweep gave, as rows.
pub fn report(sweep: &Sweep, outcome: &SweepOutcome) -> SweepReport {
    let mut measured: Vec<String> = Vec::new();
    for done in outcome.runs.iter().flatten() {
        for column in done.summary.seeds.iter().flat_map(|seed| seed.last.keys()) {
            let name = quantity(column);
            if measured.iter().all(|known| known != name) {
                measured.push(name.to_string());
            }
        }
    }
    let row = |(run, done): (&sym_ir::experiment::SweepRun, &Option<Done>)| SweepRow {
        values: run.values.clone(),
        record: done.as_ref().map(|done| done.directory.display().to_string()),
        outcome: done.as_ref().map(ending),
        found: done.as_ref().is_some_and(|done| done.found),
        end: measured.iter().map(|name| done.as_ref().and_then(|done| mean(done, name))).collect(),
    };
    SweepReport {
        sweep: sweep.name.clone(),
        table: outcome.table.as_ref().map(|path| path.display().to_string()),
        settings: sweep.settings.clone(),
        runs: sweep.runs.iter().zip(&outcome.runs).map(row).collect(),
        measured,
    }
}

/// `delta(fc1)` of the column `delta(fc1)[3]`.
fn quantity(column: &str) -> &str {
    column.rsplit_once('[').map_or(column, |(name, _)| name)
}

/// The mean of the values at the end over seeds that have one, and over pairs.
fn mean(done: &Done, name: &str) -> Option<f64> {
    let values: Vec<f64> = done
        .summary
        .seeds
        .iter()
        .filter(|seed| seed.broke_off().is_none())
        .flat_map(|seed| seed.last.iter().filter(|(column, _)| quantity(column) == name).map(|(_, value)| *value))
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The worst ending of a run's seeds.
fn ending(done: &Done) -> SeedOutcome {
    if done.diverged() {
        return SeedOutcome::Failed;
    }
    let endings = || done.summary.seeds.iter().map(|seed| &seed.ending);
    if endings().any(|ending| *ending == Ending::Interrupted) {
        SeedOutcome::Interrupted
    } else if endings().any(|ending| matches!(ending, Ending::Stopped { .. })) {
        SeedOutcome::Stopped
    } else {
        SeedOutcome::Finished
    }
}
