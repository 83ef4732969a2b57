//! Probes in whole runs.

use super::tests::{content, environment, finished};
use super::*;
use crate::{Silent, testing};
use sym_ir::experiment::{
    DataSource, DecayKind, Init, InitKind, Loss, Measure, Optimizer, Preparation, Probe, ProbeKind, Rule, Schedule, Train,
};
use sym_ir::probes::{Looks, PROBES, SettingValue};
use sym_ir::{Builder, Builtin, Program};

/// Digits through eight rectified units and as many linear ones.
fn program() -> Program {
    let mut builder = Builder::new("Net");
    let x = builder.input("x", &[64]);
    let hidden = builder.linear("fc1", x, 8, true);
    let active = builder.map(Builtin::Relu, hidden);
    let mixed = builder.linear("mid", active, 8, false);
    let y = builder.linear("fc2", mixed, 10, true);
    builder.output("output", y);
    builder.finish()
}

/// Every probe there is, with what it has to look at.
fn every_probe() -> Vec<Probe> {
    let probe = |kind: ProbeKind| {
        let target = match kind.declaration().looks {
            Looks::Model | Looks::Parameters => "",
            Looks::Units if matches!(kind, ProbeKind::JointEnergies | ProbeKind::ProductSpectrum | ProbeKind::ProductRank) => {
                "mid"
            }
            Looks::Units | Looks::Values => "fc1",
            Looks::Matrices => "fc1.weight",
        };
        let named = |name: &str| SettingValue::Name(name.to_string());
        let own = Probe::new(kind, target, testing::span());
        let threshold = own.number("threshold").unwrap_or(0.1);
        own.with("threshold", SettingValue::Number(threshold))
            .with("with", named("fc2"))
            .with("classifier", named("fc2.weight"))
            .with("examples", SettingValue::Number(24.0))
            .with("draws", SettingValue::Number(5.0))
            .with("burn_in", SettingValue::Number(2.0))
    };
    PROBES.iter().map(|declared| probe(declared.kind)).collect()
}

fn train(probes: Vec<Probe>) -> Train {
    Train {
        name: "Digits".to_string(),
        model: "Net()".to_string(),
        program: program(),
        edits: Vec::new(),
        data: "Digits".to_string(),
        loss: Loss::CrossEntropy,
        smoothing: 0.0,
        init: vec![Init { kind: InitKind::Kaiming, targets: Vec::new(), span: testing::span() }],
        optimizer: Optimizer {
            rule: Rule::Sgd { momentum: 0.9, nesterov: false },
            learning_rate: 0.05,
            decay: 0.0,
            decay_kind: DecayKind::Coupled,
            batch: None,
        },
        schedule: Schedule::default(),
        clip: None,
        statistics: sym_ir::experiment::Statistics::default(),
        batch: Some(32),
        steps: 12,
        seeds: vec![0],
        measures: vec![Measure { every: 4, probes }],
        checkpoint: Some(6),
        stop: Vec::new(),
        keep: Vec::new(),
        span: testing::span(),
    }
}

fn run_in(out: &Path, train: &Train, resume: bool, observer: &dyn Observer) -> Outcome {
    let data = Data {
        name: "Digits".to_string(),
        source: DataSource::Digits,
        preparation: Preparation::default(),
        fresh: false,
        split: Some((100, "test".to_string())),
        span: testing::span(),
    };
    let environment = Environment { dtype: "f32", resume, ..environment(out) };
    run(train, &data, &sym_infer::infer(&train.program), &environment, observer)
}

#[test]
fn every_probe_has_a_value_and_changes_no_bit_of_training() {
    let directories = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
    let with = finished(run_in(directories[0].path(), &train(every_probe()), false, &Silent));
    let without = finished(run_in(directories[1].path(), &train(Vec::new()), false, &Silent));
    assert_eq!(content(&with)[0].weights, content(&without)[0].weights);
    for column in &with.columns {
        let curve = with.series(0, column);
        let steps: Vec<u64> = curve.iter().map(|(step, _)| *step).collect();
        if column == "noise_scale" {
            // Of few examples the estimate of |G|² may be negative, and then there is none.
            assert!(!steps.is_empty() && steps.iter().all(|step| [0, 4, 8, 12].contains(step)), "{column}: {steps:?}");
        } else {
            assert_eq!(steps, [0, 4, 8, 12], "{column}");
        }
        assert!(curve.iter().all(|(_, value)| value.is_finite()), "{column}: {curve:?}");
    }
    let last = |column: &str| with.series(0, column).last().map_or(f64::NAN, |(_, value)| *value);
    // What is zero or equal by its definition.
    assert_eq!(with.series(0, "drift(fc1)")[0].1, 0.0);
    assert_eq!(with.series(0, "barrier")[0].1, 0.0);
    assert!((last("hessian_top[0]") / last("sharpness") - 1.0).abs() < 1e-2);
    assert!(last("hessian_top[0]") >= last("hessian_top[1]"));
    assert!(last("feature_rank(fc1)") <= 8.0 && last("feature_effective_rank(fc1)") <= 8.0);
    assert_eq!(last("ndos(fc1)") + last("ndosb(fc1)"), 7.0);
}

#[test]
fn random_measurements_and_events_are_the_same_after_a_resumption() {
    struct At(u64, std::sync::atomic::AtomicBool);
    impl Observer for At {
        fn progress(&self, progress: &crate::Progress<'_>) {
            self.1.store(progress.step == self.0, std::sync::atomic::Ordering::Relaxed);
        }

        fn interrupted(&self) -> bool {
            self.1.load(std::sync::atomic::Ordering::Relaxed)
        }
    }
    let train = train(every_probe());
    let whole = tempfile::tempdir().expect("a temporary directory");
    let expected = content(&finished(run_in(whole.path(), &train, false, &Silent)));
    for step in [3, 7] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        assert!(run_in(directory.path(), &train, false, &At(step, false.into())).interrupted);
        assert_eq!(content(&finished(run_in(directory.path(), &train, true, &Silent))), expected, "stopped at {step}");
    }
}

#[test]
fn what_a_model_or_its_data_do_not_have_is_said_before_the_first_step() {
    let probe = |kind: ProbeKind, target: &str| Probe::new(kind, target, testing::span());
    let many = probe(ProbeKind::NtkRank, "").with("examples", SettingValue::Number(1e9));
    let wrong = [
        (probe(ProbeKind::Delta, "fc1").with("group", SettingValue::Name("rotation".to_string())), Code::E0211),
        (probe(ProbeKind::FeatureRank, "fc3"), Code::E0221),
        (probe(ProbeKind::Imbalance, "fc9"), Code::E0221),
        (many, Code::E0207),
    ];
    for (probe, code) in wrong {
        let mut train = train(vec![probe.clone()]);
        if code == Code::E0207 {
            // Every example has ten outputs, each with a derivative in nearly 100,000 parameters.
            let mut builder = Builder::new("Wide");
            let x = builder.input("x", &[64]);
            let hidden = builder.linear("fc1", x, 1300, true);
            let active = builder.map(Builtin::Relu, hidden);
            let y = builder.linear("fc2", active, 10, true);
            builder.output("output", y);
            train.program = builder.finish();
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let codes: Vec<Code> =
            run_in(directory.path(), &train, false, &Silent).diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code], "{probe:?}");
    }
}
