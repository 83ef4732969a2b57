//! Quantities in a row: from layer to layer, or from column to column, at one moment of a run.

use super::of_sweep::Spread;
use super::words::{axis_label, quantity};
use super::{Band, HeatMap, Line, Panel, Tone};
use sym_ir::experiment::{Across, Figure, Probe, ProbeKind, Profile, When};
use sym_runtime::claims::{Curve, Evidence, index};

/// A panel for each kind of quantity; what was not measured is left out.
pub(super) fn panels(figure: &Figure, evidence: &dyn Evidence) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    let several_runs = figure.profiles.iter().any(|profile| profile.train != figure.profiles[0].train);
    for profile in &figure.profiles {
        if profile.across == Across::Columns && profile.probes.iter().any(|probe| probe.kind == ProbeKind::Correlations) {
            panels.extend(profile.probes.iter().filter_map(|probe| matrix_of(profile, probe, several_runs, evidence)));
            continue;
        }
        let rows = match profile.across {
            Across::Layers => vec![(across_layers(profile, evidence), None)],
            Across::Columns => profile
                .probes
                .iter()
                .map(|probe| (across_columns(profile, probe, evidence), Some(probe.target.clone())))
                .collect(),
        };
        let Some(first) = profile.probes.first() else { continue };
        let label = quantity(first);
        for (points, target) in rows {
            if points.is_empty() {
                continue;
            }
            let at = panels.iter().position(|panel| panel.y_label == label).unwrap_or_else(|| {
                panels.push(Panel::empty(label.to_string()));
                panels.len() - 1
            });
            panels[at].log_y |= figure.log_y.holds(first.kind);
            let run = several_runs.then(|| profile.train.clone());
            let words: Vec<String> = run.into_iter().chain(target.filter(|_| profile.probes.len() > 1)).collect();
            add(&mut panels[at], (!words.is_empty()).then(|| words.join(", ")), points);
        }
    }
    panels
}

/// With more places dots would hide the line.
pub(super) const MOST_DOTS: usize = 40;

fn add(panel: &mut Panel, label: Option<String>, points: Vec<(f64, Spread)>) {
    let tone = Tone::Category(panel.lines.len());
    if points.iter().any(|(_, spread)| spread.count > 1) {
        panel.bands.push(Band { tone, points: points.iter().map(|(x, spread)| (*x, spread.low, spread.high)).collect() });
    }
    let points: Vec<(f64, f64)> = points.into_iter().map(|(x, spread)| (x, spread.mean)).collect();
    let dots = points.len() <= MOST_DOTS;
    panel.lines.push(Line { label, tone, points, dots });
}

/// The curves of the seeds that are drawn.
fn curves(profile: &Profile, probe: &Probe, evidence: &dyn Evidence) -> Vec<Curve> {
    let mut curves = evidence.curves(&profile.train, probe).unwrap_or_default();
    curves.retain(|curve| profile.seed.is_none_or(|seed| curve.seed == seed));
    curves
}

/// One place a quantity, from 1: the mean over its columns and seeds with their range.
fn across_layers(profile: &Profile, evidence: &dyn Evidence) -> Vec<(f64, Spread)> {
    let values = |probe: &Probe| -> Vec<f64> {
        let curves = curves(profile, probe, evidence);
        curves.iter().flat_map(|curve| moment(curve, profile.when)).collect()
    };
    let spread = |(at, probe): (usize, &Probe)| Some(((at + 1) as f64, Spread::of(&values(probe))?));
    profile.probes.iter().enumerate().filter_map(spread).collect()
}

/// One place a column, from 1: the mean over seeds with their range.
fn across_columns(profile: &Profile, probe: &Probe, evidence: &dyn Evidence) -> Vec<(f64, Spread)> {
    columns(&curves(profile, probe, evidence), profile.when)
}

/// The same of the curves of a run.
pub(super) fn columns(curves: &[Curve], when: When) -> Vec<(f64, Spread)> {
    let rows: Vec<Vec<f64>> = curves.iter().map(|curve| moment(curve, when)).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let spread = |at: usize| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.get(at).copied()).collect();
        Some(((at + 1) as f64, Spread::of(&values)?))
    };
    (0..count).filter_map(spread).collect()
}

/// All columns at a moment.
fn moment(curve: &Curve, when: When) -> Vec<f64> {
    index(curve, when).map_or_else(Vec::new, |at| curve.columns.iter().map(|column| column[at]).collect())
}

/// The map of a matrix of a run, of its first seed.
fn matrix_of(profile: &Profile, probe: &Probe, several_runs: bool, evidence: &dyn Evidence) -> Option<Panel> {
    let label = axis_label(probe);
    let named = if several_runs { format!("{}: {label}", profile.train) } else { label.clone() };
    let map = matrix(curves(profile, probe, evidence).first()?, profile.when, named)?;
    Some(Panel { map: Some(map), ..Panel::empty(label) })
}

/// Columns at a moment as a square matrix, whose first row is at the top; `None` where they are none.
pub(super) fn matrix(curve: &Curve, when: When, label: String) -> Option<HeatMap> {
    let entries = moment(curve, when);
    let size = entries.len().isqrt();
    if size == 0 || size * size != entries.len() || !entries.iter().any(|entry| entry.is_finite()) {
        return None;
    }
    let columns: Vec<String> = (1..=size).map(|place| place.to_string()).collect();
    let values = entries.chunks(size).rev().map(<[f64]>::to_vec).collect();
    let rows = columns.iter().rev().cloned().collect();
    Some(HeatMap { y_label: "example".to_string(), columns, rows, label, values, square: true })
}
