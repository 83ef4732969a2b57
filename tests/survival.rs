//! A long run survives Ctrl-C, a kill and a full disk: what was computed stays readable, and `--resume` goes on bit for bit.

#![cfg(unix)]

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use support::{Ended, Process, symc, wait_for, wait_until};
use sym_runtime::record::Record;

/// Batches, momentum, running statistics, two seeds and a detector of events: everything that a checkpoint has to hold.
const STEPS: u64 = 1500;
const TRAIN: &str = "model Mlp(width: int = 4) {
    input x[4]
    output linear(tanh(batch_norm1d(linear(x, width, name: \"fc1\"), name: \"bn\")), 2, name: \"head\")
}
data Waves = teacher(Mlp, scale: 3, n: 40) split 10 as test
train Fit = Mlp() {
    data Waves
    loss mse
    optim sgd(lr: 0.01, momentum: 0.9)
    batch 8
    steps 1500
    seeds 0..2
    checkpoint 50
    every 3 measure { loss; test_loss; delta(fc1); breakings(fc1, threshold: 0.1) }
}
";

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("example.sym"), TRAIN).expect("the scratch directory is writable");
    directory
}

const RUN: [&str; 6] = ["run", "example.sym", "--out", "out", "--format", "json"];

fn resume(directory: &Path) -> Ended {
    symc(directory, &["run", "example.sym", "--resume", "out", "--format", "json"])
}

/// Everything that a run computed, but for the time that it took.
#[derive(Debug, PartialEq)]
struct Computed {
    weights: Vec<Vec<u8>>,
    columns: Vec<String>,
    rows: Vec<(u64, u64, Vec<Option<u64>>)>,
    events: Vec<String>,
}

/// How often a run is killed at a random moment.
const KILLS: u32 = 50;

fn computed(directory: &Path, out: &str) -> Computed {
    let record = Record::open(&directory.join(out).join("Fit")).expect("a readable record");
    assert!(record.summary.complete);
    let rows = record.seeds.iter().flat_map(|seed| {
        seed.rows.iter().map(|row| (seed.seed, row.step, row.values.iter().map(|value| value.map(f64::to_bits)).collect()))
    });
    Computed {
        weights: record.seeds.iter().map(|seed| std::fs::read(record.weights_path(seed.seed)).expect("weights")).collect(),
        rows: rows.collect(),
        events: record.seeds.iter().map(|seed| format!("{:?}", seed.events)).collect(),
        columns: record.columns,
    }
}

/// The run that nothing disturbed.
fn undisturbed(directory: &Path) -> Computed {
    let ended = symc(directory, &["run", "example.sym", "--out", "whole"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    computed(directory, "whole")
}

/// The step of a seed's last checkpoint; 0 before the first.
fn checkpoint(directory: &Path, seed: u64) -> u64 {
    let path: PathBuf = directory.join(format!("out/Fit/seed-{seed}/checkpoint.json"));
    let Ok(bytes) = std::fs::read(path) else { return 0 };
    // Checkpoints appear whole or not at all.
    let state: serde_json::Value = serde_json::from_slice(&bytes).expect("a whole checkpoint");
    state["state"]["step"].as_u64().expect("a step")
}

#[test]
fn a_run_killed_again_and_again_comes_to_the_same_bits() {
    let directory = directory();
    let directory = directory.path();
    let whole = undisturbed(directory);
    let mut process = Process::start(directory, &RUN, &[]);
    let mut killed = 0;
    // The kill meets whatever the process does just after one of the seeds has passed these steps.
    for passed in [50, 350, 850] {
        wait_until("a checkpoint", || checkpoint(directory, 0).max(checkpoint(directory, 1)) >= passed);
        process.signal("KILL");
        killed += u32::from(process.end().code == -1);
        process = Process::start(directory, &["run", "example.sym", "--resume", "out"], &[]);
    }
    let ended = process.end();
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    // On a busy machine a run may be over before a late kill reaches it.
    assert!(killed > 0);
    assert!(computed(directory, "out") == whole);
}

#[test]
fn fifty_kills_at_random_moments_lose_and_damage_no_record() {
    let directory = directory();
    let directory = directory.path();
    // Most of the time something is being written.
    std::fs::write(directory.join("example.sym"), TRAIN.replace("checkpoint 50", "checkpoint 2")).expect("writable");
    let whole = undisturbed(directory);
    let (mut killed, mut number, mut state) = (0, 0, 12_345u64);
    while killed < KILLS {
        let out = format!("out-{number}");
        let word = if directory.join(&out).is_dir() { "--resume" } else { "--out" };
        let process = Process::start(directory, &["run", "example.sym", word, &out, "--quiet"], &[]);
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(std::time::Duration::from_micros(5_000 + (state >> 33) % 150_000));
        process.signal("KILL");
        let ended = process.end();
        if ended.code == -1 {
            killed += 1;
        } else {
            assert_eq!(ended.code, 0, "after {killed} kills: {}{}", ended.stdout, ended.stderr);
            assert!(computed(directory, &out) == whole, "after {killed} kills");
            number += 1;
        }
    }
    let out = format!("out-{number}");
    if directory.join(&out).is_dir() {
        let ended = symc(directory, &["run", "example.sym", "--resume", &out, "--quiet"]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(computed(directory, &out) == whole);
    }
}

#[test]
fn an_interrupted_run_is_readable_and_goes_on() {
    let directory = directory();
    let directory = directory.path();
    let whole = undisturbed(directory);
    let process = Process::start(directory, &RUN, &[]);
    wait_for(&directory.join("out/Fit/seed-0/checkpoint.json"));
    process.signal("INT");
    let ended = process.end();
    assert_eq!((ended.code, ended.codes()), (130, vec!["E0609".to_string()]), "{}{}", ended.stdout, ended.stderr);
    let record = Record::open(&directory.join("out/Fit")).expect("a readable record");
    assert!(!record.summary.complete);
    for seed in &record.seeds {
        let step = record.summary.seeds.iter().find(|summary| summary.seed == seed.seed).expect("a summary").step;
        assert!(step <= STEPS && seed.rows.iter().all(|row| row.step <= step), "seed {}", seed.seed);
    }
    let outcomes = ended.json()["runs"][0]["seeds"].as_array().expect("seeds").clone();
    assert!(outcomes.iter().any(|seed| seed["outcome"] == "interrupted"), "{outcomes:?}");
    let ended = resume(directory);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(computed(directory, "out") == whole);
}

/// The size of the largest file of a record that is written before the end of the run, and that of the merged measurements.
fn sizes(record: &Path) -> (u64, u64) {
    let size = |path: &Path| std::fs::metadata(path).expect("a file").len();
    let within = std::fs::read_dir(record.join("seed-0")).expect("a seed").map(|entry| size(&entry.expect("an entry").path()));
    (within.max().expect("files").max(size(&record.join("settings.json"))), size(&record.join("measurements.parquet")))
}

#[test]
fn a_full_disk_at_the_end_of_a_run_loses_nothing() {
    let directory = directory();
    let directory = directory.path();
    let whole = undisturbed(directory);
    let (within, merged) = sizes(&directory.join("whole/Fit"));
    let limit = within.div_ceil(512) * 512;
    assert!(limit < merged, "the merged measurements are the largest file: {within}, {merged}");
    let ended = Process::start_with_small_files(directory, limit, &RUN).end();
    assert_eq!((ended.code, ended.codes()), (1, vec!["E0603".to_string()]), "{}{}", ended.stdout, ended.stderr);
    assert_eq!((checkpoint(directory, 0), checkpoint(directory, 1)), (STEPS, STEPS));
    let ended = resume(directory);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(computed(directory, "out") == whole);
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_nothing_that_hinders_a_later_run() {
    let directory = directory();
    let directory = directory.path();
    let whole = undisturbed(directory);
    let ended = Process::start_with_small_files(directory, 0, &RUN).end();
    assert_eq!((ended.code, ended.codes().first().map(String::as_str)), (1, Some("E0603")), "{}{}", ended.stdout, ended.stderr);
    // Too small for the settings, then for a part of the measurements.
    for limit in [1024, 2560] {
        let arguments = ["run", "example.sym", "--resume", "out", "--format", "json"];
        let ended = Process::start_with_small_files(directory, limit, &arguments).end();
        let codes = ended.codes();
        assert!(ended.code == 1 && codes.iter().all(|code| code == "E0603"), "{limit}: {codes:?} {}", ended.stderr);
    }
    let ended = resume(directory);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(computed(directory, "out") == whole);
}

#[test]
fn a_record_has_one_process_whose_number_a_second_one_is_told() {
    let directory = directory();
    let directory = directory.path();
    let endless = ["--set", "Fit.steps=1000000000"];
    let first = Process::start(directory, &[&["run", "example.sym", "--out", "out"][..], &endless].concat(), &[]);
    let lock = directory.join("out/Fit/lock");
    let owner = first.id().to_string();
    wait_until("the run has begun", || std::fs::read_to_string(&lock).is_ok_and(|found| found.trim() == owner));
    let again = [&["run", "example.sym", "--resume", "out", "--format", "json"][..], &endless].concat();
    wait_for(&directory.join("out/Fit/settings.json"));
    let second = symc(directory, &again);
    assert_eq!((second.code, second.codes()), (1, vec!["E0608".to_string()]), "{}{}", second.stdout, second.stderr);
    let told = second.json()["diagnostics"][0]["message"].as_str().expect("a message").to_string();
    assert!(told.contains(&format!("(process {owner})")), "{told}");
    first.signal("KILL");
    first.end();
}
