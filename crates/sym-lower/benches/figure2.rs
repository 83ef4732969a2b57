//! One gradient-descent step of the student of Figure 2 (`examples/paper/fig02.sym`) on burn's reference backend: 10-64-64-64-64-1 with tanh, 300
//! examples, mean squared error, forward, backward and update: `cargo bench -p sym-lower`.

use burn::tensor::{DType, Device, Tensor};
use divan::Bencher;
use sym_infer::Weights;
use sym_ir::{Builder, Builtin, Program};
use sym_lower::{Array, Module};

const EXAMPLES: usize = 300;

fn main() {
    divan::main();
}

#[divan::bench]
fn single_precision(bencher: Bencher) {
    step(bencher, DType::F32);
}

#[divan::bench]
fn double_precision(bencher: Bencher) {
    step(bencher, DType::F64);
}

fn step(bencher: Bencher, dtype: DType) {
    let mut student = Student::new(dtype);
    bencher.bench_local(|| student.step());
}

fn program() -> Program {
    let mut builder = Builder::new("Student");
    let mut hidden = builder.input("x", &[10]);
    for layer in 1..=4 {
        hidden = builder.linear(&format!("fc{layer}"), hidden, 64, true);
        hidden = builder.map(Builtin::Tanh, hidden);
    }
    let output = builder.linear("head", hidden, 1, true);
    builder.output("output", output);
    builder.finish()
}

/// Smooth numbers without a pattern that matters here.
fn numbers(count: usize, scale: f64) -> Vec<f64> {
    (0..count).map(|at| (at as f64 * 12.9898).sin() * scale).collect()
}

struct Student {
    module: Module,
    inputs: Vec<Array>,
    targets: Tensor<2>,
}

impl Student {
    fn new(dtype: DType) -> Self {
        let program = program();
        let mut weights = Weights::zeros(&program);
        for values in &mut weights.values {
            *values = numbers(values.len(), 0.1);
        }
        let device = Device::flex().autodiff();
        let module = Module::new(&program, &weights, &device, dtype).expect("a small network can be executed");
        let inputs = vec![Array::from_values(&numbers(EXAMPLES * 10, 1.0), &[EXAMPLES, 10], &device, dtype)];
        let Array::R2(targets) = Array::from_values(&numbers(EXAMPLES, 1.0), &[EXAMPLES, 1], &device, dtype) else {
            unreachable!("two sizes make two axes")
        };
        Self { module, inputs, targets }
    }

    fn step(&mut self) {
        let ids: Vec<_> = self.module.program().parameter_ids().map(|(id, _)| id).collect();
        let Array::R2(output) = self.module.forward(&self.inputs).remove(0) else {
            unreachable!("a batch of vectors has two axes")
        };
        let difference = output - self.targets.clone();
        let loss = (difference.clone() * difference).mean();
        let gradients = self.module.gradients(&loss);
        for (id, gradient) in ids.into_iter().zip(gradients) {
            let gradient = gradient.expect("every parameter is used");
            let value = self.module.parameter(id).inner() + gradient.scale(-0.05);
            self.module.set_parameter(id, value);
        }
    }
}
