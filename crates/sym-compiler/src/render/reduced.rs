//! The report of `symc reduce` as tables.

use super::{Style, table::table as drawn};
use crate::report::ReduceReport;

/// The spaces, then one line a fact.
pub fn table(report: &ReduceReport, style: Style) -> String {
    let mut text = report.model.clone();
    text.push('\n');
    if !report.spaces.is_empty() {
        let rows = report.spaces.iter().map(|space| {
            let numbers = [space.units, space.left, space.merged, space.vanished].map(|count| count.to_string());
            std::iter::once(space.name.clone()).chain(numbers).chain([space.refused.clone().unwrap_or_default()]).collect()
        });
        let header = ["space", "units", "left", "merged", "vanished", "not reduced because"];
        text.push_str(&drawn(&header, rows.collect(), style));
    }
    text.push('\n');
    for fact in report.facts() {
        text.push_str(&fact);
        text.push('\n');
    }
    text
}
