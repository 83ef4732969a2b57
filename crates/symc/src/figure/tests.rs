use super::{Drawing, HeatMap, Panel, draw};
use std::collections::HashMap;
use sym_diagnostics::{FileId, Span};
use sym_infer::Symmetries;
use sym_ir::Program;
use sym_ir::experiment::{
    self, Across, BarrierOf, Between, Carrier, Figure, LogarithmicOf, Plotted, Probe, ProbeKind, Profile, Series, SweepPlot, When,
};
use sym_ir::probes::SettingValue;
use sym_runtime::claims::{Curve, Evidence, SweepCurves};

const SPAN: Span = Span::new(FileId(0), 0, 0);

/// What was measured: curves by column name, runs of sweeps by name.
#[derive(Default)]
struct Measured {
    curves: HashMap<String, Vec<Curve>>,
    sweeps: HashMap<String, Vec<SweepCurves>>,
    between: HashMap<Between, Vec<f64>>,
}

/// Curves by column name.
fn measured<const N: usize>(curves: [(&str, Vec<Curve>); N]) -> Measured {
    Measured { curves: curves.into_iter().map(|(name, curves)| (name.to_string(), curves)).collect(), ..Measured::default() }
}

impl Evidence for Measured {
    fn program(&self, _: &str) -> Option<&Program> {
        None
    }

    fn symmetries(&self, _: &str, _: Carrier) -> Option<&Symmetries> {
        None
    }

    fn curves(&self, _: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.curves.get(&probe.column()).cloned()
    }

    fn gauges(&self, _: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.curves.get(&probe.column()).cloned()
    }

    fn sweep(&self, sweep: &str, _: &Probe) -> Option<Vec<SweepCurves>> {
        self.sweeps.get(sweep).cloned()
    }

    fn between(&self, of: &Between) -> Option<Result<Vec<f64>, String>> {
        self.between.get(of).cloned().map(Ok)
    }
}

fn series(kind: ProbeKind, target: &str, threshold: f64) -> Series {
    Series {
        train: "Saddle".to_string(),
        probe: Probe::new(kind, target, SPAN).with("threshold", SettingValue::Number(threshold)),
        seed: None,
    }
}

/// A loss with one drop for each of fifteen pairs that break one after another, for two seeds.
fn staircase() -> Measured {
    let steps: Vec<u64> = (0..=200).map(|at| at * 50).collect();
    let curve = |seed: u64, value: &dyn Fn(usize, f64) -> f64, columns: usize| Curve {
        seed,
        steps: steps.clone(),
        columns: (0..columns).map(|pair| steps.iter().map(|step| value(pair, *step as f64)).collect()).collect(),
        broke_off: None,
    };
    let rise = |pair: usize, step: f64, seed: u64| {
        let at = 600.0 * (pair + 1) as f64 + 150.0 * seed as f64;
        1e-4 + 1.0 / (1.0 + (-(step - at) / 60.0).exp())
    };
    let loss = |step: f64, seed: u64| 20.0 - (0..15).map(|pair| rise(pair, step, seed) * 1.25).sum::<f64>();
    measured([
        ("loss", vec![curve(0, &|_, step| loss(step, 0), 1), curve(1, &|_, step| loss(step, 1), 1)]),
        ("delta(fc1)", vec![curve(0, &|pair, step| rise(pair, step, 0), 15), curve(1, &|pair, step| rise(pair, step, 1), 15)]),
    ])
}

fn figure(series: Vec<Series>, marks: Vec<Series>) -> Figure {
    Figure {
        name: "fig02".to_string(),
        title: None,
        series,
        marks,
        sweeps: Vec::new(),
        profiles: Vec::new(),
        ways: Vec::new(),
        over: "step".to_string(),
        log_x: false,
        log_y: LogarithmicOf::Quantities(Vec::new()),
        span: SPAN,
    }
}

#[test]
fn a_figure_has_a_panel_a_quantity_a_line_a_seed_or_pair_and_marks_at_breakings() {
    let figure = figure(
        vec![series(ProbeKind::Delta, "fc1", 0.0), series(ProbeKind::Loss, "", 0.0)],
        vec![series(ProbeKind::Breakings, "fc1", 0.1)],
    );
    let drawing = Drawing::from_record(&figure, &staircase()).expect("both quantities are measured");
    let [pairs, loss] = drawing.panels.as_slice() else { panic!("two panels, not {}", drawing.panels.len()) };
    assert_eq!((pairs.lines.len(), loss.lines.len()), (15, 2));
    assert_eq!(
        pairs.lines.iter().filter_map(|line| line.label.as_deref()).collect::<Vec<_>>(),
        ["pair 1 (seed 0)", "pair 8", "pair 15"]
    );
    assert_eq!(
        loss.lines.iter().filter_map(|line| line.label.as_deref()).collect::<Vec<_>>(),
        ["train, seed 0", "train, seed 1"]
    );
    assert_eq!(pairs.marks.len(), 1);
    assert_eq!(pairs.marks[0].places.len(), 15);
    assert_eq!(
        loss.marks.iter().map(|mark| mark.tone).collect::<Vec<_>>(),
        loss.lines.iter().map(|line| line.tone).collect::<Vec<_>>()
    );
}

#[test]
fn of_one_seed_kinds_of_events_are_told_apart_by_colour() {
    let own = Series { seed: Some(1), ..series(ProbeKind::Loss, "", 0.0) };
    let marks = [0.1, 0.5].map(|threshold| series(ProbeKind::Breakings, "fc1", threshold)).to_vec();
    let drawing = Drawing::from_record(&figure(vec![own.clone()], marks), &staircase()).expect("measured");
    let [panel] = drawing.panels.as_slice() else { panic!("one panel: {drawing:?}") };
    assert_eq!(panel.lines.len(), 1);
    let labels: Vec<_> = panel.marks.iter().map(|mark| mark.label.as_deref().expect("a name")).collect();
    assert_eq!(labels, ["Δ of fc1 > 0.1", "Δ of fc1 > 0.5"]);
    // The first pair of seed 1 separates at 600 + 150.
    assert!(panel.marks.iter().all(|mark| (600.0..800.0).contains(&mark.places[0])), "{:?}", panel.marks);
    assert!(panel.marks[0].tone != panel.marks[1].tone && panel.marks[0].tone != panel.lines[0].tone);
    let absent = Series { seed: Some(7), ..own };
    assert_eq!(Drawing::from_record(&figure(vec![absent], Vec::new()), &staircase()), None);
}

#[test]
fn a_way_has_a_line_from_one_network_to_the_other() {
    let way = |to: &str, aligned| BarrierOf { from: "A".to_string(), to: to.to_string(), aligned, points: 3 };
    let ways = vec![way("B", false), way("B", true), way("A", false)];
    let between = [(&ways[0], vec![1.0, 4.0, 2.0]), (&ways[1], vec![1.0, 1.5, 2.0])];
    let between = between.into_iter().map(|(of, losses)| (Between::Way(of.clone()), losses)).collect();
    let evidence = Measured { between, ..Measured::default() };
    let drawing = Drawing::from_record(&Figure { ways, ..figure(Vec::new(), Vec::new()) }, &evidence).expect("measured");
    assert_eq!(drawing.x_label, "share of the way");
    let lines: Vec<_> = drawing.panels[0].lines.iter().map(|line| (line.label.as_deref(), line.points.clone())).collect();
    assert_eq!(
        lines,
        [
            (Some("A to B"), vec![(0.0, 1.0), (0.5, 4.0), (1.0, 2.0)]),
            (Some("A to B, aligned"), vec![(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)]),
        ]
    );
}

#[test]
fn a_drawing_becomes_a_picture_of_each_format() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let figure = figure(
        vec![series(ProbeKind::Delta, "fc1", 0.0), series(ProbeKind::Loss, "", 0.0)],
        vec![series(ProbeKind::Breakings, "fc1", 0.1)],
    );
    let drawing = Drawing::from_record(&figure, &staircase()).expect("both quantities are measured");
    let [svg, png] = draw(&drawing, directory.path(), "fig02").expect("a writable directory");
    let text = std::fs::read_to_string(svg).expect("written");
    assert!(text.contains("<svg") && text.contains("</svg>"));
    for word in ["step", "pair distance", "loss", "seed 0"] {
        assert!(text.contains(word), "`{word}` is not in the picture");
    }
    let bytes = std::fs::read(png).expect("written");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
}

#[test]
fn a_profile_has_a_place_a_layer_with_the_range_of_its_columns_or_a_place_a_column() {
    let profile = |across, targets: &[&str], when| Profile {
        train: "Heads".to_string(),
        probes: targets.iter().map(|target| Probe::new(ProbeKind::JointEnergies, target, SPAN)).collect(),
        when,
        across,
        seed: None,
    };
    let curve = |columns: Vec<Vec<f64>>| vec![Curve { seed: 0, steps: vec![0, 5], columns, broke_off: None }];
    let curves = measured([
        ("joint_energies(one)", curve(vec![vec![0.0, 1.0], vec![0.0, 3.0]])),
        ("joint_energies(two)", curve(vec![vec![0.0, 4.0], vec![0.0, 4.0]])),
    ]);
    let drawn = |profile| {
        let figure = Figure { profiles: vec![profile], over: "layer".to_string(), ..figure(Vec::new(), Vec::new()) };
        Drawing::from_record(&figure, &curves).expect("measured").panels.remove(0)
    };
    let layers = drawn(profile(Across::Layers, &["one", "two", "absent"], When::End));
    assert_eq!(layers.lines[0].points, [(1.0, 2.0), (2.0, 4.0)]);
    assert_eq!(layers.bands[0].points, [(1.0, 1.0, 3.0), (2.0, 4.0, 4.0)]);
    let of_seed = |seed| {
        let one = Profile { seed: Some(seed), ..profile(Across::Layers, &["one"], When::End) };
        let figure = Figure { profiles: vec![one], over: "layer".to_string(), ..figure(Vec::new(), Vec::new()) };
        Drawing::from_record(&figure, &curves).map(|drawing| drawing.panels[0].lines[0].points.clone())
    };
    assert_eq!((of_seed(0), of_seed(1)), (Some(vec![(1.0, 2.0)]), None), "no curve is of seed 1");
    let columns = drawn(profile(Across::Columns, &["one", "two"], When::Step(5)));
    assert_eq!(columns.lines[0].points, [(1.0, 1.0), (2.0, 3.0)]);
    assert_eq!(columns.lines[1].label.as_deref(), Some("two"));
    assert!(columns.bands.is_empty());
}

#[test]
fn a_matrix_over_its_index_is_a_map_whose_first_row_is_at_the_top() {
    let probe = Probe::new(ProbeKind::Correlations, "h", SPAN);
    let profile = Profile { train: "Fit".to_string(), probes: vec![probe], when: When::End, across: Across::Columns, seed: None };
    let columns = [1.0, 0.5, 0.25, 1.0].map(|end| vec![0.0, end]).to_vec();
    let curve = Curve { seed: 0, steps: vec![0, 5], columns, broke_off: None };
    let curves = measured([("correlations(h)", vec![curve])]);
    let figure = Figure { profiles: vec![profile], over: "index".to_string(), ..figure(Vec::new(), Vec::new()) };
    let drawing = Drawing::from_record(&figure, &curves).expect("measured");
    assert_eq!(drawing.x_label, "examples, class by class");
    let map = drawing.panels[0].map.as_ref().expect("a map");
    assert_eq!((&map.rows, &map.columns), (&vec!["2".to_string(), "1".to_string()], &vec!["1".to_string(), "2".to_string()]));
    assert_eq!(map.values, [[0.25, 1.0], [1.0, 0.5]]);
    assert!(map.square && map.label == "correlations of h");
}

#[test]
fn a_quantity_that_no_run_measured_gives_no_figure() {
    let figure = figure(vec![series(ProbeKind::Norm, "", 0.0)], Vec::new());
    assert_eq!(Drawing::from_record(&figure, &staircase()), None);
}

#[test]
fn a_logarithmic_axis_leaves_out_what_it_cannot_show() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let zero = Curve { seed: 0, steps: vec![0, 1], columns: vec![vec![0.0, -1.0]], broke_off: None };
    let curves = measured([("loss", vec![zero])]);
    let figure = Figure { log_x: true, log_y: LogarithmicOf::All, ..figure(vec![series(ProbeKind::Loss, "", 0.0)], Vec::new()) };
    let drawing = Drawing::from_record(&figure, &curves).expect("measured");
    draw(&drawing, directory.path(), "empty").expect("an empty pair of axes");
}

#[test]
fn a_logarithmic_quantity_leaves_the_axes_of_others_linear() {
    let both = vec![series(ProbeKind::Loss, "", 0.0), series(ProbeKind::Delta, "fc1", 0.0)];
    let figure = Figure { log_y: LogarithmicOf::Quantities(vec![ProbeKind::Loss]), ..figure(both, Vec::new()) };
    let drawing = Drawing::from_record(&figure, &staircase()).expect("measured");
    assert_eq!(drawing.panels.iter().map(|panel| panel.log_y).collect::<Vec<_>>(), [true, false]);
    // What shares a panel shares its axis.
    let losses = vec![series(ProbeKind::Loss, "", 0.0), series(ProbeKind::TestLoss, "", 0.0)];
    let figure =
        Figure { log_y: LogarithmicOf::Quantities(vec![ProbeKind::TestLoss]), ..super::tests::figure(losses, Vec::new()) };
    let curve = || vec![Curve { seed: 0, steps: vec![0, 1], columns: vec![vec![2.0, 1.0]], broke_off: None }];
    let drawing = Drawing::from_record(&figure, &measured([("loss", curve()), ("test_loss", curve())])).expect("measured");
    assert_eq!(drawing.panels.iter().map(|panel| panel.log_y).collect::<Vec<_>>(), [true]);
}

/// The attribute of the first element that has this colour.
fn place_of(svg: &str, colour: &str, attribute: &str) -> f64 {
    let at = svg.find(&format!("fill=\"{colour}\"")).unwrap_or_else(|| panic!("no {colour} in {svg}"));
    let start = svg[..at].rfind('<').expect("an element");
    let element = &svg[start..start + svg[start..].find('>').expect("its end")];
    let value = element.split(&format!(" {attribute}=\"")).nth(1).expect("the attribute").split('"').next();
    value.expect("its value").parse().expect("a number")
}

#[test]
fn the_rows_of_a_heat_map_stand_at_their_labels() {
    let map = HeatMap {
        y_label: "decay".to_string(),
        columns: vec!["4".to_string(), "16".to_string()],
        rows: vec!["low".to_string(), "high".to_string()],
        label: "rank".to_string(),
        values: vec![vec![1.0, 1.0], vec![1.0, 5.0]],
        square: false,
    };
    let panel = Panel { map: Some(map), ..Panel::empty("rank".to_string()) };
    let drawing = Drawing { title: None, x_label: "width".to_string(), log_x: false, x_names: Vec::new(), panels: vec![panel] };
    let directory = tempfile::tempdir().expect("a scratch directory");
    let [svg, _] = draw(&drawing, directory.path(), "map").expect("drawn");
    let svg = std::fs::read_to_string(svg).expect("readable");
    let label = |text: &str| {
        let at = svg.find(&format!(">{text}<")).expect("the label");
        let element = &svg[svg[..at].rfind('<').expect("an element")..at];
        element.split(" y=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a place").parse::<f64>().expect("a number")
    };
    // Viridis ends in this yellow: the greatest value, in the row `high`.
    let greatest = place_of(&svg, "#fde725", "y");
    assert!(label("high") < label("low"), "labels rise");
    assert!((greatest - label("high")).abs() < (greatest - label("low")).abs());
}

/// A run of a sweep of one setting whose loss is measured at step 0 and, where it got there, at step 5.
fn run(value: experiment::SettingValue, losses: &[f64]) -> SweepCurves {
    let curve = Curve { seed: 0, steps: [0, 5][..losses.len()].to_vec(), columns: vec![losses.to_vec()], broke_off: None };
    SweepCurves { values: vec![value], curves: vec![curve] }
}

fn of_sweeps(plotted: Plotted, sweeps: &[(&str, Vec<SweepCurves>)]) -> Drawing {
    let plot = |(name, _): &(&str, Vec<SweepCurves>)| SweepPlot {
        sweep: (*name).to_string(),
        settings: vec!["setting".to_string()],
        probe: Probe::new(ProbeKind::Loss, "", SPAN),
        plotted,
        colour: None,
    };
    let sweeps_of = sweeps.iter().map(|(name, runs)| ((*name).to_string(), runs.clone())).collect();
    let evidence = Measured { sweeps: sweeps_of, ..Measured::default() };
    let figure = Figure { sweeps: sweeps.iter().map(plot).collect(), ..figure(Vec::new(), Vec::new()) };
    Drawing::from_record(&figure, &evidence).expect("measured")
}

#[test]
fn sweeps_of_one_panel_have_one_row_of_names_along_its_axis() {
    let text = |word: &str| experiment::SettingValue::Text(word.to_string());
    let drawing = of_sweeps(
        Plotted::Against { when: When::End, setting: 0, rows: None },
        &[
            ("A", vec![run(text("tanh"), &[0.0, 1.0]), run(text("relu"), &[0.0, 2.0])]),
            ("B", vec![run(text("relu"), &[0.0, 4.0]), run(text("sin"), &[0.0, 5.0]), run(text("tanh"), &[0.0, 3.0])]),
        ],
    );
    assert_eq!(drawing.x_names, ["tanh", "relu", "sin"]);
    let [panel] = &drawing.panels[..] else { panic!("one panel: {drawing:?}") };
    assert_eq!(panel.lines[0].points, [(0.0, 1.0), (1.0, 2.0)]);
    assert_eq!(panel.lines[1].points, [(0.0, 3.0), (1.0, 4.0), (2.0, 5.0)]);
    let labels: Vec<&str> = panel.lines.iter().filter_map(|line| line.label.as_deref()).collect();
    assert_eq!(labels, ["A", "B"]);
}

#[test]
fn no_two_lines_of_sweeps_of_one_panel_have_a_colour() {
    let runs = || [0.1, 0.2, 0.3].map(|rate| run(experiment::SettingValue::Number(rate), &[1.0, rate])).to_vec();
    let drawing = of_sweeps(Plotted::Steps, &[("A", runs()), ("B", runs()), ("C", runs())]);
    let colours: Vec<String> = drawing.panels[0].lines.iter().map(|line| super::colour::hex(line.tone)).collect();
    assert_eq!(colours.len(), 9);
    for (at, colour) in colours.iter().enumerate() {
        assert!(!colours[..at].contains(colour), "{colours:?}");
    }
}

#[test]
fn a_run_that_was_measured_once_is_a_dot() {
    let number = experiment::SettingValue::Number;
    let drawing = of_sweeps(Plotted::Steps, &[("A", vec![run(number(0.1), &[1.0, 2.0]), run(number(1e6), &[1.0])])]);
    assert_eq!(drawing.panels[0].lines.iter().map(|line| line.dots).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_network_and_its_reduction_are_two_lines_of_a_panel() {
    let plot = |kind| SweepPlot {
        sweep: "A".to_string(),
        settings: vec!["decay".to_string()],
        probe: Probe::new(kind, "", SPAN),
        plotted: Plotted::Against { when: When::End, setting: 0, rows: None },
        colour: None,
    };
    let runs = [0.1, 0.2].map(|decay| run(experiment::SettingValue::Number(decay), &[1.0, decay])).to_vec();
    let evidence = Measured { sweeps: [("A".to_string(), runs)].into(), ..Measured::default() };
    let of = |kinds: &[ProbeKind]| {
        let figure = Figure { sweeps: kinds.iter().map(|kind| plot(*kind)).collect(), ..figure(Vec::new(), Vec::new()) };
        let panels = Drawing::from_record(&figure, &evidence).expect("measured").panels;
        let labels = |panel: &Panel| panel.lines.iter().map(|line| line.label.clone()).collect::<Vec<_>>();
        panels.iter().map(|panel| (panel.y_label.clone(), labels(panel))).collect::<Vec<_>>()
    };
    let named = |words: &[&str]| words.iter().map(|word| Some((*word).to_string())).collect::<Vec<_>>();
    assert_eq!(of(&[ProbeKind::TestLoss, ProbeKind::ReducedTestLoss]), [("test loss".to_string(), named(&["whole", "reduced"]))]);
    assert_eq!(of(&[ProbeKind::TestLoss]), [("test loss".to_string(), vec![None])]);
}
