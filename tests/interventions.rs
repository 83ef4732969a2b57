//! The examples of interventions: what they claim of symmetries is proved, and what they claim of training comes out.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

fn examples() -> (std::path::PathBuf, Vec<String>) {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/interventions")).to_path_buf();
    let mut files: Vec<String> = std::fs::read_dir(&directory)
        .expect("the examples are there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "sym"))
        .collect();
    files.sort();
    assert!(files.len() >= 10);
    (directory, files)
}

#[test]
fn every_claim_about_symmetries_is_proved_and_no_direction_is_left_unexplained() {
    let (directory, files) = examples();
    for file in files {
        let ended = support::symc(&directory, &["check", &file, "--verify", "--strict", "--format", "short"]);
        assert_eq!(ended.code, 0, "{file}:\n{}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn every_claim_about_training_comes_out() {
    let (directory, files) = examples();
    let runs = |line: &str| line.starts_with("train ") || line.starts_with("theorem ");
    let trains = |file: &String| std::fs::read_to_string(directory.join(file)).is_ok_and(|text| text.lines().any(runs));
    let out = tempfile::tempdir().expect("a directory");
    for file in files.iter().filter(|file| trains(file)) {
        let record = out.path().join(file).display().to_string();
        let ended = support::symc(&directory, &["run", file, "--out", &record, "--format", "short"]);
        assert_eq!(ended.code, 0, "{file}:\n{}{}", ended.stdout, ended.stderr);
    }
}
