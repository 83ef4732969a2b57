//! Measurements of given weights: a row a quantity.

use super::Style;
use super::table::{heading, number, table};
use crate::report::{MeasurementReport, MeasurementRow};
use std::fmt::Write;

/// Each quantity with its range and, where other gauges were measured, how far it depends on them.
pub fn measurement(found: &MeasurementReport, style: Style) -> String {
    let mut text = heading(&format!("measure {} from {}", found.measurement, found.from), style);
    let rows = found.measured.iter().map(|row| {
        let mut cells = vec![row.name.clone(), row.values.to_string(), number(row.mean), range(row)];
        if found.gauges > 0 {
            cells.push(row.gauge_change.map_or_else(|| "–".to_string(), number));
        }
        cells
    });
    let header = ["measured", "numbers", "mean", "range", "change of gauge"];
    let shown = if found.gauges > 0 { &header[..] } else { &header[..4] };
    text.push_str(&table(shown, rows.collect(), style));
    text
}

/// One line a quantity.
pub fn short(found: &MeasurementReport) -> String {
    let mut text = String::new();
    for row in &found.measured {
        let of = if row.values > 1 { format!(" (mean of {}; {})", row.values, range(row)) } else { String::new() };
        let gauge = row.gauge_change.map_or_else(String::new, |change| format!(", {} by change of gauge", number(change)));
        let _ = writeln!(text, "{}: {}: {}{of}{gauge}", found.measurement, row.name, number(row.mean));
    }
    text
}

fn range(row: &MeasurementRow) -> String {
    if row.values == 1 { String::new() } else { format!("{} – {}", number(row.lowest), number(row.highest)) }
}
