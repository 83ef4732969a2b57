//! The comparison of an emitted module with the interpreter of its program.

use crate::miniature::miniature;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorCreationOptions, TensorData};
use std::collections::BTreeMap;
use std::path::Path;
use sym_compiler::{Settings, compile};
use sym_infer::Weights;
use sym_ir::{Entries, Program};
use sym_lower::Array;
use sym_streams::Stream;

/// An emitted module, however many inputs and outputs it has.
pub trait Emitted: Module {
    /// `init`.
    fn start(options: TensorCreationOptions) -> Self;
    /// `forward`.
    fn outputs(&self, inputs: &[Array]) -> Vec<Array>;
}

/// The largest difference that is rounding, relative to the largest entry where that exceeds 1.
const ROUNDING: f64 = 1e-12;

/// Examples in a batch.
const BATCH: usize = 3;

/// Compares an emitted module with the interpreter: its constants, its outputs and the gradients of half their squares.
///
/// # Panics
///
/// Where they differ by more than rounding.
pub fn compare<M: Emitted>(file: &str, model: &str) {
    let program = program(file, model);
    let device = Device::flex().autodiff();
    let mut weights = Weights::zeros(&program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        let mut stream = Stream::new(0, "weights", &parameter.path);
        for value in values.iter_mut() {
            *value = 0.5 * stream.normal();
        }
        if let Some(given) = parameter.given() {
            values.copy_from_slice(&given);
        }
        let frozen = parameter.frozen_entries();
        for (place, value) in frozen.places.into_iter().zip(frozen.values) {
            values[place] = value;
        }
    }
    let module = M::start(TensorCreationOptions::from((&device, DType::F64)));
    check_constants(&program, &module);
    let by_path: BTreeMap<String, &Vec<f64>> =
        program.parameters.iter().zip(&weights.values).map(|(parameter, values)| (plain(&parameter.path), values)).collect();
    let module = module.map(&mut Fill { path: Place::default(), values: &by_path });
    let interpreter = sym_lower::Module::new(&program, &weights, &device, DType::F64).expect("it can be executed");

    let inputs = inputs(&program, &device);
    let (found, expected) = (module.outputs(&inputs), interpreter.forward(&inputs));
    for ((found, expected), output) in found.iter().zip(&expected).zip(&program.outputs) {
        close(&format!("output `{}`", output.name), found, expected);
    }
    if program.trainable_entries() == Some(0) {
        return;
    }
    let record = half_squares(&found).backward();
    let mut gradients = Collect { path: Place::default(), record: &record, found: BTreeMap::new() };
    module.visit(&mut gradients);
    let expected = interpreter.gradients(&half_squares(&expected));
    for (parameter, expected) in program.parameters.iter().zip(expected) {
        let found = gradients.found.get(&plain(&parameter.path)).expect("every parameter is a field");
        match (found, expected) {
            (Some(found), Some(expected)) => close(&format!("gradient of `{}`", parameter.path), found, &expected),
            (None, None) => {}
            (found, expected) => panic!(
                "`{}` has a gradient in {}",
                parameter.path,
                if found.is_some() && expected.is_none() { "the module alone" } else { "the interpreter alone" }
            ),
        }
    }
}

fn program(file: &str, model: &str) -> Program {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(file);
    let compiled = compile(&path, &Settings::default());
    let model = compiled.document.models.values().find(|candidate| candidate.program.name == model);
    miniature(&model.expect("the file has the model").program)
}

/// What the file gives is in the module from the start, and frozen tensors are never trained.
fn check_constants<M: Emitted>(program: &Program, module: &M) {
    let mut seen = Constants { path: Place::default(), found: BTreeMap::new() };
    module.visit(&mut seen);
    let masks = program.parameters.iter().filter(|parameter| parameter.role.mask.is_some()).count();
    assert_eq!(seen.found.len(), program.parameters.len() + masks, "fields of `{}`", program.name);
    for parameter in &program.parameters {
        let (values, trained) = &seen.found[&plain(&parameter.path)];
        assert_eq!(*trained, parameter.trainable, "whether `{}` is trained", parameter.path);
        if let Some(given) = parameter.given() {
            assert_eq!(*values, given, "the values of `{}`", parameter.path);
        }
    }
}

fn inputs(program: &Program, device: &Device) -> Vec<Array> {
    let arrays = program.inputs.iter().map(|input| {
        let sizes: Vec<usize> = std::iter::once(BATCH).chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
        let mut stream = Stream::new(0, "inputs", &input.name);
        let values: Vec<f64> = (0..sizes.iter().product())
            .map(|_| match input.entries {
                Entries::Real => stream.normal(),
                Entries::Integer { below } => stream.below(below as u64) as f64,
            })
            .collect();
        Array::from_values(&values, &sizes, device, DType::F64)
    });
    arrays.collect()
}

/// An input as a tensor of the rank that a module takes.
///
/// # Panics
///
/// If it has another rank.
pub fn tensor<const D: usize>(array: &Array) -> Tensor<D> {
    let data = TensorData::new(array.values(), array.dims());
    Tensor::from_data(data, (&array.device(), DType::F64))
}

/// An input of whole numbers as a tensor of integers.
///
/// # Panics
///
/// If it has another rank.
pub fn numbers<const D: usize>(array: &Array) -> Tensor<D, Int> {
    let values: Vec<i64> = array.values().iter().map(|value| *value as i64).collect();
    Tensor::from_data(TensorData::new(values, array.dims()), &array.device())
}

fn half_squares(outputs: &[Array]) -> Tensor<1> {
    let sums = outputs.iter().map(|output| {
        let flat = output.clone().flat();
        (flat.clone() * flat).sum() * 0.5
    });
    sums.reduce(|sum, other| sum + other).expect("a program has an output")
}

fn close(what: &str, found: &Array, expected: &Array) {
    assert_eq!(found.dims(), expected.dims(), "sizes of {what}");
    let (found, expected) = (found.values(), expected.values());
    let size = expected.iter().fold(1.0f64, |size, value| size.max(value.abs()));
    let difference = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0f64, f64::max);
    assert!(difference <= ROUNDING * size, "{what} differs by {difference:e}, where the largest entry is {size:e}");
}

/// A path without the marks by which fields differ from it: `in_.layer_norm.weight_scale` is `in.LayerNorm.weight.scale`.
fn plain(path: &str) -> String {
    path.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Where a visitor is.
#[derive(Default)]
struct Place(Vec<String>);

impl Place {
    fn text(&self) -> String {
        plain(&self.0.join("."))
    }
}

struct Fill<'a> {
    path: Place,
    values: &'a BTreeMap<String, &'a Vec<f64>>,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // What masks hold is the module's own.
        let Some(&values) = self.values.get(&self.path.text()) else { return param };
        let values = values.clone();
        let trained = param.is_require_grad();
        let (dims, device) = (param.val().dims(), param.val().device());
        let value = Tensor::from_data(TensorData::new(values, dims), (&device, DType::F64));
        Param::from_tensor(value).set_require_grad(trained)
    }
}

struct Constants {
    path: Place,
    found: BTreeMap<String, (Vec<f64>, bool)>,
}

impl ModuleVisitor for Constants {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val().to_data_as::<f64>().try_into_vec().expect("the data were converted to this type");
        self.found.insert(self.path.text(), (values, param.is_require_grad()));
    }
}

struct Collect<'a> {
    path: Place,
    record: &'a Gradients,
    found: BTreeMap<String, Option<Array>>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.record).map(|gradient| {
            let values = gradient.to_data_as::<f64>().try_into_vec::<f64>().expect("the data were converted to this type");
            let dims = gradient.dims();
            Array::from_values(&values, &dims, &gradient.device(), DType::F64)
        });
        self.found.insert(self.path.text(), gradient);
    }
}
