//! From a `figure` item and measured curves to a drawing.

use super::words::{axis_label, thing};
use super::{Drawing, Line, Mark, Panel, Tone, of_sweep, profile, way};
use sym_ir::experiment::{Figure, ProbeKind, Series};
use sym_runtime::claims::{Curve, Evidence, breakings};

/// With more lines than this the legend names only the first, the middle and the last.
const NAMED_LINES: usize = 8;

impl Drawing {
    /// Draws what the item asks for. One panel a quantity: a line a seed, or, for quantities with a column a pair, a line a pair of the first
    /// seed. Curves that were not measured (a run that failed) are left out; a figure without any is `None`.
    pub fn from_record(figure: &Figure, evidence: &dyn Evidence) -> Option<Self> {
        let mut panels: Vec<(PanelKey, Panel)> = Vec::new();
        let several_runs = figure.series.iter().any(|series| series.train != figure.series[0].train);
        for series in &figure.series {
            let mut curves = evidence.curves(&series.train, &series.probe).unwrap_or_default();
            curves.retain(|curve| series.seed.is_none_or(|seed| curve.seed == seed));
            if curves.iter().all(|curve| curve.steps.is_empty()) {
                continue;
            }
            let paired = curves.iter().any(|curve| curve.columns.len() > 1);
            let key = PanelKey::of(series, paired);
            let at = panels.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
                panels.push((key, Panel::empty(String::new())));
                panels.len() - 1
            });
            let panel = &mut panels[at].1;
            panel.log_y |= figure.log_y.holds(series.probe.kind);
            if paired {
                let seeds = curves.len();
                pairs(panel, series, &curves[0], seeds, several_runs);
                panel.marks.extend(marks(figure, series, evidence, Drawn::Seed(curves[0].seed)));
            } else {
                let tones = seeds(panel, series, &curves, several_runs);
                panel.marks.extend(marks(figure, series, evidence, Drawn::Seeds(tones)));
            }
        }
        let mut panels: Vec<Panel> = panels.into_iter().map(|(_, panel)| without_repeats(panel)).collect();
        panels.extend(of_sweep::panels(figure, evidence));
        panels.extend(profile::panels(figure, evidence));
        panels.extend(way::panel(figure, evidence));
        panels.iter_mut().for_each(told_apart);
        if panels.is_empty() {
            return None;
        }
        Some(Self {
            title: figure.title.clone(),
            x_label: x_label(figure),
            log_x: figure.log_x,
            x_names: of_sweep::names(figure, evidence),
            panels,
        })
    }
}

fn x_label(figure: &Figure) -> String {
    if !figure.ways.is_empty() {
        return way::AXIS.to_string();
    }
    let of_profile = figure.profiles.first().and_then(|profile| profile.probes.first());
    let probe = of_profile.or_else(|| figure.sweeps.first().map(|plot| &plot.probe)).filter(|_| figure.over == "index");
    match probe.map(|probe| (probe.kind, thing(probe))) {
        Some((ProbeKind::Correlations, _)) => "examples, class by class".to_string(),
        Some((_, Some(thing))) => thing.to_string(),
        _ => figure.over.clone(),
    }
}

/// Quantities that share a panel: scalar ones of a kind and target over all runs; a pair quantity has one for itself.
#[derive(PartialEq)]
struct PanelKey {
    family: &'static str,
    target: String,
    train: Option<String>,
    /// What each of its columns is.
    thing: Option<&'static str>,
}

impl PanelKey {
    fn of(series: &Series, paired: bool) -> Self {
        let family = match series.probe.kind {
            ProbeKind::TestLoss | ProbeKind::ReducedTestLoss => ProbeKind::Loss.name(),
            ProbeKind::TestAccuracy | ProbeKind::ReducedTestAccuracy => ProbeKind::Accuracy.name(),
            other => other.name(),
        };
        // Comparisons of any two values are of one kind.
        let target = if series.probe.word("with").is_some() { String::new() } else { series.probe.target.clone() };
        Self { family, target, train: paired.then(|| series.train.clone()), thing: thing(&series.probe).filter(|_| paired) }
    }
}

fn points(curve: &Curve, column: &[f64]) -> Vec<(f64, f64)> {
    curve.steps.iter().zip(column).map(|(step, value)| (*step as f64, *value)).collect()
}

/// A line a pair.
fn pairs(panel: &mut Panel, series: &Series, curve: &Curve, seeds: usize, several_runs: bool) {
    let count = curve.columns.len();
    let thing = thing(&series.probe).unwrap_or("column");
    panel.y_label = axis_label(&series.probe);
    if several_runs {
        panel.y_label = format!("{}, {}", series.train, panel.y_label);
    }
    for (at, column) in curve.columns.iter().enumerate() {
        let named = count <= NAMED_LINES || at == 0 || at == count / 2 || at + 1 == count;
        let seed = if seeds > 1 && at == 0 { format!(" (seed {})", curve.seed) } else { String::new() };
        panel.lines.push(Line {
            label: named.then(|| format!("{thing} {}{seed}", at + 1)),
            tone: Tone::Ordered(at as f64 / (count.max(2) - 1) as f64),
            points: points(curve, column),
            dots: false,
        });
    }
}

/// What the lines of a panel are.
enum Drawn {
    /// Pairs of one seed.
    Seed(u64),
    /// Seeds, each with its colour.
    Seeds(Vec<(u64, Tone)>),
}

/// A line a seed; their colours.
fn seeds(panel: &mut Panel, series: &Series, curves: &[Curve], several_runs: bool) -> Vec<(u64, Tone)> {
    let mut tones = Vec::new();
    if panel.y_label.is_empty() {
        panel.y_label = axis_label(&series.probe);
    }
    let word = match series.probe.kind {
        ProbeKind::TestLoss | ProbeKind::TestAccuracy => "test",
        ProbeKind::Loss | ProbeKind::Accuracy => "train",
        ProbeKind::ReducedTestLoss | ProbeKind::ReducedTestAccuracy => "test, reduced",
        _ => "",
    };
    for curve in curves {
        let Some(column) = curve.columns.first() else { continue };
        let mut label: Vec<String> = Vec::new();
        if several_runs {
            label.push(series.train.clone());
        }
        if !word.is_empty() {
            label.push(word.to_string());
        }
        if let Some(with) = series.probe.word("with") {
            label.push(format!("{} – {with}", series.probe.target));
        }
        if curves.len() > 1 || series.seed.is_some() || label.is_empty() {
            label.push(format!("seed {}", curve.seed));
        }
        let tone = Tone::Category(panel.lines.len());
        tones.push((curve.seed, tone));
        panel.lines.push(Line { label: Some(label.join(", ")), tone, points: points(curve, column), dots: false });
    }
    tones
}

/// The marked events of the series' run: of one seed, or of each seed in the colour of its line.
fn marks(figure: &Figure, series: &Series, evidence: &dyn Evidence, of: Drawn) -> Vec<Mark> {
    let mut marks = Vec::new();
    let own: Vec<&Series> = figure.marks.iter().filter(|mark| mark.train == series.train).collect();
    // Kinds of events are told apart by colour where seeds are not, by colours that the last of many lines would have.
    let of_kind = |at: usize| if own.len() > 1 { Tone::Category(KINDS - 1 - at % (KINDS - 1)) } else { Tone::Neutral };
    for (at, mark) in own.iter().enumerate() {
        let delta = mark.probe.delta();
        let curves = evidence.curves(&mark.train, &delta).unwrap_or_default();
        let space = match mark.probe.word("group") {
            Some(group) if group != "own" => format!("{} ({group})", mark.probe.target),
            _ => mark.probe.target.clone(),
        };
        let label = format!("Δ of {space} > {}", mark.probe.threshold());
        let mut label = Some(label);
        for curve in &curves {
            let tone = match &of {
                Drawn::Seed(seed) if *seed != curve.seed => continue,
                Drawn::Seed(_) => of_kind(at),
                Drawn::Seeds(tones) if tones.len() < 2 => match tones.first() {
                    Some((seed, _)) if *seed != curve.seed => continue,
                    _ => of_kind(at),
                },
                Drawn::Seeds(tones) => {
                    let Some((_, tone)) = tones.iter().find(|(seed, _)| *seed == curve.seed) else { continue };
                    *tone
                }
            };
            let mut places: Vec<f64> = breakings(curve, mark.probe.threshold()).into_iter().map(|step| step as f64).collect();
            places.dedup();
            if !places.is_empty() {
                marks.push(Mark { label: label.take(), tone, places });
            }
        }
    }
    marks
}

/// As many lines as there are colours of things of different kinds; more are coloured in order.
const KINDS: usize = 7;

/// Gives more lines than there are colours a colour each, and cuts from labels what all of them share.
fn told_apart(panel: &mut Panel) {
    let categories = panel.lines.iter().filter(|line| matches!(line.tone, Tone::Category(at) if at >= KINDS)).count();
    if categories > 0 && panel.bands.is_empty() && panel.marks.is_empty() {
        let last = (panel.lines.len() - 1) as f64;
        panel.lines.iter_mut().enumerate().for_each(|(at, line)| line.tone = Tone::Ordered(at as f64 / last));
    }
    let labels: Vec<&str> = panel.lines.iter().filter_map(|line| line.label.as_deref()).collect();
    let [first, rest @ ..] = labels.as_slice() else { return };
    if rest.is_empty() || labels.iter().all(|label| label.len() <= SHORT) {
        return;
    }
    let parts = |label: &str| label.split('.').map(str::to_string).collect::<Vec<_>>();
    let own = parts(first);
    let common = |at: &dyn Fn(&[String], usize) -> Option<String>| {
        (0..own.len()).take_while(|&place| rest.iter().all(|other| at(&parts(other), place) == at(&own, place))).count()
    };
    let front = common(&|parts, place| parts.get(place).cloned());
    let back = common(&|parts, place| parts.iter().rev().nth(place).cloned());
    for line in &mut panel.lines {
        let Some(label) = &mut line.label else { continue };
        let all = parts(label);
        if front + back < all.len() {
            *label = all[front..all.len() - back].join(".");
        }
    }
}

/// Labels of so many letters are left as they are.
const SHORT: usize = 24;

/// Several series of one panel mark the same events once.
fn without_repeats(mut panel: Panel) -> Panel {
    let mut kept: Vec<Mark> = Vec::new();
    for mark in panel.marks {
        let is_again = |other: &Mark| other.places == mark.places && (mark.label.is_none() || mark.label == other.label);
        if !kept.iter().any(is_again) {
            kept.push(mark);
        }
    }
    panel.marks = kept;
    panel
}
