//! What interventions did.

use super::Style;
use super::table::number;
use super::text::printable;
use crate::report::{EffectiveRow, Integer, InterventionRow};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An intervention with its amounts before and after.
pub fn table(row: &InterventionRow, style: Style) -> String {
    let mut text = format!("\nintervention {}: {}\n", printable(&row.by), verdict(row));
    let _ = writeln!(
        text,
        "trainable entries {}",
        change(row.parameters.map(|count| count.map_or("beyond 2^128".into(), |count| count.to_string())))
    );
    let mut kinds: Vec<&str> = row.model.keys().chain(row.objective.keys()).chain(row.dynamics.keys()).copied().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let cell = |amounts: &BTreeMap<&str, [Integer; 2]>, kind: &str| {
        amounts.get(kind).map_or_else(|| "0".to_string(), |amount| change(amount.map(|count| count.to_string())))
    };
    let rows: Vec<Vec<String>> = kinds
        .into_iter()
        .map(|kind| vec![kind.to_string(), cell(&row.model, kind), cell(&row.objective, kind), cell(&row.dynamics, kind)])
        .collect();
    if !rows.is_empty() {
        text.push_str(super::table::table(&["kind", "model", "objective", "dynamics"], rows, style).trim_start_matches('\n'));
    }
    text
}

/// One line.
pub fn short(at: &str, row: &InterventionRow) -> String {
    let list = |amounts: &BTreeMap<&str, [Integer; 2]>| {
        let parts: Vec<String> =
            amounts.iter().map(|(kind, amount)| format!("{kind} {}", change(amount.map(|count| count.to_string())))).collect();
        if parts.is_empty() { "none".to_string() } else { parts.join(", ") }
    };
    let line = format!(
        "{at}: intervention {}: {}; model: {}; objective: {}; dynamics: {}",
        row.by,
        verdict(row),
        list(&row.model),
        list(&row.objective),
        list(&row.dynamics)
    );
    printable(&line).replace('\n', " ") + "\n"
}

/// How nearly broken symmetries still hold.
pub fn effective(rows: &[EffectiveRow], style: Style) -> String {
    if rows.is_empty() {
        return "\neffective: no symmetry of the model before its interventions is broken on parameters that it still has\n"
            .to_string();
    }
    let value = |value: Option<f64>| value.map_or_else(String::new, number);
    let cells = rows
        .iter()
        .map(|row| {
            vec![
                row.space.clone(),
                row.group.clone(),
                value(row.smallest_change),
                value(row.median_change),
                row.nearest.clone().unwrap_or_default(),
                value(row.smallest_slope),
                value(row.median_slope),
            ]
        })
        .collect();
    let header = ["broken", "group before", "least change", "median", "nearest element", "least slope", "median"];
    "\neffective: relative change of the outputs under broken elements at the start; slope along broken directions, 1 for random ones".to_string()
        + &super::table::table(&header, cells, style)
}

/// One line a broken space.
pub fn effective_short(at: &str, rows: &[EffectiveRow]) -> String {
    let value = |value: Option<f64>| value.map_or_else(|| "none".to_string(), number);
    let line = |row: &EffectiveRow| {
        format!(
            "{at}.{}: broken {}: outputs change by {} at least ({}), {} in the median; slope {} at least, {} in the median\n",
            row.space,
            row.group,
            value(row.smallest_change),
            row.nearest.as_deref().unwrap_or("no simple element"),
            value(row.median_change),
            value(row.smallest_slope),
            value(row.median_slope)
        )
    };
    rows.iter().map(line).collect()
}

fn verdict(row: &InterventionRow) -> String {
    match (&row.claim, row.holds) {
        (Some(claim), Some(true)) => format!("{claim}: holds"),
        (Some(claim), _) => format!("{claim}: does not hold"),
        (None, _) => "no claim".to_string(),
    }
}

fn change(sides: [String; 2]) -> String {
    let [before, after] = sides;
    if before == after { before } else { format!("{before} → {after}") }
}
