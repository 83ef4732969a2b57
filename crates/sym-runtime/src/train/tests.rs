//! Whole runs on tiny networks.

use super::*;
use crate::record::{Ending, Row};
use crate::{Progress, Silent, testing};
use std::sync::atomic::AtomicU64;
use sym_ir::experiment::{
    Course, DataSource, DecayKind, Distribution, Init, InitKind, Loss, Measure, Optimizer, Preparation, Probe, ProbeKind, Rule,
    Schedule,
};
use sym_ir::probes::SettingValue;

const STEPS: u64 = 40;

pub(super) fn probe(kind: ProbeKind, target: &str, threshold: f64) -> Probe {
    Probe::new(kind, target, testing::span()).with("threshold", SettingValue::Number(threshold))
}

pub(super) fn adam() -> Rule {
    Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
}

/// A student of 3-4-2 under a teacher of the same form.
pub(super) fn train(rule: Rule, learning_rate: f64, batch: Option<u64>) -> Train {
    Train {
        name: "Small".to_string(),
        model: "Mlp()".to_string(),
        program: testing::mlp(&[3, 4, 2]),
        edits: Vec::new(),
        data: "Waves".to_string(),
        loss: Loss::Mse,
        smoothing: 0.0,
        init: vec![Init { kind: InitKind::Xavier, targets: Vec::new(), span: testing::span() }],
        optimizer: Optimizer { rule, learning_rate, decay: 1e-3, decay_kind: DecayKind::Coupled, batch: None },
        schedule: Schedule::default(),
        clip: None,
        statistics: sym_ir::experiment::Statistics::default(),
        batch,
        steps: STEPS,
        seeds: vec![0, 1, 2],
        measures: vec![
            Measure {
                every: 4,
                probes: vec![
                    probe(ProbeKind::Loss, "", 0.0),
                    probe(ProbeKind::TestLoss, "", 0.0),
                    probe(ProbeKind::Delta, "fc1", 0.0),
                    probe(ProbeKind::Breakings, "fc1", 1.0),
                ],
            },
            Measure { every: 10, probes: vec![probe(ProbeKind::Rank, "fc1.weight", 0.01), probe(ProbeKind::Norm, "", 0.0)] },
        ],
        checkpoint: Some(7),
        stop: Vec::new(),
        keep: Vec::new(),
        span: testing::span(),
    }
}

pub(super) fn waves() -> Data {
    Data {
        name: "Waves".to_string(),
        source: DataSource::Teacher {
            program: Box::new(testing::mlp(&[3, 4, 2])),
            init: Init { kind: InitKind::Kaiming, targets: Vec::new(), span: testing::span() },
            scale: 2.0,
            count: 20,
            inputs: Distribution::Normal { mean: 0.0, std: 1.0 },
            rank: None,
            noise: 0.0,
        },
        preparation: Preparation::default(),
        fresh: false,
        split: Some((10, "test".to_string())),
        span: testing::span(),
    }
}

pub(super) fn environment(out: &Path) -> Environment<'_> {
    Environment {
        out,
        spec: "// spec\n",
        base: Path::new("."),
        backend: "cpu",
        dtype: "f64",
        threads: 1,
        resume: false,
        data: crate::data::Shared::default(),
    }
}

pub(super) fn run_in(out: &Path, train: &Train, change: impl FnOnce(&mut Environment<'_>), observer: &dyn Observer) -> Outcome {
    let mut environment = environment(out);
    change(&mut environment);
    run(train, &waves(), &sym_infer::infer(&train.program), &environment, observer)
}

/// Everything of one seed's record but wall time.
#[derive(Debug, PartialEq)]
pub(super) struct Content {
    seed: u64,
    /// Steps with the bits of all columns.
    rows: Vec<(u64, Vec<Option<u64>>)>,
    events: Vec<crate::probes::Event>,
    /// The file of final weights.
    pub(super) weights: Vec<u8>,
}

pub(super) fn content(record: &Record) -> Vec<Content> {
    let row = |row: &Row| (row.step, row.values.iter().map(|value| value.map(f64::to_bits)).collect());
    let content = |seed: &crate::record::SeedRecord| Content {
        seed: seed.seed,
        rows: seed.rows.iter().map(row).collect(),
        events: seed.events.clone(),
        weights: std::fs::read(record.weights_path(seed.seed)).expect("final weights"),
    };
    record.seeds.iter().map(content).collect()
}

pub(super) fn finished(outcome: Outcome) -> Record {
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    let record = outcome.record.expect("a record");
    assert!(record.summary.complete);
    record
}

#[test]
fn training_lowers_the_loss_and_records_what_was_asked_for() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let record = finished(run_in(directory.path(), &train(adam(), 0.02, None), |_| (), &Silent));
    let expected =
        ["loss", "test_loss", "delta(fc1)[0]", "delta(fc1)[1]", "delta(fc1)[2]", "breakings(fc1)", "rank(fc1.weight)", "norm"];
    assert_eq!(record.columns, expected);
    for seed in 0..3 {
        let loss = record.series(seed, "loss");
        assert_eq!(loss.iter().map(|(step, _)| *step).collect::<Vec<_>>(), (0..=10).map(|at| 4 * at).collect::<Vec<_>>());
        assert!(loss[10].1 < 0.8 * loss[0].1, "{loss:?}");
        assert_eq!(record.series(seed, "norm").iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 10, 20, 30, 40]);
        assert_eq!(record.summary.seeds[seed].last["loss"], loss[10].1);
        assert_eq!(
            record.series(seed, "breakings(fc1)").last().map(|(_, count)| *count as usize),
            Some(record.seeds[seed].events.iter().filter(|event| event.kind == crate::probes::Kind::Breaking).count())
        );
    }
    assert_eq!(record.summary.parameters, 3 * 4 + 4 + 4 * 2 + 2);
    assert_eq!(std::fs::read_to_string(record.directory.join("spec.sym")).expect("the spec"), "// spec\n");
}

#[test]
fn a_step_is_that_of_a_hand_written_loop() {
    is_that_of_a_hand_written_loop(Schedule::default(), None, |_| 1.0);
    // Three steps of warm-up, then a cosine over the 37 steps behind it; the first gradients are longer than 0.5.
    let schedule = Schedule { warmup: 3, course: Course::Cosine { to: 0.1 } };
    is_that_of_a_hand_written_loop(schedule, Some(0.5), |step| match step {
        0..3 => f64::from(step + 1) / 3.0,
        _ => 0.55 + 0.45 * (std::f64::consts::PI * f64::from(step - 3) / 37.0).cos(),
    });
}

/// One linear layer without hidden units: f(x) = Wx + b, mean squared error, gradient descent with coupled decay.
fn is_that_of_a_hand_written_loop(schedule: Schedule, clip: Option<f64>, factor: impl Fn(u32) -> f64) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut train = train(Rule::Sgd { momentum: 0.0, nesterov: false }, 0.1, None);
    train.program = testing::mlp(&[3, 2]);
    train.measures = Vec::new();
    train.seeds = vec![4];
    (train.schedule, train.clip) = (schedule, clip);
    let record = finished(run_in(directory.path(), &train, |_| (), &Silent));

    let examples = crate::data::load(&waves(), &train.program, Path::new(".")).expect("data").train;
    let crate::data::Targets::Numbers(targets) = &examples.targets else { panic!("a teacher gives numbers") };
    let start = crate::init::weights(&train.program, None, &train.init, &crate::init::Files::default(), 4, "init")
        .expect("initial values");
    let (mut weight, mut bias) = (start.values[0].clone(), start.values[1].clone());
    let mut cut = 0;
    for step in 0..STEPS as u32 {
        let (mut weight_slope, mut bias_slope) = (vec![0.0; 6], vec![0.0; 2]);
        for row in 0..20 {
            let input = examples.inputs[0].range(row, row + 1);
            for out in 0..2 {
                let answer: f64 = (0..3).map(|at| weight[3 * out + at] * input[at]).sum::<f64>() + bias[out];
                let slope = 2.0 * (answer - targets.values[2 * row + out]) / 40.0;
                for at in 0..3 {
                    weight_slope[3 * out + at] += slope * input[at];
                }
                bias_slope[out] += slope;
            }
        }
        let norm = weight_slope.iter().chain(&bias_slope).map(|slope| slope * slope).sum::<f64>().sqrt();
        let short = clip.map_or(1.0, |most| if norm > most { most / norm } else { 1.0 });
        cut += u32::from(short < 1.0);
        for (value, slope) in weight.iter_mut().zip(weight_slope).chain(bias.iter_mut().zip(bias_slope)) {
            *value -= 0.1 * factor(step) * (short * slope + 1e-3 * *value);
        }
    }
    assert_eq!(cut > 0, clip.is_some(), "{cut} gradients were too long");
    let found = sym_lower::load_safetensors(&record.weights_path(4), &train.program).expect("final weights");
    // Sums of twenty terms in another order, forty steps: rounding stays far below 1e-13.
    for (found, expected) in found.values[0].iter().chain(&found.values[1]).zip(weight.iter().chain(&bias)) {
        assert!((found - expected).abs() < 1e-13, "{found} is not {expected}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let train = train(adam(), 0.02, Some(6));
    let contents: Vec<_> = [1, 2, 3]
        .map(|threads| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            content(&finished(run_in(directory.path(), &train, |environment| environment.threads = threads, &Silent)))
        })
        .into();
    assert!(contents.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn sums_and_products_that_could_be_split_over_threads_have_the_same_bits() {
    // 2048 × 4 × 2048 multiplications lie above 192³ and 2048 × 2048 summands are 2²²: from there on the tensor library would use threads.
    let size = 2048;
    let mut train = train(Rule::Sgd { momentum: 0.0, nesterov: false }, 0.1, None);
    train.program = testing::mlp(&[4, size]);
    train.steps = 2;
    train.measures = vec![Measure { every: 1, probes: vec![probe(ProbeKind::Norm, "", 0.0)] }];
    let data = Data {
        name: "Large".to_string(),
        source: DataSource::Teacher {
            program: Box::new(testing::mlp(&[4, size])),
            init: Init { kind: InitKind::Kaiming, targets: Vec::new(), span: testing::span() },
            scale: 1.0,
            count: 2048,
            inputs: Distribution::Normal { mean: 0.0, std: 1.0 },
            rank: None,
            noise: 0.0,
        },
        preparation: Preparation::default(),
        fresh: false,
        split: None,
        span: testing::span(),
    };
    let symmetries = sym_infer::infer(&train.program);
    let contents: Vec<_> = [1, 2, 3]
        .map(|threads| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let environment = Environment { threads, dtype: "f32", ..environment(directory.path()) };
            content(&finished(run(&train, &data, &symmetries, &environment, &Silent)))
        })
        .into();
    assert!(contents.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Interrupts after that many steps of all seeds together.
pub(super) struct After(pub(super) AtomicU64);

impl Observer for After {
    fn progress(&self, _: &Progress<'_>) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[test]
fn an_interrupted_run_goes_on_bit_for_bit() {
    for (rule, dtype) in [(adam(), "f32"), (Rule::Sgd { momentum: 0.9, nesterov: true }, "f64")] {
        let mut train = train(rule, 0.02, Some(6));
        (train.schedule, train.clip) = (Schedule { warmup: 10, course: Course::Cosine { to: 0.0 } }, Some(0.3));
        let whole = tempfile::tempdir().expect("a temporary directory");
        let expected = content(&finished(run_in(whole.path(), &train, |environment| environment.dtype = dtype, &Silent)));
        for stop in [0, 1, 8, 57] {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let stopped = run_in(directory.path(), &train, |environment| environment.dtype = dtype, &After(AtomicU64::new(stop)));
            assert!(stopped.interrupted);
            assert_eq!(stopped.diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::E0609]);
            assert!(!stopped.record.expect("a record").summary.complete);
            let resume = |environment: &mut Environment<'_>| {
                environment.resume = true;
                environment.dtype = dtype;
            };
            assert_eq!(content(&finished(run_in(directory.path(), &train, resume, &Silent))), expected, "stopped after {stop}");
        }
    }
}

/// Copies a seed's directory aside whenever a step is done, as a process that is killed then would leave it.
pub(super) struct Snapshots {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

impl Observer for Snapshots {
    fn progress(&self, progress: &Progress<'_>) {
        copy(&self.from, &self.to.join(progress.step.to_string()));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

#[test]
fn a_killed_run_goes_on_bit_for_bit() {
    let mut train = train(adam(), 0.02, Some(6));
    train.seeds = vec![3];
    let whole = tempfile::tempdir().expect("a temporary directory");
    let copies = tempfile::tempdir().expect("a temporary directory");
    let snapshots = Snapshots { from: whole.path().to_path_buf(), to: copies.path().to_path_buf() };
    let expected = content(&finished(run_in(whole.path(), &train, |_| (), &snapshots)));
    for step in [1, 7, 8, 22, 40] {
        let left = copies.path().join(step.to_string());
        // What a process that is killed while it writes the next checkpoint leaves besides.
        let seed = left.join("Small/seed-3");
        std::fs::write(seed.join("part-00000009.parquet"), b"half").expect("written");
        std::fs::write(seed.join("checkpoint.json.part"), b"{").expect("written");
        let resumed = finished(run_in(&left, &train, |environment| environment.resume = true, &Silent));
        assert_eq!(content(&resumed), expected, "killed after step {step}");
        assert!(!seed.join("part-00000009.parquet").exists());
    }
}

#[test]
fn resuming_a_finished_run_changes_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let train = train(adam(), 0.02, None);
    let first = content(&finished(run_in(directory.path(), &train, |_| (), &Silent)));
    assert_eq!(content(&finished(run_in(directory.path(), &train, |environment| environment.resume = true, &Silent))), first);
}

#[test]
fn a_small_network_learns_to_read_digits() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let digits = Data {
        name: "Digits".to_string(),
        source: DataSource::Digits,
        preparation: Preparation::default(),
        fresh: false,
        split: Some((360, "test".to_string())),
        span: testing::span(),
    };
    let mut train = train(adam(), 1e-2, Some(64));
    train.program = testing::mlp(&[64, 16, 10]);
    train.data = "Digits".to_string();
    train.loss = Loss::CrossEntropy;
    train.steps = 200;
    train.seeds = vec![0];
    train.measures =
        vec![Measure { every: 100, probes: vec![probe(ProbeKind::Accuracy, "", 0.0), probe(ProbeKind::TestAccuracy, "", 0.0)] }];
    let mut environment = environment(directory.path());
    environment.dtype = "f32";
    let record = finished(run(&train, &digits, &sym_infer::infer(&train.program), &environment, &Silent));
    let accuracy = record.series(0, "test_accuracy");
    assert_eq!(accuracy.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 100, 200]);
    assert!(accuracy[0].1 < 0.3, "{accuracy:?}");
    assert!(accuracy[2].1 > 0.9, "{accuracy:?}");
}

fn codes(outcome: &Outcome) -> Vec<Code> {
    outcome.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn a_damaged_checkpoint_is_refused_whatever_is_damaged() {
    let train = train(adam(), 0.02, None);
    for (name, change) in [
        ("settings.json", "flip"),
        ("settings.json", "cut"),
        ("settings.json", "remove"),
        ("seed-0/checkpoint.json", "flip"),
        ("seed-0/checkpoint.json", "cut"),
        ("seed-0/part-00000000.parquet", "flip"),
        ("seed-0/part-00000000.parquet", "remove"),
        ("seed-0/checkpoint-000000000020.safetensors", "flip"),
        ("seed-0/checkpoint-000000000020.safetensors", "remove"),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        run_in(directory.path(), &train, |_| (), &After(AtomicU64::new(20)));
        damage(&directory.path().join("Small").join(name), change);
        let outcome = run_in(directory.path(), &train, |environment| environment.resume = true, &Silent);
        assert_eq!(codes(&outcome), [Code::E0604], "{name} {change}");
    }
}

/// Changes one bit in the middle of a file, removes its second half or removes it.
fn damage(path: &Path, change: &str) {
    let mut bytes = std::fs::read(path).expect("the file");
    match change {
        "flip" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).expect("written");
        }
        "cut" => std::fs::write(path, &bytes[..bytes.len() / 2]).expect("written"),
        _ => std::fs::remove_file(path).expect("removed"),
    }
}

#[test]
fn what_the_checkpoints_determine_is_written_again_where_it_is_damaged_or_missing() {
    for dtype in ["f64", "f32"] {
        let train = train(adam(), 0.02, None);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let resume = |environment: &mut Environment<'_>| {
            environment.resume = true;
            environment.dtype = dtype;
        };
        let record = finished(run_in(directory.path(), &train, |environment| environment.dtype = dtype, &Silent));
        for name in ["spec.sym", "measurements.parquet", "events.json", "summary.json", "seed-1/weights.safetensors"] {
            let path = record.directory.join(name);
            let whole = std::fs::read(&path).expect("the file");
            for change in ["flip", "cut", "remove"] {
                damage(&path, change);
                finished(run_in(directory.path(), &train, resume, &Silent));
                assert_eq!(std::fs::read(&path).expect("the file"), whole, "{dtype} {name} {change}");
            }
        }
    }
}

#[test]
fn parts_of_a_record_without_its_settings_are_not_gone_on_with_nor_written_over() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut train = train(adam(), 0.02, None);
    run_in(directory.path(), &train, |_| (), &Silent);
    let settings = directory.path().join("Small/settings.json");
    std::fs::remove_file(&settings).expect("removed");
    train.steps = 50;
    assert_eq!(codes(&run_in(directory.path(), &train, |environment| environment.resume = true, &Silent)), [Code::E0604]);
    assert_eq!(codes(&run_in(directory.path(), &train, |_| (), &Silent)), [Code::E0603]);
    assert!(!settings.exists());
}

#[test]
fn a_seed_that_says_finished_before_the_last_step_is_damaged() {
    let [short, long] = [40, 50].map(|steps| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut train = train(adam(), 0.02, None);
        train.steps = steps;
        run_in(directory.path(), &train, |_| (), &Silent);
        (directory, train)
    });
    // The states of a run of 40 steps under the settings of one of 50.
    let seed = long.0.path().join("Small/seed-0");
    std::fs::remove_dir_all(&seed).expect("removed");
    copy(&short.0.path().join("Small/seed-0"), &seed);
    let outcome = run_in(long.0.path(), &long.1, |environment| environment.resume = true, &Silent);
    assert_eq!(codes(&outcome), [Code::E0604]);
    assert!(outcome.diagnostics[0].message.ends_with("it says finished at step 40 of 50"), "{}", outcome.diagnostics[0].message);
}

#[test]
fn a_record_of_other_settings_is_refused_with_what_differs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    run_in(directory.path(), &train(adam(), 0.02, None), |_| (), &Silent);
    let mut other = train(adam(), 0.02, None);
    other.steps = 50;
    let outcome = run_in(directory.path(), &other, |environment| environment.resume = true, &Silent);
    assert_eq!(codes(&outcome), [Code::E0605]);
    assert_eq!(outcome.diagnostics[0].found.as_deref(), Some("`steps` = 50"));
    assert_eq!(outcome.diagnostics[0].expected.as_deref(), Some("`steps` = 40, as recorded"));
}

#[test]
fn a_record_is_not_overwritten() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let train = train(adam(), 0.02, None);
    run_in(directory.path(), &train, |_| (), &Silent);
    assert_eq!(codes(&run_in(directory.path(), &train, |_| (), &Silent)), [Code::E0603]);
}

#[test]
fn a_record_has_one_writer() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let train = train(adam(), 0.02, None);
    run_in(directory.path(), &train, |_| (), &Silent);
    let lock = std::fs::File::open(directory.path().join("Small/lock")).expect("the lock's file");
    lock.lock().expect("locked");
    assert_eq!(codes(&run_in(directory.path(), &train, |environment| environment.resume = true, &Silent)), [Code::E0608]);
    lock.unlock().expect("unlocked");
    assert_eq!(codes(&run_in(directory.path(), &train, |environment| environment.resume = true, &Silent)), []);
}

#[test]
fn a_directory_below_a_file_cannot_be_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("file");
    std::fs::write(&file, b"").expect("written");
    let outcome = run_in(&file.join("out"), &train(adam(), 0.02, None), |_| (), &Silent);
    assert_eq!(codes(&outcome), [Code::E0603]);
}

#[test]
fn a_diverging_seed_stops_with_what_was_first_not_finite() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut diverging = train(Rule::Sgd { momentum: 0.0, nesterov: false }, 1e200, None);
    diverging.seeds = vec![0];
    let outcome = run_in(directory.path(), &diverging, |_| (), &Silent);
    assert_eq!(codes(&outcome), [Code::E0606]);
    let record = outcome.record.expect("a record");
    assert!(record.summary.complete);
    let ending = &record.summary.seeds[0].ending;
    assert!(matches!(ending, Ending::NotANumber { .. }), "{ending:?}");
    assert!(outcome.diagnostics[0].message.starts_with("`Small` with seed 0 reached a value that is not finite at step "));
    let resumed = run_in(directory.path(), &diverging, |environment| environment.resume = true, &Silent);
    assert_eq!(codes(&resumed), [Code::E0606]);
}

#[test]
fn a_loss_that_overflows_names_the_output_that_it_is_of() {
    // After one step the weights are of the order of the learning rate: the output is finite in single precision, its square is not.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut diverging = train(Rule::Sgd { momentum: 0.0, nesterov: false }, 1e30, None);
    diverging.program = testing::mlp(&[3, 2]);
    diverging.measures = Vec::new();
    diverging.seeds = vec![0];
    let outcome = run_in(directory.path(), &diverging, |environment| environment.dtype = "f32", &Silent);
    assert_eq!(codes(&outcome), [Code::E0606]);
    let Ending::NotANumber { what } = &outcome.record.expect("a record").summary.seeds[0].ending else { panic!("not finite") };
    let output = &diverging.program.node(diverging.program.outputs[0].value).name;
    assert!(what.starts_with(&format!("loss of the output `{output}`")) && what.contains("(up to "), "{what}");
}

#[test]
fn data_that_do_not_fit_the_loss_are_said_before_the_first_step() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut wrong = train(adam(), 0.02, None);
    wrong.loss = Loss::CrossEntropy;
    assert_eq!(codes(&run_in(directory.path(), &wrong, |_| (), &Silent)), [Code::E0211]);
    let mut wide = train(adam(), 0.02, Some(21));
    assert_eq!(codes(&run_in(directory.path(), &wide, |_| (), &Silent)), [Code::E0223]);
    wide.program = testing::mlp(&[4, 2]);
    assert_eq!(codes(&run_in(directory.path(), &wide, |_| (), &Silent)), [Code::E0203]);
    let mut unknown = train(adam(), 0.02, None);
    unknown.measures[0].probes = vec![probe(ProbeKind::Delta, "fc3", 0.0), probe(ProbeKind::Accuracy, "", 0.0)];
    assert_eq!(codes(&run_in(directory.path(), &unknown, |_| (), &Silent)), [Code::E0221, Code::E0211]);
}
