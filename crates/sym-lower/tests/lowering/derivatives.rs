//! Derived programs against burn's autodiff, differences, and each other.
//!
//! With c random cotangents of all outputs and v, u random directions in the parameters and inputs, J the Jacobian and H the Hessian of c·output:
//!
//! | derived program | is compared with | to |
//! |---|---|---|
//! | `vjp`, Jᵀc | burn's gradient of c·output | 1e-12 |
//! | `per_sample_vjp` | Jᵀc, summed over the batch | 1e-12 |
//! | `jvp`, J v | ⟨c, J v⟩ = ⟨Jᵀc, v⟩ | 1e-12 |
//! | `jvp`, J v | differences of the outputs | 1e-7 |
//! | `hessian_vector`, H v | ⟨u, H v⟩ = ⟨v, H u⟩ | 1e-11 |
//! | `vjp` of `vjp`, reverse over reverse | H u | 1e-11 |
//! | `hessian_vector`, H v | differences of Jᵀc | 1e-6 |
//!
//! Differences are central and of fourth order, with a step of 1e-6 or less, so that nothing moves by more than a thousandth. Errors are relative to the largest entry, or to the sum of absolute summands, and to 1 where those are smaller.

use crate::support::{axes, batch, numbers, program, weights};
use burn::tensor::{DType, Device};
use sym_diff::{hessian_vector, jvp, per_sample_vjp, vjp};
use sym_infer::Weights;
use sym_ir::{Builder, Entries, InputId, Operation, ParameterId, Program, ReduceKind};
use sym_lower::{Array, Module};

const BATCH: usize = 3;
const STEP: f64 = 1e-6;

/// A point of a program, with which everything is compared.
struct Point<'a> {
    program: &'a Program,
    wrt: Vec<ParameterId>,
    inputs: Vec<InputId>,
    weights: Weights,
    x: Vec<Vec<f64>>,
    cotangents: Vec<Vec<f64>>,
}

fn entries(shape: &[sym_ir::Axis]) -> usize {
    shape.iter().map(|axis| axis.size as usize).product()
}

/// Runs a program on entries of inputs, on the device given.
fn run_on(device: &Device, program: &Program, weights: &Weights, x: &[Vec<f64>]) -> (Module, Vec<Array>) {
    let module = Module::new(program, weights, device, DType::F64).expect("the program can be executed");
    let arrays: Vec<Array> = program
        .inputs
        .iter()
        .zip(x)
        .map(|(input, values)| {
            let sizes: Vec<usize> = std::iter::once(BATCH).chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
            Array::from_values(values, &sizes, device, DType::F64)
        })
        .collect();
    let outputs = module.forward(&arrays);
    (module, outputs)
}

/// The outputs without autodiff, on the host.
fn run(program: &Program, weights: &Weights, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    run_on(&Device::flex(), program, weights, x).1.iter().map(Array::values).collect()
}

fn join(first: &[Vec<f64>], second: &[Vec<f64>]) -> Vec<Vec<f64>> {
    first.iter().chain(second).cloned().collect()
}

fn moved(point: &[Vec<f64>], direction: &[Vec<f64>], by: f64) -> Vec<Vec<f64>> {
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + by * b).collect();
    point.iter().zip(direction).map(row).collect()
}

/// The derivative at 0 of rows that depend on a number, of about the size of `derivative`.
fn differences(rows: impl Fn(f64) -> Vec<Vec<f64>>, derivative: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let largest = |rows: &[Vec<f64>]| rows.iter().flatten().fold(1.0f64, |largest, entry| largest.max(entry.abs()));
    let step = STEP.min(1e-3 * largest(&rows(0.0)) / largest(derivative));
    let sum = [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)].into_iter().fold(None, |sum, (steps, weight)| {
        let rows = rows(steps * step);
        let sum = sum.unwrap_or_else(|| rows.iter().map(|row| vec![0.0; row.len()]).collect::<Vec<_>>());
        Some(moved(&sum, &rows, weight / (12.0 * step)))
    });
    sum.expect("four summands")
}

/// ⟨a, b⟩ and the sum of the sizes of its summands.
fn dot(a: &[Vec<f64>], b: &[Vec<f64>]) -> (f64, f64) {
    let products = || a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b);
    (products().sum(), products().map(f64::abs).sum())
}

fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: number of entries");
    let scale = expected.iter().fold(1.0f64, |scale, entry| scale.max(entry.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(error <= tolerance, "{what}, entry {at}: {found} instead of {expected}, {error:e} of {scale}");
    }
}

fn assert_same(what: &str, (a, size): (f64, f64), (b, other): (f64, f64), tolerance: f64) {
    let scale = size.max(other).max(1.0);
    assert!((a - b).abs() <= tolerance * scale, "{what}: {a} and {b}, {:e} of {scale}", (a - b).abs() / scale);
}

impl<'a> Point<'a> {
    fn new(program: &'a Program) -> Self {
        let inputs = (0..program.inputs.len() as u32).map(InputId);
        let inputs = inputs.filter(|id| program.inputs[id.0 as usize].entries == Entries::Real).collect();
        let cotangents = program
            .outputs
            .iter()
            .enumerate()
            .map(|(at, output)| numbers(BATCH * entries(&program.node(output.value).shape), 400 + at as u64))
            .collect();
        Self {
            program,
            wrt: program.parameter_ids().map(|(id, _)| id).collect(),
            inputs,
            weights: weights(program, 5),
            x: batch(program, BATCH, &Device::flex(), DType::F64).0.iter().map(Array::values).collect(),
            cotangents,
        }
    }

    /// A direction of the parameters, and one of the inputs.
    fn direction(&self, seed: u64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let of_parameters = self.program.parameters.iter().enumerate();
        let of_inputs = self.inputs.iter().map(|id| entries(&self.program.inputs[id.0 as usize].shape));
        (
            of_parameters.map(|(at, parameter)| numbers(entries(&parameter.shape), seed + at as u64)).collect(),
            of_inputs.enumerate().map(|(at, count)| numbers(BATCH * count, seed + 500 + at as u64)).collect(),
        )
    }

    /// Gradients of parameters, then of inputs.
    fn gradients(&self) -> Vec<Vec<f64>> {
        let derived = vjp(self.program, &self.wrt, &self.inputs);
        run(&derived, &self.weights, &join(&self.x, &self.cotangents)).split_off(self.program.outputs.len())
    }

    fn assert_gradients_of_burn(&self, gradients: &[Vec<f64>]) {
        if !self.program.parameters.iter().any(|parameter| parameter.trainable) {
            return;
        }
        let device = Device::flex().autodiff();
        let (module, outputs) = run_on(&device, self.program, &self.weights, &self.x);
        let loss = outputs.into_iter().zip(&self.cotangents).zip(&self.program.outputs).map(|((value, cotangent), output)| {
            let size = cotangent.len() / BATCH;
            // One that is not batched counts with the sum of its cotangents.
            let factors: Vec<f64> = if self.program.node(output.value).batched {
                cotangent.clone()
            } else {
                (0..size).map(|at| (0..BATCH).map(|example| cotangent[example * size + at]).sum()).collect()
            };
            (value.flat() * Array::from_values(&factors, &[factors.len()], &device, DType::F64).flat()).sum()
        });
        let loss = loss.reduce(|sum, part| sum + part).expect("at least one output");
        for (at, found) in module.gradients(&loss).into_iter().enumerate() {
            let parameter = &self.program.parameters[at];
            if !parameter.trainable {
                continue;
            }
            let mut own = gradients[at].clone();
            parameter.frozen_entries().places.into_iter().for_each(|place| own[place] = 0.0);
            let expected = found.map_or_else(|| vec![0.0; own.len()], |array| array.values());
            assert_near(&format!("gradient of `{}`", parameter.path), &own, &expected, 1e-12);
        }
    }

    fn assert_per_sample(&self, gradients: &[Vec<f64>]) {
        let derived = per_sample_vjp(self.program, &self.wrt, &[]);
        let found = run(&derived, &self.weights, &join(&self.x, &self.cotangents)).split_off(self.program.outputs.len());
        for (at, found) in found.iter().enumerate() {
            let size = found.len() / BATCH;
            let sum: Vec<f64> = (0..size).map(|at| (0..BATCH).map(|example| found[example * size + at]).sum()).collect();
            let path = &self.program.parameters[at].path;
            assert_near(&format!("gradients of `{path}` by example"), &sum, &gradients[at], 1e-12);
        }
    }

    fn assert_tangents(&self, gradients: &[Vec<f64>]) {
        let (v, u) = self.direction(900);
        let derived = jvp(self.program, &self.wrt, &self.inputs);
        let weights = Weights { values: join(&self.weights.values, &v) };
        let count = self.program.outputs.len();
        let tangents = run(&derived, &weights, &join(&self.x, &u)).split_off(count);

        // ⟨c, J v⟩ by output: one that is not batched meets the sum of its cotangents.
        let repeated: Vec<Vec<f64>> = tangents.iter().zip(&self.cotangents).map(|(t, c)| t.repeat(c.len() / t.len())).collect();
        assert_same(
            "products of cotangents and tangents",
            dot(&self.cotangents, &repeated),
            dot(gradients, &join(&v, &u)),
            1e-12,
        );

        let mut directions: Vec<Vec<f64>> = self.x.iter().map(|x| vec![0.0; x.len()]).collect();
        self.inputs.iter().zip(&u).for_each(|(id, u)| directions[id.0 as usize].clone_from(u));
        let at = |by: f64| {
            let weights = Weights { values: moved(&self.weights.values, &v, by) };
            run(self.program, &weights, &moved(&self.x, &directions, by))
        };
        for (tangent, expected) in tangents.iter().zip(differences(at, &tangents)) {
            assert_near("tangent", tangent, &expected, 1e-7);
        }
    }

    fn assert_second_derivatives(&self) {
        let derived = hessian_vector(self.program, &self.wrt);
        let x = join(&self.x, &self.cotangents);
        let first = self.program.outputs.len() + self.wrt.len();
        let product = |v: &[Vec<f64>]| {
            let weights = Weights { values: join(&self.weights.values, v) };
            run(&derived, &weights, &x).split_off(first)
        };
        let (v, u) = (self.direction(1300).0, self.direction(1700).0);
        let (along_v, along_u) = (product(&v), product(&u));
        assert_same("products with the Hessian", dot(&u, &along_v), dot(&v, &along_u), 1e-11);

        // Cotangents of gradients count with their sum over the batch: that of the first example alone.
        let gradient = vjp(self.program, &self.wrt, &[]);
        let first_alone = u.iter().map(|u| u.iter().copied().chain(vec![0.0; (BATCH - 1) * u.len()]).collect());
        let cotangents: Vec<Vec<f64>> = self.cotangents.iter().map(|c| vec![0.0; c.len()]).chain(first_alone).collect();
        let twice = run(&vjp(&gradient, &self.wrt, &[]), &self.weights, &join(&x, &cotangents)).split_off(first);
        for (at, (twice, along)) in twice.iter().zip(&along_u).enumerate() {
            assert_near(&format!("curvature of `{}` in reverse", self.program.parameters[at].path), twice, along, 1e-11);
        }

        let at = |by: f64| {
            let weights = Weights { values: moved(&self.weights.values, &v, by) };
            run(&gradient, &weights, &x).split_off(self.program.outputs.len())
        };
        for (at, expected) in differences(at, &along_v).into_iter().enumerate() {
            assert_near(&format!("curvature of `{}`", self.program.parameters[at].path), &along_v[at], &expected, 1e-6);
        }
    }
}

/// Asserts all of the table above at one point of the program.
pub fn assert_derivatives(program: &Program) {
    let point = Point::new(program);
    let gradients = point.gradients();
    assert!(gradients.iter().flatten().all(|entry| entry.is_finite()), "gradients are finite");
    point.assert_gradients_of_burn(&gradients);
    point.assert_per_sample(&gradients);
    point.assert_tangents(&gradients);
    point.assert_second_derivatives();
}

#[test]
fn of_equal_entries_the_first_takes_the_gradient() {
    for (kind, removed, left) in
        [(ReduceKind::Max, vec![1], vec![2, 4]), (ReduceKind::Min, vec![0, 2], vec![3]), (ReduceKind::Max, vec![0, 1, 2], vec![])]
    {
        let program = program(|b| {
            let value = b.parameter("w", &[2, 3, 4]);
            b.push(Operation::Reduce { value, kind, axes: removed.clone() }, axes(&left), "reduce")
        });
        let mut point = Point::new(&program);
        point.weights.values[0].fill(1.0);
        point.assert_gradients_of_burn(&point.gradients());
    }
}

/// An output of parameters alone beside one of each example, and a parameter that one of them reads twice.
#[test]
fn outputs_with_and_without_a_batch() {
    let mut b = Builder::new("Case");
    let (x, w) = (b.input("x", &[3]), b.parameter("w", &[3]));
    let square = b.einsum("i,i->", &[w, w]);
    let scaled = b.einsum("i,i->i", &[w, x]);
    let shifted = b.add(&[scaled, square]);
    b.output("square", square);
    b.output("shifted", shifted);
    assert_derivatives(&b.finish());
}
