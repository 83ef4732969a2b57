//! Theorem 1 for each architecture of `examples/theorems`: the full model follows the smaller one for 1,000 steps under every optimiser that it
//! names.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use std::path::Path;
use support::symc;

#[test]
fn the_smaller_model_follows_the_full_one_in_every_architecture() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/theorems"));
    let mut files: Vec<_> = std::fs::read_dir(directory).expect("the directory is there").filter_map(Result::ok).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut runs = 0;
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        let ended = symc(directory, &["verify", &name, "--format", "json"]);
        assert_eq!(ended.code, 0, "{name}: {}{}", ended.stdout, ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
        for theorem in report["theorems"].as_array().expect("a list of theorems") {
            let (rank, parameters) = (theorem["reduced"].as_u64(), theorem["full"].as_u64());
            assert!(rank < parameters && theorem["steps"].as_u64() == Some(1000), "{name}: {theorem}");
            runs += 1;
        }
    }
    assert!(runs >= 25, "{runs}");
}

/// A claim on the linearised model is one row whatever the number of optimisers; where the model is too large to be linearised, it fails and says so.
#[test]
fn the_limit_of_the_linearised_model_is_claimed_once_and_not_of_large_models() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    for (name, width) in [("small", 6), ("large", 200)] {
        let file = format!(
            "model Mlp {{ input x[3] output linear(tanh(linear(x, {width}, name: \"fc1\")), 1, name: \"head\") }}
            theorem Units on Mlp {{
                state merge fc1 into 2
                optim gd(lr: 1e-3), sgd(lr: 1e-3, batch: 16)
                steps 5
                expect least_squares < 1e-6
            }}"
        );
        std::fs::write(directory.path().join(format!("{name}.sym")), file).expect("writable");
    }
    let ended = symc(directory.path(), &["run", ".", "--out", "records", "--format", "short"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let rows = |file: &str| {
        ended.stdout.lines().filter(|line| line.contains(file) && line.contains("least_squares")).collect::<Vec<_>>()
    };
    let [small, large] = [rows("small.sym"), rows("large.sym")];
    assert!(small.len() == 1 && small[0].contains(": holds: theorem Units: least_squares < 1e-6; found "), "{small:?}");
    assert!(large.len() == 1 && large[0].contains(": fails: ") && large[0].contains("found not measured"), "{large:?}");
    assert!(ended.stderr.contains("E0403") && ended.stderr.contains("more than 400 parameters"), "{}", ended.stderr);
}
