//! What `data`, `train`, `theorem`, `figure`, `expect` and `assume` items mean, one behaviour a file: the typed items of `ok`, the
//! diagnostics of `fail`.

use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Sources};
use sym_ir::experiment::{Claim, Document, Figure, LogarithmicOf, Preparation, Probe, Quantity, Schedule, Statistics, Train};
use sym_ir::{Loader, Options};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` is not there"))
    }
}

fn compile(text: &str, options: &Options) -> (Sources, Document) {
    let mut sources = Sources::default();
    let root = sources.add("test.sym", text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, options);
    (sources, document)
}

fn diagnostic(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(label) = &diagnostic.primary {
        let file = sources.file(label.span.file);
        let (from, to) = (file.position(label.span.start), file.position(label.span.end));
        let name = if file.name == "test.sym" { String::new() } else { format!("{}:", file.name) };
        let _ = write!(text, "{name}{}:{}-{}:{} ", from.line, from.column, to.line, to.column);
    }
    let _ = write!(text, "{} {}", diagnostic.code, diagnostic.message);
    for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
        if let Some(part) = part {
            let _ = write!(text, "\n    {word}: {part}");
        }
    }
    text
}

fn diagnostics(sources: &Sources, document: &Document) -> String {
    document.diagnostics.iter().map(|one| diagnostic(sources, one)).collect::<Vec<_>>().join("\n")
}

fn probe(probe: &Probe) -> String {
    probe.column_with_settings()
}

fn train(train: &Train) -> String {
    let mut text = format!("train {} = {} on {}, {:?}\n", train.name, train.model, train.data, train.loss);
    if train.smoothing > 0.0 {
        let _ = writeln!(text, "    smoothing {}", train.smoothing);
    }
    for init in &train.init {
        let _ = writeln!(text, "    init {:?} of {:?}", init.kind, init.targets);
    }
    let _ = writeln!(text, "    optim {:?}", train.optimizer);
    if train.schedule != Schedule::default() || train.clip.is_some() {
        let _ = writeln!(text, "    {:?}, clip {:?}", train.schedule, train.clip);
    }
    if train.statistics != Statistics::default() {
        let _ = writeln!(text, "    statistics {:?}", train.statistics);
    }
    let _ = writeln!(
        text,
        "    batch {:?}, steps {}, seeds {:?}, checkpoint {:?}",
        train.batch, train.steps, train.seeds, train.checkpoint
    );
    for stop in &train.stop {
        let _ = writeln!(text, "    stop {stop}");
    }
    for keep in &train.keep {
        let _ = writeln!(text, "    keep {keep}");
    }
    for measure in &train.measures {
        let probes: Vec<String> = measure.probes.iter().map(probe).collect();
        let _ = writeln!(text, "    every {}: {}", measure.every, probes.join("; "));
    }
    text
}

fn quantity(side: &Quantity) -> String {
    match side {
        Quantity::Measured { train, probe: measured, when } => format!("{train}.{} at {when:?}", probe(measured)),
        Quantity::DropRatio { train, loss, breaking, window } => {
            format!("drop_ratio of {train}.{} at {} within {window}", probe(loss), probe(breaking))
        }
        Quantity::Binary(operator, left, right) => format!("{operator:?}({}, {})", quantity(left), quantity(right)),
        other => format!("{other:?}"),
    }
}

fn claim(word: &str, claim: &Claim) -> String {
    format!("{word} {}\n    {} {:?} {}\n", claim.text, quantity(&claim.left), claim.comparison, quantity(&claim.right))
}

fn figure(figure: &Figure) -> String {
    let of_seed = |seed: Option<u64>| seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
    let series = |all: &[sym_ir::experiment::Series]| {
        let one = |one: &sym_ir::experiment::Series| format!("{}.{}{}", one.train, probe(&one.probe), of_seed(one.seed));
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let sweeps: Vec<String> = figure
        .sweeps
        .iter()
        .map(|plot| format!("{}.{} {:?} colour {:?}", plot.sweep, probe(&plot.probe), plot.plotted, plot.colour))
        .collect();
    let profiles: Vec<String> = figure
        .profiles
        .iter()
        .map(|one| {
            let probes: Vec<String> = one.probes.iter().map(probe).collect();
            let seed = of_seed(one.seed);
            format!("{} of {} at {:?} across {:?}{seed}", probes.join(" | "), one.train, one.when, one.across)
        })
        .collect();
    let ways: Vec<String> = figure.ways.iter().map(|way| format!("{way:?}")).collect();
    let kinds = [sweeps.join("; "), profiles.join("; "), ways.join("; "), series(&figure.series)];
    let drawn = kinds.into_iter().filter(|kind| !kind.is_empty()).collect::<Vec<_>>().join("; ");
    let x = figure.log_x.then_some("x");
    let log: Vec<&str> = match &figure.log_y {
        LogarithmicOf::All => x.into_iter().chain(["y"]).collect(),
        LogarithmicOf::Quantities(kinds) => x.into_iter().chain(kinds.iter().map(|kind| kind.name())).collect(),
    };
    let (marks, log) = (series(&figure.marks), log.join(", "));
    format!("figure {} over {}: {drawn}\n    marks {marks}\n    log {log}\n", figure.name, figure.over)
}

/// Everything typed, without programs and spans.
fn summary(document: &Document) -> String {
    let mut text = String::new();
    for data in document.data.values() {
        let source = match &data.source {
            sym_ir::experiment::DataSource::Teacher { program, init, scale, count, inputs, rank, noise } => {
                format!(
                    "teacher {} {:?} scale {scale} n {count} x {inputs:?} rank {rank:?} noise {noise}",
                    program.name, init.kind
                )
            }
            sym_ir::experiment::DataSource::File(file) => format!("{:?} at {}", file.format, file.path),
            other => format!("{other:?}"),
        };
        let prepared = &data.preparation;
        let prepared = if *prepared == Preparation::default() { String::new() } else { format!(", {prepared:?}") };
        let prepared = if data.fresh { format!("{prepared}, fresh") } else { prepared };
        let _ = writeln!(text, "data {} = {source}{prepared}, split {:?}", data.name, data.split);
    }
    for one in document.trains.values() {
        text += &train(one);
    }
    for one in document.measurements.values() {
        let names = one.names.as_ref().map(|(name, _)| name);
        let _ = writeln!(
            text,
            "measure {} on {} from {} names {names:?}, data {:?}, {} gauges",
            one.name, one.model, one.path, one.data, one.gauges
        );
        let probes: Vec<String> = one.probes.iter().map(probe).collect();
        let _ = writeln!(text, "    {}", probes.join("; "));
    }
    for one in document.theorems.values() {
        let _ = writeln!(text, "theorem {} on {}, {:?}, data {:?}", one.name, one.model, one.loss, one.data);
        for clause in &one.state {
            let _ = writeln!(text, "    state {:?} {} {:?}", clause.verb, clause.target, clause.units);
        }
        for optimizer in &one.optimizers {
            let _ = writeln!(text, "    optim {optimizer:?}");
        }
        let _ = writeln!(
            text,
            "    steps {}, seed {}, projected {}, again {:?}, divergence below {:e}, least squares {:?}",
            one.steps, one.seed, one.projected, one.reproject, one.tolerance, one.least_squares
        );
    }
    for sweep in document.sweeps.values() {
        let _ = writeln!(text, "sweep {} = {} runs of {}", sweep.name, sweep.runs.len(), sweep.train);
        for run in &sweep.runs {
            let one = &run.train;
            let noise = match &run.data.source {
                sym_ir::experiment::DataSource::Teacher { noise, count, .. } => format!("{count} examples with noise {noise}"),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "    {}: {} entries, lr {}, decay {}, steps {}, {noise}",
                sweep.label(run),
                one.program.trainable_entries().unwrap_or_default(),
                one.optimizer.learning_rate,
                one.optimizer.decay,
                one.steps
            );
        }
    }
    for one in &document.figures {
        text += &figure(one);
    }
    for one in &document.expectations {
        text += &claim("expect", one);
    }
    for one in &document.assumptions {
        text += &claim("assume", one);
    }
    text
}

#[test]
fn sound_items_have_their_typed_form() {
    insta::glob!("experiments/ok/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("a readable fixture");
        let (sources, document) = compile(&text, &Options::default());
        assert_eq!(diagnostics(&sources, &document), "", "in {}", path.display());
        insta::assert_snapshot!(summary(&document));
    });
}

#[test]
fn each_mistake_has_one_diagnostic() {
    insta::glob!("experiments/fail/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("a readable fixture");
        let (sources, document) = compile(&text, &Options::default());
        insta::assert_snapshot!(diagnostics(&sources, &document));
    });
}

const SADDLE: &str = include_str!("experiments/ok/saddle.sym");

fn saddle_with(options: &Options) -> Train {
    let (sources, mut document) = compile(SADDLE, options);
    assert_eq!(diagnostics(&sources, &document), "");
    document.trains.swap_remove("Saddle").expect("the run is sound")
}

fn set(path: &str, value: &str) -> Vec<(String, String)> {
    vec![(path.to_string(), value.to_string())]
}

/// One file beside the root.
struct Beside(&'static str);

impl Loader for Beside {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Ok((path.to_string(), self.0.to_string()))
    }
}

#[test]
fn models_and_data_of_a_used_file_can_be_trained_and_its_runs_are_not() {
    let mut sources = Sources::default();
    let text = "use \"common.sym\"\ntrain Here = Net() { data Waves loss mse optim gd(lr: 0.1) steps 10 }";
    let root = sources.add("test.sym", text);
    let mut beside = Beside(include_str!("experiments/ok/defaults_are_filled_in.sym"));
    let document = sym_ir::compile(&mut sources, root, &mut beside, &Options::default());
    assert_eq!(diagnostics(&sources, &document), "");
    assert_eq!(document.trains.keys().collect::<Vec<_>>(), ["Here"]);
}

#[test]
fn a_profile_replaces_the_fields_that_it_names() {
    let quick = saddle_with(&Options { profile: Some("quick".to_string()), set: Vec::new(), rewrite: None });
    assert_eq!((quick.steps, quick.seeds), (2_000, vec![0, 1]));
    let full = saddle_with(&Options::default());
    assert_eq!((full.steps, full.seeds.len()), (50_000, 5));
    assert_eq!(quick.measures, full.measures);
}

#[test]
fn the_command_line_replaces_fields_also_of_a_profile() {
    let train = saddle_with(&Options { profile: Some("quick".to_string()), set: set("Saddle.steps", "1_0"), rewrite: None });
    assert_eq!((train.steps, train.seeds), (10, vec![0, 1]));
    let train = saddle_with(&Options { profile: None, set: set("Saddle.optim.lr", "0.25"), rewrite: None });
    assert_eq!(train.optimizer.learning_rate, 0.25);
    let train = saddle_with(&Options { profile: None, set: set("Saddle.optim", "adam(lr: 1e-3)"), rewrite: None });
    assert_eq!(train.optimizer.learning_rate, 1e-3);
}

#[test]
fn a_sweep_sets_arguments_of_the_model_that_the_command_line_puts_in_place() {
    let text = "model A(width: int = 2) { input x[3] output linear(linear(x, width, name: \"a\"), 1, name: \"b\") }
        model B(width: int = 2) { input x[3] output linear(tanh(linear(x, width, name: \"a\")), 1, name: \"b\") }
        data D = teacher(A, n: 8)
        train T = A { data D  loss mse  optim gd(lr: 0.1)  steps 2 }
        sweep S = train T over { width: [2, 5] }";
    let (_, document) = compile(text, &Options { profile: None, set: set("T.on", "B(width: 7)"), rewrite: None });
    let entries: Vec<_> = document.sweeps["S"].runs.iter().map(|run| run.train.program.trainable_entries()).collect();
    // Of width w: 3w + w + w + 1.
    assert_eq!(entries, [Some(11), Some(26)]);
}

#[test]
fn what_the_command_line_gets_wrong_is_said_with_the_names_there_are() {
    let wrong = [
        ("Saddel.steps", "10"),
        ("Saddle.stepz", "10"),
        ("Saddle.steps", "ten"),
        ("Saddle.steps", "10 loss mse"),
        ("Saddle.steps", "}"),
        ("Saddle", "10"),
        ("Saddle.optim.rate", "0.1"),
        ("Saddle.optim.lr", "0.1, 0.2"),
        ("Saddle.optm.lr", "0.1"),
        ("Saddle.steps.lr", "0.1"),
        ("Saddle.optim.", "0.1"),
    ];
    let mut text = String::new();
    for (path, value) in wrong {
        let (sources, document) = compile(SADDLE, &Options { profile: None, set: set(path, value), rewrite: None });
        let _ = writeln!(text, "--set {path}={value}\n{}", diagnostics(&sources, &document));
    }
    let (sources, document) = compile(SADDLE, &Options { profile: Some("quik".to_string()), set: Vec::new(), rewrite: None });
    let _ = writeln!(text, "--profile quik\n{}", diagnostics(&sources, &document));
    insta::assert_snapshot!(text);
}
