//! Sweeps of a document, executed.

use crate::progress::SweepBar;
use crate::report::{SeedOutcome, SweepReport, SweepRow};
use sym_ir::experiment::Sweep;
use sym_runtime::record::Ending;
use sym_runtime::sweep::{self, Done, SweepOutcome};
use sym_runtime::train::Environment;

/// Executes one sweep under a progress bar.
pub fn execute(sweep: &Sweep, environment: &Environment<'_>, shown: bool) -> SweepOutcome {
    let bar = SweepBar::new(&sweep.name, sweep.runs.len(), shown);
    let outcome = sweep::run(sweep, environment, &bar);
    bar.clear();
    outcome
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
