//! Executed theorems as tables: what came out, and what explains the rounding in it.

use super::Style;
use super::table::{heading, outcome, table};
use crate::report::{Outcome, TheoremRow};

/// A divergence from which on a report shows how it came about.
const GROWN: f64 = 1e-12;

/// Executed theorems.
pub fn theorems(rows: &[TheoremRow], style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let results = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            row.optimizer.clone(),
            row.steps.to_string(),
            row.full.to_string(),
            row.reduced.to_string(),
            scientific(row.divergence),
            format!("{:.0e}", row.tolerance),
            format!("{:.1}×", row.speed_up),
            outcome(if row.holds { Outcome::Holds } else { Outcome::Fails }, style),
        ]
    });
    let rounding = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            row.optimizer.clone(),
            scientific(row.off_state),
            row.two_orders.map_or_else(absent, scientific),
            estimate(row, row.edge, |edge| format!("{edge:.3}")),
            estimate(row, row.growth, scientific),
            estimate(row, row.growth_within, scientific),
        ]
    });
    let grown = rows.iter().filter(|row| row.reproject.is_some() || row.divergence > GROWN);
    let mut text = heading("Theorem 1: the full model beside the reduced one", style)
        + &table(
            &["theorem", "optimizer", "steps", "D", "rank(P_G)", "divergence", "allowed", "speed-up", ""],
            results.collect(),
            style,
        )
        + &heading("Rounding: what was measured, and by how much curvature may have amplified it", style)
        + &table(
            &["theorem", "optimizer", "off state", "two orders", "edge", "growth across", "growth within"],
            rounding.collect(),
            style,
        );
    if rows.iter().any(|row| row.estimated) {
        text.push_str("~ an estimate, no bound: Adam's preconditioner is taken to stand still; `two orders` is measured\n");
    }
    text + &lazy_regime(rows, style) + &linearised(rows, style) + &grown.map(|row| moments(row, style)).collect::<String>()
}

/// The tangent features of each theorem, which do not depend on the optimiser.
fn lazy_regime(rows: &[TheoremRow], style: Style) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut cells = Vec::new();
    for (row, features) in rows.iter().filter_map(|row| Some((row, row.features.as_ref()?))) {
        if names.contains(&row.name.as_str()) {
            continue;
        }
        names.push(&row.name);
        let near = features.near.iter().map(|near| format!("{} at {:.0e}", scientific(near.outside), near.distance));
        cells.push(vec![
            row.name.clone(),
            scientific(features.outside),
            scientific(features.kernel),
            near.collect::<Vec<_>>().join(", "),
        ]);
    }
    if cells.is_empty() {
        return String::new();
    }
    heading("Lazy regime: tangent features at the initial weights, masked by P_G", style)
        + &table(&["theorem", "outside im P_G", "kernel, full − reduced", "outside, at a distance"], cells, style)
}

/// The linearised model of each theorem, which does not depend on the optimiser.
fn linearised(rows: &[TheoremRow], style: Style) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut cells = Vec::new();
    for (row, lazy) in rows.iter().filter_map(|row| Some((row, row.lazy.as_ref()?))) {
        if names.contains(&row.name.as_str()) {
            continue;
        }
        names.push(&row.name);
        let scaled = lazy.scaled.iter().map(|(scale, distance)| format!("{} at {scale}", scientific(*distance)));
        cells.push(vec![
            row.name.clone(),
            format!("{} of {}", lazy.gram_rank, row.reduced),
            row.least_squares.as_ref().map_or_else(
                || scientific(lazy.least_squares),
                |claim| {
                    let verdict = outcome(if claim.holds { Outcome::Holds } else { Outcome::Fails }, style);
                    format!("{} < {:.0e} {verdict}", scientific(lazy.least_squares), claim.bound)
                },
            ),
            scaled.collect::<Vec<_>>().join(", "),
            format!("{:.2}", lazy.order),
            format!("{:.2}", lazy.remainder_order),
        ]);
    }
    if cells.is_empty() {
        return String::new();
    }
    let columns = ["theorem", "rank of the kernel", "descent − A⁺b", "scaled by α − linearised", "order across", "of the rest"];
    heading("Linearised at the initial weights, and growth across the state", style) + &table(&columns, cells, style)
}

/// A number that is only an estimate for Adam.
fn estimate(row: &TheoremRow, value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(absent, |value| if row.estimated { format!("~{}", format(value)) } else { format(value) })
}

fn scientific(value: f64) -> String {
    format!("{value:.1e}")
}

fn absent() -> String {
    "–".to_string()
}

/// How rounding grew over a run.
fn moments(row: &TheoremRow, style: Style) -> String {
    let projected = row.reproject.map_or_else(String::new, |every| format!(", projected every {every} steps"));
    let cells = row.moments.iter().map(|moment| {
        vec![
            moment.step.to_string(),
            scientific(moment.divergence),
            scientific(moment.off_state),
            moment.two_orders.map_or_else(absent, scientific),
        ]
    });
    heading(&format!("Rounding in {} under {}{projected}", row.name, row.optimizer), style)
        + &table(&["step", "divergence", "off state", "two orders"], cells.collect(), style)
}
