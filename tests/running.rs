//! `symc run` as a process: records, folders, settings of the command line, and what is refused before anything trains.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use support::{scratch, symc, with_file};

const TRAIN: &str = "model Mlp(width: int = 4) {
    input x[64]
    h = tanh(linear(x, width, name: \"fc1\"))
    output linear(h, 10, name: \"head\")
}
data Digits = digits() split 360 as test
train Fit = Mlp() {
    data Digits
    loss cross_entropy
    optim adam(lr: 1e-2)
    batch 64
    steps 20
    every 10 measure { loss; delta(fc1); ndosb(fc1, threshold: 0.1) }
}
theorem Reduction on Mlp(width: 4) { state merge fc1 into 2 optim gd(lr: 0.05) steps 20 expect divergence < 1e-9 }
figure \"loss\" { plot Fit.loss over step }
expect Fit.loss at end < 10
";

#[test]
fn a_file_is_executed_whole() {
    let directory = scratch(TRAIN);
    let ended = symc(directory.path(), &["run", "example.sym", "--format", "json"]);
    assert_eq!((ended.code, ended.codes().len()), (0, 0), "{}{}", ended.stdout, ended.stderr);
    let report = ended.json();
    assert_eq!((&report["record"], &report["runs"][0]["seeds"][0]["steps"]), (&"runs/example".into(), &20.into()));
    assert_eq!((&report["theorems"][0]["holds"], &report["expectations"][0]["outcome"]), (&true.into(), &"holds".into()));
    assert_eq!(report["models"][0]["spaces"][0]["status"], "verified");
    for file in ["Fit/measurements.parquet", "Fit/summary.json", "Fit/spec.sym", "loss.svg", "loss.png"] {
        assert!(directory.path().join("runs/example").join(file).is_file(), "{file}");
    }
}

#[test]
fn a_second_run_leaves_the_first_record_alone() {
    let directory = scratch(TRAIN);
    let record = || symc(directory.path(), &["run", "example.sym", "--format", "json"]).json()["record"].clone();
    assert_eq!([record(), record()], ["runs/example", "runs/example-2"]);
}

#[test]
fn a_finished_record_is_resumed_as_it_is() {
    let directory = scratch(TRAIN);
    let weights = || std::fs::read(directory.path().join("out/Fit/seed-0/weights.safetensors")).expect("weights");
    assert_eq!(symc(directory.path(), &["run", "example.sym", "--out", "out"]).code, 0);
    let first = weights();
    assert_eq!(symc(directory.path(), &["run", "example.sym", "--resume", "out"]).code, 0);
    assert_eq!(weights(), first);
}

#[test]
fn there_is_nothing_to_resume_in_a_directory_that_is_not_there() {
    let directory = scratch(TRAIN);
    let ended = symc(directory.path(), &["run", "example.sym", "--resume", "typo", "--format", "json"]);
    assert_eq!((ended.code, ended.codes()), (1, vec!["E0604".to_string()]));
    assert!(!directory.path().join("typo").exists());
}

#[test]
fn a_folder_is_executed_whole_and_gone_on_with() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let folder = directory.path().join("specs");
    std::fs::create_dir(&folder).expect("writable");
    assert_eq!(symc(directory.path(), &["run", "specs"]).code, 2, "nothing to execute");
    std::fs::write(folder.join("a.sym"), "model A {").expect("writable");
    std::fs::write(folder.join("b.sym"), "model B { input x[3] output linear(x, 2, name: \"fc\") }\nexpect dims(B) == 8\n")
        .expect("writable");
    let ended = symc(directory.path(), &["run", "specs", "--out", "records", "--format", "short"]);
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("E0102") && ended.stdout.contains("b.sym: holds: dims(B) == 8"),
        "{}{}",
        ended.stderr,
        ended.stdout
    );
    let ended = symc(directory.path(), &["run", "specs", "--resume", "recrods", "--format", "short"]);
    assert!(ended.stderr.contains("E0604") && !directory.path().join("recrods").exists(), "{}", ended.stderr);
    assert_eq!(symc(directory.path(), &["run", "specs", "--profile", "quick"]).code, 2, "no file has it");
}

#[test]
fn a_failed_expectation_hides_nothing_else() {
    let text = TRAIN.replace("at end < 10", "at end < 0");
    let ended = with_file(text, &["run", "example.sym", "--format", "json"]);
    assert_eq!((ended.code, ended.codes()), (1, vec!["E0301".to_string()]));
    assert_eq!(ended.json()["theorems"][0]["holds"], true);
}

#[test]
fn settings_of_the_command_line_replace_those_of_the_file() {
    let arguments = ["run", "example.sym", "--set", "Fit.steps=3", "--set", "Mlp.width=5", "--format", "json"];
    let report = with_file(TRAIN, &arguments).json();
    assert_eq!(report["runs"][0]["seeds"][0]["steps"], 3);
    assert_eq!(report["models"][0]["spaces"][0]["size"], 5);
}

/// B trains as A does, C from other seeds, D on other examples: the k-th seeds of A and B are one network twice, and those of A and C are not.
#[test]
fn networks_of_two_runs_are_compared_seed_by_seed_on_as_many_examples() {
    let train = |name: &str, data: &str, seeds: &str| {
        format!("train {name} = Mlp {{ data {data}  loss cross_entropy  optim adam(lr: 1e-2)  steps 3  seeds {seeds} }}\n")
    };
    let model = TRAIN.split("data Digits").next().expect("a model");
    let text = [
        model.to_string(),
        "data Digits = digits() split 360 as test\ndata Few = digits(n: 100) split 360 as test\n".to_string(),
        train("A", "Digits", "0..2") + &train("B", "Digits", "0..2") + &train("C", "Digits", "2..4"),
        train("D", "Few", "0..2"),
        "expect alignment(A.h, B.h) > 1 - 1e-12\nexpect cka(A.h, B.h) > 1 - 1e-12\n".to_string(),
        "expect alignment(A.h, C.h) < 1 - 1e-3\nexpect alignment(A.h) < 1 - 1e-3\nexpect alignment(A.h, D.h) > 0\n".to_string(),
    ];
    let ended = with_file(text.concat(), &["run", "example.sym", "--format", "json"]);
    let report = ended.json();
    let outcomes: Vec<&str> =
        report["expectations"].as_array().expect("claims").iter().map(|row| row["outcome"].as_str().expect("a word")).collect();
    assert_eq!(outcomes, ["holds", "holds", "holds", "holds", "fails"], "{}", ended.stdout);
    assert_eq!(ended.codes(), ["E0301"]);
    assert!(ended.stdout.contains("`A` has 1437 training examples and `D` has 100"), "{}", ended.stdout);
}

#[test]
fn an_output_directory_that_cannot_be_made_is_an_error() {
    let ended = with_file(TRAIN, &["run", "example.sym", "--out", "example.sym/out", "--format", "json"]);
    assert_eq!(ended.code, 1);
    assert!(ended.codes().contains(&"E0603".to_string()), "{:?}", ended.codes());
}

#[test]
fn a_name_of_the_command_line_that_is_not_there_is_wrong_usage_and_nothing_is_executed() {
    for (argument, value, code) in [
        ("--backend", "abacus", "E0502"),
        ("--dtype", "f16", "E0502"),
        ("--profile", "nope", "E0201"),
        ("--set", "Nothing.steps=1", "E0201"),
        ("--set", "Fit.stepz=1", "E0219"),
        ("--set", "Mlp.depth=1", "E0209"),
    ] {
        let ended = with_file(TRAIN, &["run", "example.sym", argument, value, "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (2, vec![code.to_string()]), "{argument} {value}");
        assert_eq!(ended.json()["models"], serde_json::json!([]), "{argument} {value}");
    }
}

#[test]
fn wrong_usage_stops_a_check_before_the_analysis() {
    let ended = with_file(TRAIN, &["check", "example.sym", "--set", "Mlp.depth=1", "--format", "json"]);
    assert_eq!((ended.code, ended.codes()), (2, vec!["E0209".to_string()]));
    assert_eq!(ended.json()["models"], serde_json::json!([]));
}

#[test]
fn nothing_is_proved_where_training_could_not_start() {
    let ended = with_file(TRAIN, &["run", "example.sym", "--out", "example.sym/out"]);
    assert_eq!(ended.code, 1);
    assert!(!ended.stderr.contains("proving the symmetries"), "{}", ended.stderr);
}

#[test]
fn sizes_of_models_and_of_training_are_computed_alike() {
    let arguments = ["check", "example.sym", "--set", "Mlp.width=2^3", "--set", "Fit.steps=10^18", "--format", "json"];
    let ended = with_file(TRAIN, &arguments);
    assert_eq!((ended.code, &ended.json()["models"][0]["spaces"][0]["size"]), (0, &8.into()));
}

#[test]
fn a_number_above_the_limit_names_the_limit() {
    for (value, limit) in [("10^20", "below 2^64"), ("10^40", "below 2^128")] {
        let set = format!("Fit.steps={value}");
        let ended = with_file(TRAIN, &["check", "example.sym", "--set", &set]);
        assert!(ended.stderr.contains(limit), "{}", ended.stderr);
    }
}

#[test]
fn a_mistake_on_the_command_line_has_one_diagnostic() {
    let ended = with_file(TRAIN, &["check", "example.sym", "--set", "Fit.every=0", "--format", "json"]);
    assert_eq!((ended.code, ended.codes().len()), (2, 1), "{:?}", ended.codes());
}

#[test]
fn one_run_measures_a_probe_with_several_settings_and_warns_of_what_has_no_value() {
    let text = "model Net { input x[3]  h = tanh(linear(x, 4, name: \"fc1\"))  output linear(h, 2, name: \"fc2\") }
data Waves = teacher(Net, init: kaiming, n: 30)
train Fit = Net() {
    data Waves  loss mse  init normal(std: 0.01)  optim gd(lr: 0.1)  steps 300
    every 10 measure {
        loss, delta(\"fc1\"), delta(fc1, group: sign), ndosb(fc1, threshold: 0.1), ndosb(fc1, threshold: 0.1, group: sign)
        correlation_gap(h, k: 500)
    }
}
expect drop_ratio(Fit.loss, breaking(fc1, threshold: 0.1, group: sign), window: 20) >= 0
expect Fit.ndosb(fc1, threshold: 0.1, group: sign) at end == 4
expect Fit.ndosb(fc1, threshold: 0.1) at end <= 3
";
    let ended = with_file(text, &["run", "example.sym", "--format", "json", "--out", "out"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    let outcomes: Vec<_> = report["expectations"].as_array().expect("claims").iter().map(|claim| &claim["outcome"]).collect();
    assert_eq!(outcomes, ["holds", "holds", "holds"], "{}", report["expectations"]);
    let warned = report["diagnostics"].as_array().expect("a list").iter();
    let warned = warned.filter(|own| own["code"] == "E0211" && own["severity"] == "warning").count();
    assert_eq!(warned, 1, "{}", report["diagnostics"]);
    assert_eq!(ended.code, 0);
}

/// Of three figures one is drawn whole, one lacks the way to a run that diverged, and one is of a seed that there is not; what a failed run lacks is said of the
/// run alone.
#[test]
fn a_figure_says_what_it_cannot_draw() {
    let text = "model Net { input x[3]  h = tanh(linear(x, 4, name: \"fc1\"))  output linear(h, 1, name: \"fc2\") }
data Waves = teacher(Net, n: 30)
data Absent = csv(\"absent.csv\", target: \"y\")
train A = Net { data Waves  loss mse  optim gd(lr: 0.1)  steps 20  seeds 0..2  every 10 measure { loss } }
train B = Net { data Waves  loss mse  optim gd(lr: 1e9)  steps 20  every 10 measure { loss } }
train C = Net { data Absent  loss mse  optim gd(lr: 0.1)  steps 20  every 10 measure { loss } }
figure \"ways\" { plot barrier(A), barrier(A, aligned: true) over way }
figure \"part\" { plot barrier(A), barrier(A, B) over way }
figure \"seed\" { plot A.loss over step, seed: 9 }
figure \"absent\" { plot C.loss over step, seed: 0 }
";
    let ended = with_file(text, &["run", "example.sym", "--format", "json", "--out", "out"]);
    let report = ended.json();
    let drawn: Vec<&str> = report["figures"].as_array().expect("figures").iter().filter_map(|path| path.as_str()).collect();
    assert_eq!(drawn, ["out/ways.svg", "out/ways.png", "out/part.svg", "out/part.png"]);
    let all = report["diagnostics"].as_array().expect("a list").iter();
    let warned: Vec<&str> = all.filter(|own| own["severity"] == "warning").filter_map(|own| own["message"].as_str()).collect();
    assert_eq!(
        warned,
        [
            "the way from `A` to `B` is not drawn: `B` with seed 0 did not come to an end",
            "the figure `seed` is not drawn: no run has its seed",
        ]
    );
}
