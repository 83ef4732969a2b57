//! Runs side by side.

use super::Style;
use super::table::{end_of, table};
use crate::report::RunReport;

/// What all runs measured, at the end, a row a run; nothing for a single run or runs that measured nothing in common.
pub fn comparison(runs: &[RunReport], style: Style) -> String {
    let rows = cells(runs);
    let Some((header, rows)) = rows.split_first().filter(|(header, _)| header.len() > 1) else { return String::new() };
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    table(&header, rows.to_vec(), style)
}

/// One line a run.
pub fn short(runs: &[RunReport]) -> String {
    let rows = cells(runs);
    let Some((header, rows)) = rows.split_first().filter(|(header, _)| header.len() > 1) else { return String::new() };
    let line = |row: &Vec<String>| {
        let values: Vec<String> = header.iter().zip(row).skip(1).map(|(name, value)| format!("{name} {value}")).collect();
        format!("at the end, {}: {}\n", row[0], values.join(", "))
    };
    rows.iter().map(line).collect()
}

fn cells(runs: &[RunReport]) -> Vec<Vec<String>> {
    let (Some(first), true) = (runs.first(), runs.len() > 1) else { return Vec::new() };
    let of = |run: &RunReport, name: &str| run.measured.iter().find(|row| row.name == name).map(|row| end_of(row.end));
    let common: Vec<&str> = first
        .measured
        .iter()
        .map(|row| row.name.as_str())
        .filter(|name| runs.iter().all(|run| of(run, name).is_some()))
        .collect();
    let mut rows = vec![std::iter::once("at the end").chain(common.iter().copied()).map(str::to_string).collect()];
    rows.extend(runs.iter().map(|run| {
        std::iter::once(run.train.clone()).chain(common.iter().filter_map(|name| of(run, name))).collect::<Vec<String>>()
    }));
    rows
}
