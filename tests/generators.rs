//! `symc check --emit generators`: the written numbers are what they are said to be, by finite differences, outputs and traces.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use support::{Ended, symc};
use sym_diagnostics::Sources;
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};
use sym_lower::{Stored, from_state_dict, load_state_dict};
use sym_runtime::{Stream, data::Inputs, evaluate};

const MODELS: &str = "model Tanh { input x[3] output linear(tanh(linear(x, 4, name: \"fc1\")), 2, name: \"head\") }
model Relu { input x[3] output linear(relu(linear(x, 4, name: \"fc1\")), 2, name: \"head\") }
model Linear { input x[3] output linear(linear(x, 2, bias: false, name: \"down\"), 3, bias: false, name: \"up\") }
";

/// The files use no others.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

fn emitted(text: &str, arguments: &[&str]) -> (tempfile::TempDir, Ended) {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("example.sym"), text).expect("the scratch directory is writable");
    let arguments: Vec<&str> = ["check", "example.sym", "--emit", "generators"].iter().chain(arguments).copied().collect();
    let ended = symc(directory.path(), &arguments);
    (directory, ended)
}

/// The tensors below a prefix, which is taken off.
fn below(tensors: &[Stored], prefix: &str) -> Vec<Stored> {
    let own = tensors.iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(prefix)?.to_string();
        Some(Stored { name, ..tensor.clone() })
    });
    own.collect()
}

/// The groups of tensors `PREFIX/A/B/NAME` by `A/B`, of so many parts.
fn groups(tensors: &[Stored], prefix: &str, parts: usize) -> BTreeMap<String, Vec<Stored>> {
    let mut groups: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for tensor in below(tensors, prefix) {
        let end = tensor.name.match_indices('/').nth(parts - 1).expect("a name of several parts").0;
        let (group, name) = (tensor.name[..end].to_string(), tensor.name[end + 1..].to_string());
        groups.entry(group).or_default().push(Stored { name, ..tensor });
    }
    groups
}

#[test]
fn generators_and_elements_leave_the_function_alone_and_projectors_are_orthogonal_of_the_reported_rank() {
    let (directory, ended) = emitted(MODELS, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    let report = symc(directory.path(), &["check", "example.sym", "--format", "json"]).json();
    let mut sources = Sources::default();
    let root = sources.add("example.sym", MODELS);
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    for (at, (name, model)) in document.models.iter().enumerate() {
        let program = &model.program;
        let path = directory.path().join(format!("generators/{name}.safetensors"));
        let tensors = load_state_dict(&path).expect("a file of tensors");
        check_motions(program, &tensors);
        check_projectors(&report["models"][at], &tensors);
    }
}

fn check_motions(program: &Program, tensors: &[Stored]) {
    let mut stream = Stream::new(1, "test", &program.name);
    let width = program.inputs[0].shape[0].size as usize;
    let inputs = [Inputs::of((0..8 * width).map(|_| stream.normal()).collect(), width)];
    let outputs = |tensors: &[Stored]| {
        let weights = from_state_dict(program, tensors, "test").expect("the tensors are the program's");
        evaluate::outputs(program, &weights, &inputs).expect("it can be executed")
    };
    let theta = below(tensors, "theta/");
    let before = outputs(&theta);
    let change = |after: &[f64]| before.iter().zip(after).fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs()));
    for (element, moved) in groups(tensors, "element/", 1) {
        assert!(change(&outputs(&moved)) < 1e-10, "{}.{element}", program.name);
        assert_ne!(moved, theta, "{}.{element} moves the weights", program.name);
    }
    let generators = groups(tensors, "generator/", 2);
    for (generator, direction) in &generators {
        let stepped = |size: f64| -> Vec<Stored> {
            let step = |(tensor, way): (&Stored, &Stored)| {
                assert_eq!(tensor.name, way.name);
                let values = tensor.values.iter().zip(&way.values).map(|(value, way)| value + size * way).collect();
                Stored { values, ..tensor.clone() }
            };
            theta.iter().zip(direction).map(step).collect()
        };
        // Central differences: the linear term of the output vanishes, what is left is of third order in 1e-4 and rounding.
        let (up, down) = (outputs(&stepped(1e-4)), outputs(&stepped(-1e-4)));
        let slope = up.iter().zip(&down).fold(0.0f64, |worst, (up, down)| worst.max((up - down).abs() / 2e-4));
        assert!(slope < 1e-6, "{}.{generator}: {slope:e}", program.name);
    }
    assert_eq!(generators.is_empty(), program.name == "Tanh");
}

fn check_projectors(model: &serde_json::Value, tensors: &[Stored]) {
    let mut seen = 0;
    for space in model["spaces"].as_array().expect("spaces") {
        for state in space["states"].as_array().expect("states") {
            let name =
                format!("projector/{}/{}", space["name"].as_str().expect("a name"), state["kind"].as_str().expect("a kind"));
            let Some(projector) = tensors.iter().find(|tensor| tensor.name == name) else { panic!("{name} is missing") };
            let size = projector.shape[0];
            let entry = |row: usize, column: usize| projector.values[row * size + column];
            let trace: f64 = (0..size).map(|at| entry(at, at)).sum();
            assert!((trace - state["rank"].as_f64().expect("a rank")).abs() < 1e-9, "{name}: {trace}");
            for row in 0..size {
                for column in 0..size {
                    let square: f64 = (0..size).map(|at| entry(row, at) * entry(at, column)).sum();
                    assert!(
                        (square - entry(row, column)).abs() < 1e-12 && (entry(row, column) - entry(column, row)).abs() < 1e-12
                    );
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 0 && seen == tensors.iter().filter(|tensor| tensor.name.starts_with("projector/")).count());
}

#[test]
fn a_model_that_is_too_large_hides_no_other() {
    let large = format!("{MODELS}model Large {{ input x[3] output linear(relu(linear(x, 400)), 2, name: \"head\") }}\n");
    let (directory, ended) = emitted(&large, &["--out", "numbers"]);
    assert!(ended.code == 1 && ended.stderr.contains("E0207"), "{}", ended.stderr);
    assert!(
        directory.path().join("numbers/Relu.safetensors").is_file()
            && !directory.path().join("numbers/Large.safetensors").exists()
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_and_a_directory_alone_wrong_usage() {
    let (directory, ended) = emitted(MODELS, &["--out", "example.sym/below"]);
    assert!(ended.code == 1 && ended.stderr.contains("E0603"), "{}", ended.stderr);
    assert_eq!(symc(directory.path(), &["check", "example.sym", "--out", "numbers"]).code, 2);
}
