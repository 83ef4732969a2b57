//! Training on `LibTorch` gives the numbers of the reference to rounding: losses and final weights after ten steps.
//!
//! How far apart may they be? Both round each operation to a unit u, 2⁻²⁴ in `f32` and 2⁻⁵³ in `f64`, and differ in the order of sums. An
//! entry of a gradient is a sum of some hundreds to some thousands of products, whose errors add up as a random walk to some tens of u; ten
//! steps of a stable descent add ten of these. A thousand u is above what rounding does and far below a step, which is a hundredth of the
//! weights: an operation that means something else shows.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use support::symc;
use sym_infer::Weights;

/// The number types with their units of rounding.
const TYPES: [(&str, f64); 2] = [("f32", f32::EPSILON as f64 / 2.0), ("f64", f64::EPSILON / 2.0)];

/// By how many units results may differ, relative to the largest.
const UNITS: f64 = 1_000.0;

/// What a run leaves.
struct Trained {
    losses: Vec<f64>,
    weights: Weights,
}

/// Trains the only run of a file in `tests/backends`.
fn trained(name: &str, backend: &str, dtype: &str) -> Trained {
    let file: PathBuf = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/backends")).join(name);
    let directory = tempfile::tempdir().expect("a scratch directory");
    let path = file.to_str().expect("UTF-8");
    let ended =
        symc(directory.path(), &["run", path, "--out", "out", "--backend", backend, "--dtype", dtype, "--format", "json"]);
    assert_eq!(ended.code, 0, "{name} on {backend}: {}{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let measured = &report["runs"][0]["measured"][0];
    let losses = ["start", "end", "lowest", "highest"].map(|moment| measured[moment].as_f64().expect("a loss"));
    let compiled = sym_compiler::compile(&file, &sym_compiler::Settings::default());
    let program = &compiled.document.trains["Steps"].program;
    let stored = directory.path().join("out/Steps/seed-0/weights.safetensors");
    let weights = sym_lower::load_safetensors(&stored, program).expect("the weights of the program");
    Trained { losses: losses.to_vec(), weights }
}

/// The largest difference, relative to the largest entry.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    largest(&mut a.iter().zip(b).map(|(a, b)| (a - b).abs())) / largest(&mut b.iter().map(|b| b.abs()))
}

/// Holds `LibTorch` to the reference, in both number types.
fn agree(name: &str) {
    for (dtype, unit) in TYPES {
        let tolerance = UNITS * unit;
        let (found, wanted) = (trained(name, "tch", dtype), trained(name, "flex", dtype));
        assert!(wanted.losses[1] < wanted.losses[0], "{name}: ten steps lower the loss: {:?}", wanted.losses);
        let of_losses = distance(&found.losses, &wanted.losses);
        let of_weights = distance(&found.weights.values.concat(), &wanted.weights.values.concat());
        println!("{name} {dtype}: losses differ by {of_losses:.1e}, weights by {of_weights:.1e}");
        assert!(of_losses < tolerance, "{name} {dtype}: losses differ by {of_losses:e}");
        assert!(of_weights < tolerance, "{name} {dtype}: weights differ by {of_weights:e}");
    }
}

#[test]
fn the_student_of_figure_2_agrees() {
    agree("student.sym");
}

#[test]
fn convolutions_agree() {
    agree("convolutions.sym");
}

#[test]
fn the_in_context_transformer_agrees() {
    agree("in_context.sym");
}

#[test]
fn every_elementwise_function_agrees() {
    agree("functions.sym");
}

#[test]
fn the_doctor_finds_it() {
    let report = symc(Path::new("."), &["doctor", "--format", "json"]).json();
    let row = report["backends"].as_array().expect("backends").iter().find(|row| row["name"] == "tch").expect("a row");
    assert_eq!((&row["built_in"], &row["devices"]), (&true.into(), &serde_json::json!(["CPU"])));
    let script = std::fs::read_to_string(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/setup-libtorch.sh")));
    let script = script.expect("the script");
    let version = script.lines().find_map(|line| line.strip_prefix("version=")).expect("the pinned version");
    assert!(row["libraries"].as_str().expect("libraries").ends_with(&format!("LibTorch {version}")), "{row}");
    assert!(row["how_to_get"].is_null(), "{row}");
}
