//! `symc lower` in its forms, and `symc test`.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::{Ended, symc};

const NETS: &str = "model Mlp(width: int = 4) {
    input x[3]
    h = tanh(linear(x, width, name: \"fc1\"))
    output linear(h, 2, name: \"head\")
}

model Free = Mlp with { remove permutation, sign by syre }

expect symmetry(Mlp.fc1) == signed_permutation(4)
";

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("it can be made");
        std::fs::write(path, text).expect("the file is written");
    }
    directory
}

fn read(directory: &Path, name: &str) -> String {
    std::fs::read_to_string(directory.join(name)).expect("the file is there")
}

#[test]
fn a_rust_module_is_printed_or_written_with_its_constants() {
    let directory = directory(&[("nets.sym", NETS)]);
    let printed = symc(directory.path(), &["lower", "nets.sym", "--emit", "rust", "--model", "Mlp"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let written = symc(directory.path(), &["lower", "nets.sym", "--emit", "rust", "--out", "emitted"]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, "Mlp: emitted/mlp.rs\nFree: emitted/free.rs\nFree: emitted/free.safetensors\n")
    );
    assert_eq!(read(directory.path(), "emitted/mlp.rs"), printed.stdout);
    assert!(read(directory.path(), "emitted/free.rs").contains("include_bytes!(\"free.safetensors\")"));
}

#[test]
fn a_module_with_constants_needs_a_directory() {
    let directory = directory(&[("nets.sym", NETS)]);
    let Ended { code, stderr, .. } = symc(directory.path(), &["lower", "nets.sym", "--emit", "rust", "--model", "Free"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("E0603") && stderr.contains("--out DIR"), "{stderr}");
}

#[test]
fn forms_are_texts_of_one_document_in_json() {
    let directory = directory(&[("nets.sym", NETS)]);
    for form in ["ir", "burn", "dot", "summary"] {
        let text = symc(directory.path(), &["lower", "nets.sym", "--emit", form, "--model", "Mlp"]);
        let json = symc(directory.path(), &["lower", "nets.sym", "--emit", form, "--model", "Mlp", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
        assert_eq!((text.code, json.code), (0, 0));
        assert_eq!(document["models"][0]["text"], text.stdout, "{form}");
        assert_eq!(document["models"][0]["name"], "Mlp");
    }
}

#[test]
fn snapshots_are_missing_then_the_same_then_changed() {
    let directory = directory(&[("nets.sym", NETS)]);
    let test = |more: &[&str]| symc(directory.path(), &[&["test", ".", "--format", "short"], more].concat());
    let missing = test(&[]);
    assert_eq!(missing.code, 1);
    assert!(missing.stdout.contains("nets.sym: failed: 2 models, 1 hold, 0 fail, 0 need a run, snapshot missing"));
    assert!(!directory.path().join("nets.snap").exists(), "nothing is written without --update");

    assert_eq!(test(&["--update"]).code, 0);
    let same = test(&[]);
    assert_eq!((same.code, same.stdout.contains("snapshot same")), (0, true), "{}", same.stdout);
    let kept = read(directory.path(), "nets.snap");
    assert!(kept.contains("signed_permutation(4)") && kept.contains("program Mlp"), "{kept}");

    std::fs::write(directory.path().join("nets.sym"), NETS.replace("tanh", "relu")).expect("it is written");
    let changed = test(&[]);
    assert_eq!(changed.code, 1);
    assert!(changed.stderr.contains("E0308") && changed.stderr.contains("E0301"), "{}", changed.stderr);
    assert_eq!(read(directory.path(), "nets.snap"), kept);
}

#[test]
fn all_files_are_tested_whatever_becomes_of_one() {
    let broken = "model M {\n    output nothing\n}\n";
    let directory = directory(&[("a/broken.sym", broken), ("b/nets.sym", NETS), ("notes.txt", "no model")]);
    let ended = symc(directory.path(), &["test", ".", "--update", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    let rows = report["files"].as_array().expect("there are rows");
    let found: Vec<_> =
        rows.iter().map(|row| (row["file"].as_str(), row["passed"].as_bool(), row["snapshot"].as_str())).collect();
    assert_eq!(
        found,
        [(Some("a/broken.sym"), Some(false), Some("undecided")), (Some("b/nets.sym"), Some(true), Some("updated"))]
    );
    assert_eq!(ended.code, 1);
    assert!(!directory.path().join("a/broken.snap").exists());
}

#[test]
fn claims_about_runs_are_decided_on_request() {
    let trained = "model Readout {
    input x[64]
    output linear(x, 10, name: \"head\")
}
data Digits = digits() split 360 as test
train Quick = Readout { data Digits  loss cross_entropy  optim gd(lr: 0.1)  steps 2  every 1 measure { loss } }
expect Quick.loss at end < 0
";
    let directory = directory(&[("trained.sym", trained)]);
    let without = symc(directory.path(), &["test", ".", "--update", "--format", "short"]);
    assert_eq!(without.code, 0, "{}{}", without.stdout, without.stderr);
    assert!(without.stdout.contains("1 need a run"), "{}", without.stdout);
    let with = symc(directory.path(), &["test", ".", "--run", "--format", "short"]);
    assert_eq!(with.code, 1, "a loss is not negative: {}{}", with.stdout, with.stderr);
    assert!(!directory.path().join("runs").exists(), "the record is thrown away");
}
