//! Batch norms: training uses the statistics of the batch and keeps up running ones, which evaluation uses and which lie beside the weights.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::symc;

const FILE: &str = "model Net(train: bool = true) {
    input x[4]
    h = batch_norm1d(linear(x, 6, name: \"fc1\"), epsilon: 1e-5, train: train, name: \"bn\")
    output linear(tanh(h), 2, name: \"head\")
}
model Teacher { input x[4]  output linear(tanh(linear(x, 6, name: \"fc1\")), 2, name: \"head\") }
data Waves = teacher(Teacher, scale: 3, n: 80) split 30 as test
";

const FIRST: &str = "train First = Net {
    data Waves
    loss mse
    optim sgd(lr: 0.05, momentum: 0.9, batch: 10)
    steps 50
    every 50 measure { loss; test_loss }
}
";

fn trained(directory: &Path, items: &str, out: &str, more: &[&str]) -> serde_json::Value {
    std::fs::write(directory.join("example.sym"), format!("{FILE}{items}")).expect("writable");
    let ended = symc(directory, &[&["run", "example.sym", "--format", "json", "--dtype", "f64", "--out", out], more].concat());
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).expect("one JSON document")
}

/// Values of the first and the last measurement of a column.
fn measured(directory: &Path, record: &str, column: &str) -> (f64, f64) {
    let record = sym_runtime::record::Record::open(&directory.join(record)).expect("a readable record");
    let series = record.series(0, column);
    (series[0].1, series[series.len() - 1].1)
}

/// Tensors of a record's final weights.
fn names(directory: &Path, record: &str) -> Vec<String> {
    let path = directory.join(record).join("seed-0/weights.safetensors");
    let mut names: Vec<String> =
        sym_lower::load_state_dict(&path).expect("a whole file").into_iter().map(|tensor| tensor.name).collect();
    names.sort();
    names
}

#[test]
fn what_training_leaves_is_the_model_in_evaluation() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    trained(directory.path(), FIRST, "out", &[]);
    let found = names(directory.path(), "out/First");
    let own = ["bias", "running_mean", "running_var", "weight"].map(|name| format!("bn.{name}"));
    assert_eq!(found, [&own[..], &["fc1.bias", "fc1.weight", "head.bias", "head.weight"].map(String::from)].concat());
    // The form with frozen statistics, at those weights: the same examples have the same loss.
    let (_, test) = measured(directory.path(), "out/First", "test_loss");
    let evaluated = "train Second = Net(train: false) {
        data Waves
        loss mse
        init from(\"out/First/seed-0/weights.safetensors\")
        optim gd(lr: 1e-9)
        steps 1
        every 1 measure { loss; test_loss }
    }
    ";
    trained(directory.path(), evaluated, "again", &[]);
    let (again, _) = measured(directory.path(), "again/Second", "test_loss");
    assert!((again - test).abs() < 1e-12 * test, "{again} {test}");
}

#[test]
fn training_goes_on_from_the_running_statistics_of_a_file() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    trained(directory.path(), FIRST, "out", &[]);
    let (_, test) = measured(directory.path(), "out/First", "test_loss");
    let from = |what: &str| {
        let init = format!("    init {what}\n    steps 50\n");
        FIRST.replace("    steps 50\n", &init).replace("train First", "train Next")
    };
    trained(directory.path(), &from("from(\"out/First/seed-0/weights.safetensors\")"), "whole", &[]);
    assert_eq!(measured(directory.path(), "whole/Next", "test_loss").0.to_bits(), test.to_bits());
    // Weights alone: the statistics start at 0 and 1.
    trained(
        directory.path(),
        &from("from(\"out/First/seed-0/weights.safetensors\", fc1, head, bn.weight, bn.bias)"),
        "partly",
        &[],
    );
    assert_ne!(measured(directory.path(), "partly/Next", "test_loss").0.to_bits(), test.to_bits());
}

#[test]
fn evaluation_by_the_statistics_of_the_batch_keeps_none_up() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    trained(directory.path(), FIRST, "running", &[]);
    trained(directory.path(), &FIRST.replace("    steps", "    statistics batch\n    steps"), "batch", &[]);
    assert!(!names(directory.path(), "batch/First").iter().any(|name| name.contains("running")));
    let ends = |column| ["running", "batch"].map(|record| measured(directory.path(), &format!("{record}/First"), column));
    let [running, batch] = ends("loss");
    assert_eq!(running, batch, "the loss is that of training");
    let [running, batch] = ends("test_loss");
    assert_ne!(running, batch);
    // A share of 1 leaves the statistics of the last batch.
    trained(directory.path(), &FIRST.replace("    steps", "    statistics running(momentum: 1)\n    steps"), "last", &[]);
    let last = measured(directory.path(), "last/First", "test_loss");
    assert!(last.1 != running.1 && last.0.to_bits() == running.0.to_bits(), "{last:?} {running:?}");
}
