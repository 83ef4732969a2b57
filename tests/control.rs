//! `symc weights`: files of weights moved along orbits, compared, and refused.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use std::path::Path;
use support::{Ended, symc};

/// Two runs of a narrow network on digits.
const DIGITS: &str = "model Mlp(width: int = 64) {
    input x[64]
    output linear(relu(linear(x, width, name: \"fc1\")), 10, name: \"head\")
}
data Digits = digits() split 360 as test
train Two = Mlp() { data Digits loss cross_entropy optim adam(lr: 3e-3) batch 64 steps STEPS seeds [0, 1] }
";

/// A directory with the weights of both runs in it.
fn trained(steps: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("digits.sym"), DIGITS.replace("STEPS", steps))
        .expect("the scratch directory is writable");
    let ended = symc(directory.path(), &["run", "digits.sym", "--out", "out"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    directory
}

const A: &str = "out/Two/seed-0/weights.safetensors";
const B: &str = "out/Two/seed-1/weights.safetensors";

fn weights(directory: &Path, arguments: &[&str]) -> Ended {
    let all: Vec<&str> = ["weights", "digits.sym", "--format", "json"].iter().chain(arguments).copied().collect();
    symc(directory, &all)
}

fn report(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).expect("one JSON document")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn the_aligned_barrier_of_two_wide_solutions_is_below_a_tenth_of_the_unaligned_one() {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/interventions"));
    let out = tempfile::tempdir().expect("a scratch directory");
    let record = out.path().join("solutions").display().to_string();
    let ended = symc(examples, &["run", "align.sym", "--out", &record]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let [a, b] = ["seed-0", "seed-1"].map(|seed| format!("{record}/Two/{seed}/weights.safetensors"));
    let arguments = ["--train", "Two", "--do", "barrier", "--from", &a, "--to", &b, "--format", "json"];
    let found = report(&symc(examples, &[&["weights", "align.sym"], &arguments[..]].concat()));
    let (unaligned, aligned) = (number(&found["barrier"]["unaligned"]), number(&found["barrier"]["aligned"]));
    assert!(aligned < 0.1 * unaligned, "{unaligned} and {aligned}");
    let by_values = report(&symc(examples, &[&["weights", "align.sym", "--by", "activations"], &arguments[..]].concat()));
    assert!(number(&by_values["barrier"]["aligned"]) < 0.5 * unaligned, "{by_values}");
    assert_eq!(found["barrier"]["losses_aligned"].as_array().map(Vec::len), Some(25));
    assert!(number(&found["distance"][1]) < number(&found["distance"][0]));
}

#[test]
fn what_is_written_computes_the_same_and_can_be_read_again() {
    let directory = trained("20");
    for operation in ["balance", "canonicalise", "align", "teleport"] {
        let out = format!("{operation}.safetensors");
        let found =
            report(&weights(directory.path(), &["--train", "Two", "--do", operation, "--from", A, "--to", B, "--out", &out]));
        assert!(number(&found["change_of_outputs"]) < 1e-12, "{operation}: {found}");
        // What is canonical already stays.
        let arguments = ["--do", "canonicalise", "--from", &out, "--out", "again.safetensors"];
        assert!(number(&report(&weights(directory.path(), &arguments))["change_of_outputs"]) < 1e-12);
        if operation == "teleport" {
            assert!(number(&found["gradient_norm"][1]) > number(&found["gradient_norm"][0]), "{found}");
            assert!((number(&found["loss"][1]) / number(&found["loss"][0]) - 1.0).abs() < 1e-12, "{found}");
        }
    }
}

#[test]
fn weights_that_do_not_fit_are_refused_and_no_file_is_written() {
    let directory = trained("1");
    let wider = ["--do", "canonicalise", "--from", A, "--out", "c.safetensors", "--set", "Mlp.width=65"];
    let refused = weights(directory.path(), &wider);
    assert_eq!(refused.code, 1);
    assert!(refused.stdout.contains("E0607"), "{}", refused.stdout);
    let missing = weights(directory.path(), &["--do", "balance", "--from", "none.safetensors", "--out", "c.safetensors"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stdout.contains("E0601"), "{}", missing.stdout);
    assert!(!directory.path().join("c.safetensors").exists());
    let unwritable = weights(directory.path(), &["--do", "balance", "--from", A, "--out", "nowhere/c.safetensors"]);
    assert_eq!(unwritable.code, 1);
    assert!(unwritable.stdout.contains("E0603"), "{}", unwritable.stdout);
}

#[test]
fn what_the_command_line_lacks_is_named() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("digits.sym"), DIGITS.replace("STEPS", "1")).expect("the scratch directory is writable");
    let cases: [(&[&str], &str); 6] = [
        (&["--do", "align", "--out", "c.safetensors"], "needs the other weights: --to FILE"),
        (&["--do", "barrier", "--to", B], "needs examples and a loss: --train NAME; available: Two"),
        (
            &["--do", "align", "--to", B, "--by", "activations", "--out", "c.safetensors"],
            "needs examples and a loss: --train NAME",
        ),
        (&["--do", "balance"], "needs the file to write: --out FILE"),
        (&["--do", "balance", "--out", "c.safetensors", "--model", "Mpl"], "there is no model Mpl; a similar one is Mlp"),
        (&["--do", "teleport", "--out", "c.safetensors", "--train", "Tow"], "there is no train item Tow; a similar one is Two"),
    ];
    for (arguments, message) in cases {
        let all: Vec<&str> = ["--from", A].iter().chain(arguments).copied().collect();
        let ended = weights(directory.path(), &all);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}

#[test]
fn a_projection_leads_to_the_nearest_point_of_its_state_and_stays_there() {
    let directory = trained("20");
    let project = |from: &str, state: &str| {
        let arguments = ["--do", "project", "--from", from, "--out", "projected.safetensors", "--state", state];
        weights(directory.path(), &arguments)
    };
    let found = report(&project(A, "merge fc1 into 8"));
    // 64 units of 64 + 1 + 10 entries become 8, beside ten biases.
    assert_eq!((number(&found["projection"]["rank"]), number(&found["projection"]["parameters"])), (610.0, 4810.0));
    assert!(number(&found["projection"]["distance"]) > 0.1 && number(&found["change_of_outputs"]) > 1e-3, "{found}");
    let again = report(&project("projected.safetensors", "merge fc1 into 8"));
    assert!(number(&again["projection"]["distance"]) < 1e-15 && number(&again["change_of_outputs"]) < 1e-12, "{again}");
    for (state, code) in [("merge fc1 into", "E0103"), ("mix fc1 into 8", "E0201"), ("merge fc2 into 8", "E0221")] {
        let ended = project(A, state);
        assert!(ended.code != 0 && ended.stdout.contains(code), "{state}: {}{}", ended.stdout, ended.stderr);
    }
    let without = weights(directory.path(), &["--do", "project", "--from", A, "--out", "projected.safetensors"]);
    assert_eq!(without.code, 2);
}

#[test]
fn what_is_left_of_a_broken_symmetry_is_measured_at_given_weights() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let text = "model Mlp { input x[64] output linear(tanh(linear(x, 16, name: \"fc1\")), 10, name: \"head\") }
        model Free = Mlp with { by syre(sigma: 0.01) }
        data Digits = digits() split 360 as test
        train Run = Free { data Digits loss cross_entropy optim adam(lr: 3e-3, decay: 1e-4) batch 64 steps 200 }";
    std::fs::write(directory.path().join("free.sym"), text).expect("the scratch directory is writable");
    let ended = symc(directory.path(), &["run", "free.sym", "--out", "out"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let smallest = |more: &[&str]| {
        let all = ["check", "free.sym", "--model", "Free", "--effective", "--format", "json"];
        let found = report(&symc(directory.path(), &[&all, more].concat()));
        number(&found["models"][0]["effective"][0]["smallest_change"])
    };
    let trained = smallest(&["--weights", "out/Run/seed-0/weights.safetensors"]);
    // The offset is what the symmetry acts about: the larger the weights beside it, the smaller the change.
    assert!(trained > 0.0 && trained != smallest(&[]));
    let alone = symc(directory.path(), &["check", "free.sym", "--weights", "out/Run/seed-0/weights.safetensors"]);
    assert_eq!(alone.code, 2);
}
