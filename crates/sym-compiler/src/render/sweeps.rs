//! Sweeps: a row a run.

use super::Style;
use super::table::{heading, number, table};
use crate::report::{SeedOutcome, SweepReport, SweepRow};
use std::fmt::Write;

/// The most rows that are drawn; all are in the table of the record.
const MOST_ROWS: usize = 40;

/// Settings and what was measured at the end.
pub fn sweep(sweep: &SweepReport, style: Style) -> String {
    let mut text = heading(&format!("sweep {}", sweep.sweep), style);
    let header: Vec<&str> =
        sweep.settings.iter().map(String::as_str).chain([""]).chain(sweep.measured.iter().map(String::as_str)).collect();
    let rows = sweep.runs.iter().take(MOST_ROWS).map(cells).collect();
    text.push_str(&table(&header, rows, style));
    if sweep.runs.len() > MOST_ROWS {
        let _ = writeln!(text, "and {} more runs", sweep.runs.len() - MOST_ROWS);
    }
    if let Some(path) = &sweep.table {
        let _ = writeln!(text, "all measurements: {path}");
    }
    text
}

/// One line a run.
pub fn short(sweep: &SweepReport) -> String {
    let line = |run: &SweepRow| {
        let settings: Vec<String> =
            sweep.settings.iter().zip(&run.values).map(|(name, value)| format!("{name}={value}")).collect();
        let measured: Vec<String> = sweep
            .measured
            .iter()
            .zip(&run.end)
            .filter_map(|(name, value)| value.map(|value| format!("{name} {}", number(value))))
            .collect();
        format!("sweep {}[{}]: {} {}\n", sweep.sweep, settings.join(", "), word(run), measured.join(", "))
    };
    sweep.runs.iter().map(line).collect()
}

fn cells(run: &SweepRow) -> Vec<String> {
    let end = run.end.iter().map(|value| value.map_or_else(String::new, number));
    run.values.iter().map(ToString::to_string).chain([word(run).to_string()]).chain(end).collect()
}

fn word(run: &SweepRow) -> &'static str {
    match run.outcome {
        None => "failed",
        Some(SeedOutcome::Failed) => "diverged",
        Some(SeedOutcome::Interrupted) => "interrupted",
        Some(SeedOutcome::Finished | SeedOutcome::Stopped) if run.found => "found",
        Some(SeedOutcome::Stopped) => "stopped early",
        Some(SeedOutcome::Finished) => "finished",
    }
}
