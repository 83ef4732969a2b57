//! Models from text, weights, and what tests of control compare.

use sym_diagnostics::Sources;
use sym_infer::{Symmetries, Weights, action};
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};
use sym_runtime::{Stream, control, data::Inputs, evaluate};

/// The texts use no files.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// A program with its symmetries.
pub struct Model {
    pub program: Program,
    pub symmetries: Symmetries,
}

/// The only model of a text.
pub fn model(text: &str) -> Model {
    let mut sources = Sources::default();
    let root = sources.add("test.sym".to_string(), text.to_string());
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    let program = document.models.into_iter().next().expect("a model").1.program;
    Model { symmetries: sym_infer::infer(&program), program }
}

/// Standard normal weights; frozen ones are positive, as variances are, and the same for all seeds.
pub fn weights(program: &Program, seed: u64) -> Weights {
    let mut streams = [Stream::new(seed, "test/weights", &program.name), Stream::new(0, "test/frozen", &program.name)];
    let mut weights = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        let [trained, frozen] = &mut streams;
        for entry in values {
            *entry = if parameter.trainable { trained.normal() } else { frozen.normal().exp() };
        }
    }
    weights
}

/// A random element of each group that control moves along, one after the other.
pub fn somewhere_on_the_orbit(program: &Program, symmetries: &Symmetries, weights: &Weights, seed: u64) -> Weights {
    let mut stream = Stream::new(seed, "test/elements", &program.name);
    let left = control::left(symmetries);
    let moved = (0..symmetries.spaces.len()).filter(|&space| !left.contains(&symmetries.spaces[space].name));
    moved.fold(weights.clone(), |at, space| action::random_element(program, symmetries, space, &at, &mut || stream.normal()))
}

/// The largest difference of an entry.
pub fn distance(one: &Weights, other: &Weights) -> f64 {
    one.values.iter().flatten().zip(other.values.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The largest difference of an output on random inputs, relative to the largest output.
pub fn change_of_outputs(program: &Program, one: &Weights, other: &Weights) -> f64 {
    let mut stream = Stream::new(3, "test/inputs", &program.name);
    let width = |input: &sym_ir::Input| input.shape.iter().map(|axis| axis.size as usize).product();
    let inputs: Vec<Inputs> = program
        .inputs
        .iter()
        .map(|input| Inputs::of((0..20 * width(input)).map(|_| stream.normal()).collect(), width(input)))
        .collect();
    let of = |weights: &Weights| evaluate::outputs(program, weights, &inputs).expect("the program can be executed");
    let (one, other) = (of(one), of(other));
    let largest = one.iter().map(|entry| entry.abs()).fold(0.0, f64::max);
    one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest
}
