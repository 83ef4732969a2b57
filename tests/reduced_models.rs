//! Trained weights become smaller models that check, load and compute the same.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use support::symc;

fn examples() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/reduce")).to_path_buf()
}

/// Trains an example and reduces what it ends with; the report, and the directory of the smaller model.
fn trained_and_reduced(file: &str, tolerance: &str) -> (Value, tempfile::TempDir) {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let ended = symc(&examples(), &["run", file, "--out", &path("record")]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let weights = path("record/Fit/seed-0/weights.safetensors");
    let arguments = ["reduce", file, "--train", "Fit", "--weights", &weights, "--tolerance", tolerance];
    let found = symc(&examples(), &[&arguments[..], &["--out", &path("small"), "--format", "json"]].concat()).json();
    (found, scratch)
}

/// What `check` says of the smaller model alone, and that its weights fit it: D.
fn checked(scratch: &Path, name: &str) -> u64 {
    let small = scratch.join("small");
    let checked = symc(&small, &["check", &format!("{name}.sym"), "--format", "json"]).json();
    let (file, weights) = (format!("{name}.sym"), format!("{name}.safetensors"));
    let again = symc(&small, &["reduce", &file, "--weights", &weights, "--tolerance", "0", "--format", "json"]).json();
    assert!(again["change_of_outputs"].as_f64().is_some_and(|change| change < 1e-10), "{again}");
    checked["models"][0]["parameters"].as_u64().expect("D")
}

fn accuracy(report: &Value) -> [f64; 2] {
    [0, 1].map(|at| report["accuracy"][at].as_f64().expect("an accuracy"))
}

#[test]
fn digits_with_a_scale_before_each_row_need_a_quarter_of_the_parameters() {
    let (found, scratch) = trained_and_reduced("digits.sym", "0.01");
    let [before, after] = [0, 1].map(|at| found["parameters"][at].as_u64().expect("D"));
    assert!(4 * after <= before, "{before} parameters, {after} after");
    let [full, small] = accuracy(&found);
    assert!((full - small).abs() <= 0.003 && full > 0.95, "accuracy {full}, {small} after");
    assert_eq!(found["examples"], "test");
    assert_eq!(checked(scratch.path(), "Sparse"), after);
}

#[test]
fn channels_whose_gain_has_vanished_are_left_out() {
    let (found, scratch) = trained_and_reduced("channels.sym", "0.03");
    let [before, after] = [0, 1].map(|at| found["parameters"][at].as_u64().expect("D"));
    assert!(after < before, "{before} parameters, {after} after");
    let [full, small] = accuracy(&found);
    assert!((full - small).abs() <= 0.003 && full > 0.8, "accuracy {full}, {small} after");
    assert_eq!(checked(scratch.path(), "Net"), after);
}

#[test]
fn weights_of_another_model_write_nothing() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(scratch.path().join("other.safetensors"), b"no tensors").expect("the scratch directory is writable");
    let weights = scratch.path().join("other.safetensors").display().to_string();
    let out = scratch.path().join("small").display().to_string();
    let ended = symc(&examples(), &["reduce", "digits.sym", "--model", "Plain", "--weights", &weights, "--out", &out]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("E0602"), "{}", ended.stderr);
    assert!(!scratch.path().join("small").exists());
}

#[test]
fn which_model_is_meant_must_be_said() {
    let ended = symc(&examples(), &["reduce", "digits.sym", "--weights", "w.safetensors"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("which model is meant? --model NAME; available: Plain, Sparse"), "{}", ended.stderr);
}

/// A network that starts with all eight units alike is one of 64 + 1 + 10 + 10 parameters, and answers as that one does.
#[test]
fn probes_measure_the_smaller_model_that_reduce_writes() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = "model Mlp(width: int = 8) {
            input x[64]
            h = tanh(linear(x, width, name: \"fc1\"))
            output linear(h, 10, name: \"head\")
        }
        data Digits = digits() split 360 as test
        train Fit = Mlp() {
            data Digits
            loss cross_entropy
            init xavier, merged(fc1)
            optim adam(lr: 1e-2, decay: 1e-3)
            batch 32
            steps 200
            every 100 measure { test_loss, test_accuracy, reduced_parameters, reduced_test_loss, reduced_test_accuracy }
        }
        expect Fit.reduced_parameters at start == 85
        expect Fit.reduced_test_loss at start - Fit.test_loss at start < 1e-12
        expect Fit.test_loss at start - Fit.reduced_test_loss at start < 1e-12
        expect Fit.reduced_test_accuracy at start == Fit.test_accuracy at start";
    std::fs::write(scratch.path().join("alike.sym"), file).expect("writable");
    let ended = symc(scratch.path(), &["run", "alike.sym", "--dtype", "f64", "--out", "record", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let weights = "record/Fit/seed-0/weights.safetensors";
    let written = symc(
        scratch.path(),
        &["reduce", "alike.sym", "--train", "Fit", "--weights", weights, "--tolerance", "0.01", "--format", "json"],
    );
    let (written, report) = (written.json(), ended.json());
    let last = |name: &str| {
        let rows = report["runs"][0]["measured"].as_array().expect("rows");
        rows.iter().find(|row| row["name"] == name).and_then(|row| row["end"].as_f64()).expect("a number")
    };
    assert_eq!(written["parameters"][1].as_f64(), Some(last("reduced_parameters")));
    assert!((written["loss"][1].as_f64().expect("a loss") - last("reduced_test_loss")).abs() < 1e-12);
    assert_eq!(written["accuracy"][1].as_f64(), Some(last("reduced_test_accuracy")));
}

/// Running statistics belong to their channels: with all channels alike, the smaller model has one, and answers as the whole one does in evaluation.
#[test]
fn the_smaller_model_of_batch_norms_has_their_running_statistics() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = "model Net(width: int = 6) {
            input x[64]
            z = linear(x, width, bias: false, name: \"fc1\")
            output linear(tanh(batch_norm1d(z, name: \"bn1\")), 10, name: \"head\")
        }
        data Digits = digits() split 360 as test
        train Fit = Net() {
            data Digits
            loss cross_entropy
            init xavier, merged(fc1)
            optim sgd(lr: 0.1)
            batch 32
            steps 30
            every 10 measure { test_loss, test_accuracy, reduced_parameters, reduced_test_loss, reduced_test_accuracy }
        }
        expect Fit.reduced_parameters at end == 64 + 2 + 10 + 10
        expect Fit.reduced_test_loss at end - Fit.test_loss at end < 1e-12
        expect Fit.test_loss at end - Fit.reduced_test_loss at end < 1e-12
        expect Fit.reduced_test_accuracy at end == Fit.test_accuracy at end";
    std::fs::write(scratch.path().join("norms.sym"), file).expect("writable");
    let ended = symc(scratch.path(), &["run", "norms.sym", "--dtype", "f64", "--out", "record", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_model_with_masks_is_refused_before_its_first_step() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = "model Mlp {
            input x[64]
            h = tanh(linear(x, 8, name: \"fc1\"))
            output linear(h, 10, name: \"head\")
        }
        model Masked = Mlp with { remove permutation by w_asymmetric(frozen: 4) }
        data Digits = digits() split 360 as test
        train Fit = Masked { data Digits loss cross_entropy optim gd(lr: 0.1) steps 2 every 1 measure { reduced_parameters } }";
    std::fs::write(scratch.path().join("masked.sym"), file).expect("writable");
    let ended = symc(scratch.path(), &["run", "masked.sym", "--out", "record"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stderr.contains("E0401") && ended.stderr.contains("masked.sym"), "{}", ended.stderr);
}
