//! The files of a folder: a row a claim.

use super::Style;
use super::table::{NARROWEST, WIDEST, heading, outcome, table as drawn};
use super::text::{printable, wrapped};
use crate::report::{FileReport, FolderReport, Outcome};
use std::fmt::Write;
use sym_diagnostics::Severity;

/// The characters of verdict and time, and of the spaces between all columns.
const OTHERS: usize = 30;

/// A claim or theorem of a file.
struct Row {
    claim: String,
    found: String,
    threshold: String,
    outcome: Option<Outcome>,
}

/// One table: item, claim, value found, threshold, verdict, time.
pub fn table(report: &FolderReport, style: Style) -> String {
    let mut cells = Vec::new();
    let [of_claim, of_found, of_threshold] = widths(report, style);
    for file in &report.files {
        let item = stem(&file.file);
        for (at, row) in rows(file).into_iter().enumerate() {
            let verdict = row.outcome.map_or_else(|| state(file).to_string(), |found| outcome(found, style));
            let (item, time) = if at == 0 { (item.clone(), format!("{:.1}", file.seconds)) } else { Default::default() };
            let (claim, found) = (wrapped(&row.claim, of_claim), wrapped(&row.found, of_found));
            cells.push(vec![item, claim, found, wrapped(&row.threshold, of_threshold), verdict, time]);
        }
    }
    let mut text =
        heading("All files", style) + &drawn(&["item", "claim", "found", "threshold", "verdict", "seconds"], cells, style);
    let count = |wanted: Outcome| report.files.iter().flat_map(rows).filter(|row| row.outcome == Some(wanted)).count();
    let broken = report.files.iter().filter(|file| !file.is_executed).count();
    let _ = writeln!(
        text,
        "{} files in {:.0} s: {} claims hold, {} fail, {} undecided; {broken} files with errors{}",
        report.files.len(),
        report.files.iter().map(|file| file.seconds).sum::<f64>(),
        count(Outcome::Holds),
        count(Outcome::Fails),
        count(Outcome::Undecided) + count(Outcome::Deferred),
        if report.left > 0 { format!("; {} not begun", report.left) } else { String::new() }
    );
    text
}

/// The characters of the columns that are broken into lines: what the others leave.
fn widths(report: &FolderReport, style: Style) -> [usize; 3] {
    let item = report.files.iter().map(|file| stem(&file.file).chars().count()).max().unwrap_or(0);
    let left = style.width.saturating_sub(item + OTHERS).max(3 * NARROWEST);
    let share = |percent: usize| (left * percent / 100).max(NARROWEST);
    let (found, threshold) = (share(30).min(WIDEST), share(25).min(WIDEST));
    [left.saturating_sub(found + threshold).max(NARROWEST), found, threshold]
}

/// One line a claim.
pub fn short(file: &FileReport) -> String {
    let mut text = String::new();
    for row in rows(file) {
        let verdict = row.outcome.map_or(state(file), |found| found.word());
        let _ = writeln!(
            text,
            "{}: {verdict}: {} {}; found {}; {:.1} s",
            printable(&file.file),
            printable(&row.claim),
            printable(&row.threshold),
            printable(&row.found),
            file.seconds
        );
    }
    text
}

/// What is said of a file without claims.
fn state(file: &FileReport) -> &'static str {
    if file.is_executed { "executed" } else { "errors" }
}

fn stem(path: &str) -> String {
    std::path::Path::new(path).file_stem().map_or_else(|| path.to_string(), |stem| stem.to_string_lossy().into_owned())
}

fn rows(file: &FileReport) -> Vec<Row> {
    let theorems = file.report.theorems.iter().map(|row| Row {
        claim: format!("theorem {}, {}: divergence", row.name, row.optimizer),
        found: format!("{:.1e}", row.divergence),
        threshold: format!("< {:.0e}", row.tolerance),
        outcome: Some(if row.holds { Outcome::Holds } else { Outcome::Fails }),
    });
    let mut known: Vec<&str> = Vec::new();
    let limits = file.report.theorems.iter().filter_map(|row| {
        // It does not depend on the optimiser.
        let claim = row.least_squares.as_ref().filter(|_| !known.contains(&row.name.as_str()))?;
        known.push(&row.name);
        Some(Row {
            claim: format!("theorem {}: least_squares", row.name),
            found: claim.found.map_or_else(|| "not measured".to_string(), |found| format!("{found:.1e}")),
            threshold: format!("< {:.0e}", claim.bound),
            outcome: Some(if claim.holds { Outcome::Holds } else { Outcome::Fails }),
        })
    });
    let claims = file.report.expectations.iter().map(|row| {
        let (claim, threshold) = split(&row.text);
        Row { claim, found: row.found.clone().unwrap_or_default(), threshold, outcome: Some(row.outcome) }
    });
    let mut rows: Vec<Row> = theorems.chain(limits).chain(claims).collect();
    if rows.is_empty() {
        let errors: Vec<&str> = file
            .report
            .diagnostics
            .iter()
            .filter(|one| matches!(one.severity, Severity::Error))
            .map(|one| one.message.as_str())
            .take(1)
            .collect();
        rows.push(Row { claim: errors.concat(), found: String::new(), threshold: String::new(), outcome: None });
    }
    rows
}

/// A claim at its comparison.
fn split(text: &str) -> (String, String) {
    let at = ["==", "!=", "<=", ">=", "<", ">"].iter().filter_map(|sign| text.rfind(&format!(" {sign} "))).max();
    match at {
        Some(at) => (text[..at].to_string(), text[at + 1..].to_string()),
        None => (text.to_string(), String::new()),
    }
}
