//! Planned execution equals the interpreter on the models of the gallery and the catalogue of layers, to rounding.

#[path = "support/large.rs"]
mod large;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/small.rs"]
mod small;

use burn::tensor::{DType, Device, Tensor};
use programs::programs;
use small::small;
use sym_infer::Weights;
use sym_ir::{Entries, InputId, ParameterId, Program};
use sym_lower::{Array, Module};
use sym_plan::{Plan, Real};
use sym_runtime::Stream;

const BATCH: usize = 3;
/// Relative to the largest entry of an output. Three layers of sin(30 x) amplify rounding by 30³.
const ROUNDING: [f64; 2] = [1e-3, 1e-11];
const SMALL: u128 = 3_000;
const LARGEST: u128 = 12_000;

fn entries(shape: &[sym_ir::Axis]) -> usize {
    shape.iter().map(|axis| axis.size as usize).product()
}

/// Random weights, and values of all inputs for a batch.
fn random(program: &Program, batch: usize) -> (Weights, Vec<Vec<f64>>) {
    let mut stream = Stream::new(0, "plans", &program.name);
    let values = program.parameters.iter().map(|parameter| {
        let scale = 1.0 / (parameter.shape.last().map_or(1.0, |axis| axis.size as f64)).sqrt();
        let mut entry = || 0.3 + scale * stream.normal();
        // Frozen tensors may be variances.
        (0..entries(&parameter.shape)).map(|_| if parameter.trainable { entry() } else { entry().abs() }).collect()
    });
    let weights = Weights { values: values.collect() };
    let inputs = program.inputs.iter().map(|input| {
        let count = entries(&input.shape) * batch;
        match input.entries {
            Entries::Real => (0..count).map(|_| stream.normal()).collect(),
            Entries::Integer { below } => (0..count).map(|_| stream.below(below as u64) as f64).collect(),
        }
    });
    let inputs = inputs.collect();
    (weights, inputs)
}

fn array(shape: &[sym_ir::Axis], values: &[f64], device: &Device, dtype: DType) -> Array {
    let batch = values.len().checked_div(entries(shape)).unwrap_or(1);
    let sizes: Vec<usize> = std::iter::once(batch).chain(shape.iter().map(|axis| axis.size as usize)).collect();
    Array::from_values(values, &sizes, device, dtype)
}

fn reference(program: &Program, weights: &Weights, inputs: &[Vec<f64>], dtype: DType) -> Vec<Vec<f64>> {
    let device = Device::flex();
    let module = Module::new(program, weights, &device, dtype).expect("it can be executed");
    let arrays: Vec<Array> =
        program.inputs.iter().zip(inputs).map(|(input, values)| array(&input.shape, values, &device, dtype)).collect();
    module.forward(&arrays).into_iter().map(|output| output.values()).collect()
}

/// A plan with these weights and inputs set.
fn plan<T: Real>(program: &Program, batch: usize, weights: &Weights, inputs: &[Vec<f64>], number: impl Fn(f64) -> T) -> Plan<T> {
    let mut plan = Plan::new(program, batch);
    for (at, values) in weights.values.iter().enumerate() {
        let target = plan.parameter_mut(ParameterId(at as u32));
        target.iter_mut().zip(values).for_each(|(target, &value)| *target = number(value));
    }
    for (at, values) in inputs.iter().enumerate() {
        let target = plan.input_mut(InputId(at as u32));
        target.iter_mut().zip(values).for_each(|(target, &value)| *target = number(value));
    }
    plan
}

/// All outputs, after two runs: nothing of the first may be left over.
fn planned<T: Real>(
    program: &Program,
    batch: usize,
    weights: &Weights,
    inputs: &[Vec<f64>],
    number: impl Fn(f64) -> T,
    back: impl Fn(T) -> f64,
) -> Vec<Vec<f64>> {
    let mut plan = plan(program, batch, weights, inputs, number);
    plan.run();
    plan.run();
    (0..program.outputs.len()).map(|at| plan.output(at).iter().map(|&value| back(value)).collect()).collect()
}

/// The largest difference, relative to the largest entry.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    difference_to(found, expected, expected.iter().map(|value| value.abs()).fold(f64::MIN_POSITIVE, f64::max))
}

/// The largest difference, relative to a number.
fn difference_to(found: &[f64], expected: &[f64], largest: f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).fold(0.0, |worst: f64, (found, expected)| {
        let difference = (found - expected).abs() / largest;
        if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
    })
}

fn trained(program: &Program) -> Vec<ParameterId> {
    program.parameter_ids().filter(|(_, parameter)| parameter.trainable).map(|(id, _)| id).collect()
}

/// The gradient of ∑ c ⊙ output over all outputs that are batched, by burn.
fn reference_gradients(
    program: &Program,
    weights: &Weights,
    inputs: &[Vec<f64>],
    cotangents: &[Vec<f64>],
    dtype: DType,
) -> Vec<Vec<f64>> {
    let device = Device::flex().autodiff();
    let module = Module::new(program, weights, &device, dtype).expect("it can be executed");
    let arrays: Vec<Array> =
        program.inputs.iter().zip(inputs).map(|(input, values)| array(&input.shape, values, &device, dtype)).collect();
    let mut loss: Option<Tensor<1>> = None;
    for ((output, array), cotangent) in program.outputs.iter().zip(module.forward(&arrays)).zip(cotangents) {
        assert!(program.node(output.value).batched);
        let sizes = array.dims();
        let part = (array.flat() * Array::from_values(cotangent, &sizes, &device, dtype).flat()).sum();
        loss = Some(match loss {
            Some(loss) => loss + part,
            None => part,
        });
    }
    let gradients = module.gradients(&loss.expect("a program has an output"));
    trained(program)
        .into_iter()
        .map(|id| {
            let zeros = || vec![0.0; entries(&program.parameter(id).shape)];
            gradients[id.0 as usize].as_ref().map_or_else(zeros, Array::values)
        })
        .collect()
}

/// The same by a plan of the derivative, in two stages and twice.
fn planned_gradients<T: Real>(
    program: &Program,
    batch: usize,
    weights: &Weights,
    inputs: &[Vec<f64>],
    cotangents: &[Vec<f64>],
    number: impl Fn(f64) -> T,
    back: impl Fn(T) -> f64,
) -> Vec<Vec<f64>> {
    let derivative = sym_diff::vjp(program, &trained(program), &[]);
    let mut plan = Plan::staged(&derivative, batch, &[program.nodes.len()]);
    for (at, values) in weights.values.iter().enumerate() {
        let target = plan.parameter_mut(ParameterId(at as u32));
        target.iter_mut().zip(values).for_each(|(target, &value)| *target = number(value));
    }
    for _ in 0..2 {
        for (at, values) in inputs.iter().enumerate() {
            let target = plan.input_mut(InputId(at as u32));
            target.iter_mut().zip(values).for_each(|(target, &value)| *target = number(value));
        }
        plan.run_stage(0);
        for (at, values) in cotangents.iter().enumerate() {
            let target = plan.input_mut(InputId((inputs.len() + at) as u32));
            target.iter_mut().zip(values).for_each(|(target, &value)| *target = number(value));
        }
        plan.run_stage(1);
    }
    let first = program.outputs.len();
    (first..derivative.outputs.len()).map(|at| plan.output(at).iter().map(|&value| back(value)).collect()).collect()
}

/// Gradients that differ, with the parameter.
fn wrong_gradients(name: &str, program: &Program, batch: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    if program.outputs.iter().any(|output| !program.node(output.value).batched) {
        return wrong;
    }
    let (weights, inputs) = random(program, batch);
    let mut stream = Stream::new(1, "plans", &program.name);
    let cotangents: Vec<Vec<f64>> = program
        .outputs
        .iter()
        .map(|output| (0..batch * entries(&program.node(output.value).shape)).map(|_| stream.normal()).collect())
        .collect();
    let single = planned_gradients(program, batch, &weights, &inputs, &cotangents, |x| x as f32, f64::from);
    let double = planned_gradients(program, batch, &weights, &inputs, &cotangents, |x| x, |x: f64| x);
    for (dtype, found, tolerance) in [(DType::F32, single, ROUNDING[0]), (DType::F64, double, ROUNDING[1])] {
        let expected = reference_gradients(program, &weights, &inputs, &cotangents, dtype);
        let largest = expected.iter().flatten().map(|value| value.abs()).fold(f64::MIN_POSITIVE, f64::max);
        for ((found, expected), id) in found.iter().zip(&expected).zip(trained(program)) {
            let difference = difference_to(found, expected, largest);
            if difference > tolerance {
                wrong.push(format!("{name} {dtype:?} {}: {difference:.1e}", program.parameter(id).path));
            }
        }
    }
    wrong
}

/// Outputs that differ.
fn wrong_outputs(name: &str, program: &Program, batch: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let (weights, inputs) = random(program, batch);
    let single = planned(program, batch, &weights, &inputs, |x| x as f32, f64::from);
    let double = planned(program, batch, &weights, &inputs, |x| x, |x: f64| x);
    for (dtype, found, tolerance) in [(DType::F32, single, ROUNDING[0]), (DType::F64, double, ROUNDING[1])] {
        let expected = reference(program, &weights, &inputs, dtype);
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let difference = difference(found, expected);
            if difference.is_nan() || difference > tolerance {
                wrong.push(format!("{name} {dtype:?} output {at}: {difference:.1e}"));
            }
        }
    }
    wrong
}

/// Checks all models of a folder at sizes at which they are quick.
fn check(folder: &str, wrong: impl Fn(&str, &Program, usize) -> Vec<String>) {
    let found: Vec<String> = programs(folder)
        .into_iter()
        .filter_map(|(name, program)| Some((name, small(&program, SMALL, LARGEST)?)))
        .flat_map(|(name, program)| wrong(&name, &program, BATCH))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_gallery_runs_as_planned() {
    check("examples/gallery", wrong_outputs);
}

#[test]
fn the_catalogue_runs_as_planned() {
    check("tests/catalogue", wrong_outputs);
}

#[test]
fn derivatives_of_the_gallery_run_as_planned() {
    check("examples/gallery", wrong_gradients);
}

#[test]
fn derivatives_of_the_catalogue_run_as_planned() {
    check("tests/catalogue", wrong_gradients);
}

#[test]
fn the_standard_blocks_and_their_derivatives_run_as_planned() {
    let mut found = Vec::new();
    for file in ["norms", "convolutions", "attention", "transformers", "experts", "recurrences", "factorised"] {
        let path = format!("{}/../sym-ir/tests/ok/std_{file}.sym", env!("CARGO_MANIFEST_DIR"));
        let programs = programs::compiled(file, &std::fs::read_to_string(&path).expect("the golden test is there"));
        assert!(!programs.is_empty(), "{path}");
        for (name, program) in programs {
            let program = small(&program, SMALL, LARGEST).unwrap_or(program);
            found.extend(wrong_outputs(&name, &program, BATCH));
            found.extend(wrong_gradients(&name, &program, BATCH));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn large_models_run_as_planned() {
    let mut found = Vec::new();
    for (what, text, batch) in large::MODELS {
        for (_, program) in programs::compiled(what, text) {
            found.extend(wrong_outputs(what, &program, batch));
            found.extend(wrong_gradients(what, &program, batch));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
