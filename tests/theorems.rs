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
