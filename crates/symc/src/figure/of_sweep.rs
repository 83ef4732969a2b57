//! From the runs of a sweep to a panel: lines over steps or against a setting, each the mean over seeds with their range as a band, or a heat map.

use super::words::axis_label;
use super::{Band, HeatMap, Line, Panel, Tone, profile, ticks};
use std::collections::BTreeMap;
use sym_ir::experiment::{Figure, Plotted, Probe, ProbeKind, SettingValue, SweepPlot, When};
use sym_runtime::claims::{Curve, Evidence, SweepCurves, at};

/// With more lines than this the legend names only the first, the middle and the last.
const NAMED_LINES: usize = 8;

/// A place along the axis, with the value of each seed there.
type Place = (f64, Vec<f64>);

/// Least, mean and greatest of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub low: f64,
    pub mean: f64,
    pub high: f64,
    pub count: usize,
}

impl Spread {
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let fold = |pick: fn(f64, f64) -> f64| finite.iter().copied().reduce(pick);
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        Some(Self { low: fold(f64::min)?, mean, high: fold(f64::max)?, count: finite.len() })
    }
}

/// A panel for each quantity: sweeps of one share it, each with its colours and name.
pub(super) fn panels(figure: &Figure, evidence: &dyn Evidence) -> Vec<Panel> {
    // With the number of sweeps in each.
    let mut panels: Vec<(usize, Panel)> = Vec::new();
    let several_sweeps = figure.sweeps.iter().any(|plot| plot.sweep != figure.sweeps[0].sweep);
    let has_reduced = figure.sweeps.iter().any(|plot| plot.probe.kind.is_reduced());
    let along = along(figure, evidence);
    for plot in &figure.sweeps {
        let network = if has_reduced { network(plot.probe.kind) } else { None };
        let words: Vec<&str> = several_sweeps.then_some(plot.sweep.as_str()).into_iter().chain(network).collect();
        let several = !words.is_empty();
        for mut panel in drawn(plot, &along, evidence) {
            panel.log_y = figure.log_y.holds(plot.probe.kind);
            if several {
                name(&mut panel, &words.join(", "));
            }
            let is_own = |(_, other): &(usize, Panel)| other.map.is_none() && other.y_label == panel.y_label;
            match panels.iter().position(is_own).filter(|_| several && panel.map.is_none()) {
                Some(at) => {
                    let (count, own) = &mut panels[at];
                    join(own, *count, panel);
                    *count += 1;
                }
                None => panels.push((1, panel)),
            }
        }
    }
    panels.into_iter().map(|(_, panel)| panel).collect()
}

/// Puts the lines of one more sweep into a panel of `count` of them, in colours that none has: kinds behind those that are there, places in an order in a part of
/// the scale of their own.
fn join(own: &mut Panel, count: usize, more: Panel) {
    let parts = count as f64 + 1.0;
    let there = |tone: Tone| match tone {
        Tone::Ordered(place) => Tone::Ordered(place * (count as f64 - GAP) / (parts - GAP)),
        other => other,
    };
    own.bands.iter_mut().for_each(|band| band.tone = there(band.tone));
    own.lines.iter_mut().for_each(|line| line.tone = there(line.tone));
    let before = own.lines.iter().filter_map(|line| category(line.tone)).max().map_or(0, |most| most + 1);
    let moved = |tone: Tone| match tone {
        Tone::Category(at) => Tone::Category(before + at),
        Tone::Ordered(place) => Tone::Ordered((count as f64 + place * (1.0 - GAP)) / (parts - GAP)),
        Tone::Neutral => Tone::Neutral,
    };
    own.log_y |= more.log_y;
    own.bands.extend(more.bands.into_iter().map(|band| Band { tone: moved(band.tone), ..band }));
    own.lines.extend(more.lines.into_iter().map(|line| Line { tone: moved(line.tone), ..line }));
}

/// The part of a sweep's share of the scale of colours that lies between it and the next.
const GAP: f64 = 0.3;

/// What stands along the axis of a setting whose values are no numbers.
pub(super) fn names(figure: &Figure, evidence: &dyn Evidence) -> Vec<String> {
    let values = along(figure, evidence);
    let is_named = values.iter().any(|value| matches!(value, SettingValue::Text(_)));
    if is_named { values.iter().map(written).collect() } else { Vec::new() }
}

/// The different values along the axis of a setting, of all plots of a figure: they share the axis.
fn along(figure: &Figure, evidence: &dyn Evidence) -> Vec<SettingValue> {
    let of_plot = |plot: &SweepPlot| match plot.plotted {
        Plotted::Against { setting, rows: None, .. } => {
            let runs = evidence.sweep(&plot.sweep, &plot.probe).unwrap_or_default();
            runs.into_iter().map(|run| run.values[setting].clone()).collect()
        }
        _ => Vec::new(),
    };
    different(figure.sweeps.iter().flat_map(of_plot))
}

/// A value of a setting in a figure.
fn written(value: &SettingValue) -> String {
    match value {
        SettingValue::Number(number) => ticks::named(*number),
        SettingValue::Text(text) => text.clone(),
    }
}

/// Whether a score is that of the whole network or of its reduction.
fn network(kind: ProbeKind) -> Option<&'static str> {
    match kind {
        ProbeKind::TestLoss | ProbeKind::TestAccuracy => Some("whole"),
        ProbeKind::ReducedTestLoss | ProbeKind::ReducedTestAccuracy => Some("reduced"),
        _ => None,
    }
}

/// The label of a quantity of a sweep, whose two parts of the data are panels of their own.
fn label(probe: &Probe) -> String {
    match probe.kind {
        kind if kind.is_of_test() => format!("test {}", axis_label(probe)),
        _ => axis_label(probe),
    }
}

/// Names only the first, the middle and the last of many lines.
fn name_few(panel: &mut Panel) {
    let count = panel.lines.len();
    if count > NAMED_LINES {
        for (at, line) in panel.lines.iter_mut().enumerate() {
            if at != 0 && at != count / 2 && at + 1 != count {
                line.label = None;
            }
        }
    }
}

fn category(tone: Tone) -> Option<usize> {
    match tone {
        Tone::Category(at) => Some(at),
        Tone::Ordered(_) | Tone::Neutral => None,
    }
}

/// Puts the name of a sweep, or what else tells it apart, in front of the labels of its lines, or of its map.
fn name(panel: &mut Panel, sweep: &str) {
    if let Some(map) = &mut panel.map {
        map.label = format!("{sweep}: {}", map.label);
        return;
    }
    let is_named = panel.lines.iter().any(|line| line.label.is_some());
    for (at, line) in panel.lines.iter_mut().enumerate() {
        line.label = match &line.label {
            Some(label) => Some(format!("{sweep}, {label}")),
            None => (at == 0 && !is_named).then(|| sweep.to_string()),
        };
    }
}

/// The panels of a plot: one, or one a run where its quantity is a matrix; none where nothing was measured.
fn drawn(plot: &SweepPlot, along: &[SettingValue], evidence: &dyn Evidence) -> Vec<Panel> {
    let Some(runs) = evidence.sweep(&plot.sweep, &plot.probe) else { return Vec::new() };
    match plot.plotted {
        Plotted::Columns { when } if plot.probe.kind == ProbeKind::Correlations => matrices(plot, &runs, when),
        _ => panel(plot, along, &runs).into_iter().collect(),
    }
}

fn panel(plot: &SweepPlot, along: &[SettingValue], runs: &[SweepCurves]) -> Option<Panel> {
    let mut panel = Panel::empty(label(&plot.probe));
    match plot.plotted {
        Plotted::Steps => over_steps(&mut panel, plot, runs),
        Plotted::Columns { when } => across_columns(&mut panel, plot, runs, when),
        Plotted::Against { when, setting, rows: None } => {
            against(&mut panel, plot, runs, (when, setting), along);
        }
        Plotted::Against { when, setting, rows: Some(rows) } => {
            panel.map = heat_map(plot, &panel.y_label, runs, when, (setting, rows));
        }
    }
    (!panel.lines.is_empty() || panel.map.is_some()).then_some(panel)
}

/// A line a run.
fn over_steps(panel: &mut Panel, plot: &SweepPlot, runs: &[SweepCurves]) {
    let colours = Colours::of(plot, &[], runs);
    for run in runs {
        let mut by_step: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for curve in &run.curves {
            let Some(column) = curve.columns.first() else { continue };
            for (step, value) in curve.steps.iter().zip(column) {
                by_step.entry(*step).or_default().push(*value);
            }
        }
        // The last row of a seed that ended early is between the rows of the others.
        let running = |step: u64| run.curves.iter().filter(|curve| curve.steps.last().is_some_and(|&last| last >= step)).count();
        let whole = by_step.into_iter().filter(|(step, values)| values.len() == running(*step));
        let spreads: Vec<(f64, Spread)> = whole.filter_map(|(step, values)| Some((step as f64, Spread::of(&values)?))).collect();
        // One point is no line.
        let dots = spreads.len() == 1;
        add_line(panel, &colours, run, spreads, dots);
    }
    name_few(panel);
}

/// A line a run.
fn across_columns(panel: &mut Panel, plot: &SweepPlot, runs: &[SweepCurves], when: When) {
    let colours = Colours::of(plot, &[], runs);
    for run in runs {
        let spreads = profile::columns(&run.curves, when);
        let dots = spreads.len() <= profile::MOST_DOTS;
        add_line(panel, &colours, run, spreads, dots);
    }
    name_few(panel);
}

/// A map a run, of its first seed.
fn matrices(plot: &SweepPlot, runs: &[SweepCurves], when: When) -> Vec<Panel> {
    let colours = Colours::of(plot, &[], runs);
    let panel = |run: &SweepCurves| {
        let label = label(&plot.probe);
        let named = colours.of_run(run).1.map_or_else(|| label.clone(), |own| format!("{label}, {own}"));
        let map = profile::matrix(run.curves.first()?, when, named)?;
        Some(Panel { map: Some(map), ..Panel::empty(label) })
    };
    runs.iter().filter_map(panel).collect()
}

/// A line for each combination of the settings that are not along the axis.
fn against(panel: &mut Panel, plot: &SweepPlot, runs: &[SweepCurves], (when, setting): (When, usize), along: &[SettingValue]) {
    let colours = Colours::of(plot, &[setting], runs);
    let mut groups: Vec<(&SweepCurves, Vec<Place>)> = Vec::new();
    for run in runs {
        let is_alike = |other: &SweepCurves| {
            other.values.iter().zip(&run.values).enumerate().all(|(at, (one, two))| at == setting || one == two)
        };
        let at = groups.iter().position(|(first, _)| is_alike(first)).unwrap_or_else(|| {
            groups.push((run, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push((place(along, &run.values[setting]), values(&run.curves, when)));
    }
    // A setting whose other settings were drawn has a group for each of its runs: then all runs are one cloud.
    if groups.len() == runs.len() && runs.len() > 1 {
        for (run, places) in &groups {
            let (tone, label) = if plot.colour.is_some() { colours.of_run(run) } else { (Tone::Category(0), None) };
            let mut label = label.filter(|label| panel.lines.iter().all(|line| line.label.as_ref() != Some(label)));
            for (x, y) in places.iter().flat_map(|(x, values)| values.iter().map(|y| (*x, *y))) {
                panel.lines.push(Line { label: label.take(), tone, points: vec![(x, y)], dots: true });
            }
        }
        return;
    }
    for (run, mut points) in groups {
        points.sort_by(|one, two| one.0.total_cmp(&two.0));
        let spreads = points.into_iter().filter_map(|(x, values)| Some((x, Spread::of(&values)?))).collect();
        add_line(panel, &colours, run, spreads, true);
    }
    name_few(panel);
}

fn add_line(panel: &mut Panel, colours: &Colours, run: &SweepCurves, spreads: Vec<(f64, Spread)>, dots: bool) {
    if spreads.is_empty() {
        return;
    }
    let (tone, label) = colours.of_run(run);
    let label = label.filter(|label| panel.lines.iter().all(|line| line.label.as_ref() != Some(label)));
    if spreads.iter().any(|(_, spread)| spread.count > 1) {
        let points = spreads.iter().map(|(x, spread)| (*x, spread.low, spread.high)).collect();
        panel.bands.push(Band { tone, points });
    }
    let points = spreads.into_iter().map(|(x, spread)| (x, spread.mean)).collect();
    panel.lines.push(Line { label, tone, points, dots });
}

/// The mean over seeds, and over runs that differ in other settings.
fn heat_map(plot: &SweepPlot, label: &str, runs: &[SweepCurves], when: When, (setting, rows): (usize, usize)) -> Option<HeatMap> {
    let (columns, rows_at) = (distinct(runs, setting), distinct(runs, rows));
    let of = |row: &SettingValue, column: &SettingValue| {
        let own = runs.iter().filter(|run| run.values[rows] == *row && run.values[setting] == *column);
        let values: Vec<f64> = own.flat_map(|run| values(&run.curves, when)).collect();
        Spread::of(&values).map_or(f64::NAN, |spread| spread.mean)
    };
    let values: Vec<Vec<f64>> = rows_at.iter().map(|row| columns.iter().map(|column| of(row, column)).collect()).collect();
    let words = |values: &[SettingValue]| values.iter().map(written).collect();
    values.iter().flatten().any(|value| value.is_finite()).then(|| HeatMap {
        y_label: plot.settings[rows].clone(),
        columns: words(&columns),
        rows: words(&rows_at),
        label: label.to_string(),
        values,
        square: false,
    })
}

/// The value of each seed at a moment.
fn values(curves: &[Curve], when: When) -> Vec<f64> {
    curves.iter().filter_map(|curve| at(curve, when).ok()).collect()
}

/// The different values of a setting: numbers in their order, others as they come.
fn distinct(runs: &[SweepCurves], setting: usize) -> Vec<SettingValue> {
    different(runs.iter().map(|run| run.values[setting].clone()))
}

fn different(values: impl Iterator<Item = SettingValue>) -> Vec<SettingValue> {
    let mut found: Vec<SettingValue> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    if found.iter().all(|value| matches!(value, SettingValue::Number(_))) {
        found.sort_by(|one, two| one.partial_cmp(two).unwrap_or(std::cmp::Ordering::Equal));
    }
    found
}

/// A place along an axis: numbers at themselves, others in the row of all values along it.
fn place(along: &[SettingValue], value: &SettingValue) -> f64 {
    match value {
        SettingValue::Number(number) => *number,
        SettingValue::Text(_) => along.iter().position(|other| other == value).unwrap_or(0) as f64,
    }
}

/// The colours of lines.
struct Colours {
    /// The settings that name a line, with their names.
    named: Vec<(usize, String)>,
    /// The setting that decides the colour, with its values.
    by: Option<(usize, Vec<SettingValue>)>,
}

impl Colours {
    /// The colours for lines of all settings but those in `without`; where no setting is asked for and one alone varies, it decides.
    fn of(plot: &SweepPlot, without: &[usize], runs: &[SweepCurves]) -> Self {
        let asked = plot.colour;
        let count = runs.first().map_or(0, |run| run.values.len());
        let varying: Vec<usize> = (0..count).filter(|at| !without.contains(at) && distinct(runs, *at).len() > 1).collect();
        let by = asked.or(varying.first().copied());
        let named = asked.map_or(varying, |asked| vec![asked]);
        let named = named.into_iter().map(|at| (at, plot.settings[at].clone())).collect();
        Self { named, by: by.map(|at| (at, distinct(runs, at))) }
    }

    fn of_run(&self, run: &SweepCurves) -> (Tone, Option<String>) {
        let tone = match &self.by {
            None => Tone::Category(0),
            Some((at, values)) => {
                let place = values.iter().position(|value| *value == run.values[*at]).unwrap_or(0);
                let is_ordered = values.len() > 2 && matches!(values[0], SettingValue::Number(_));
                if is_ordered { Tone::Ordered(place as f64 / (values.len() - 1) as f64) } else { Tone::Category(place) }
            }
        };
        let words: Vec<String> = self.named.iter().map(|(at, name)| format!("{name} = {}", written(&run.values[*at]))).collect();
        (tone, (!words.is_empty()).then(|| words.join(", ")))
    }
}
