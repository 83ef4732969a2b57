//! One gradient-descent step of the student of Figure 2 (`examples/paper/fig02.sym`): 10-64-64-64-64-1 with tanh, 300 examples, mean squared
//! error, forward, backward and update. Prints microseconds a step, the least and the median over rounds, for each number type:
//! `cargo bench -p sym-lower --bench figure2`.

use burn::tensor::{DType, Device, Tensor};
use std::time::Instant;
use sym_infer::Weights;
use sym_ir::{Builder, Builtin, Program};
use sym_lower::{Array, Module};

const EXAMPLES: usize = 300;
const STEPS: usize = 200;
const ROUNDS: usize = 9;

fn main() {
    for (name, dtype) in [("f32", DType::F32), ("f64", DType::F64)] {
        let mut student = Student::new(dtype);
        student.steps(STEPS);
        let mut times: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                student.steps(STEPS);
                start.elapsed().as_secs_f64() * 1e6 / STEPS as f64
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name} {:.1} {:.1}", times[0], times[ROUNDS / 2]);
    }
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

    fn steps(&mut self, count: usize) {
        let ids: Vec<_> = self.module.program().parameter_ids().map(|(id, _)| id).collect();
        for _ in 0..count {
            let Array::R2(output) = self.module.forward(&self.inputs).remove(0) else {
                unreachable!("a batch of vectors has two axes")
            };
            let difference = output - self.targets.clone();
            let loss = (difference.clone() * difference).mean();
            let gradients = self.module.gradients(&loss);
            for (&id, gradient) in ids.iter().zip(gradients) {
                let gradient = gradient.expect("every parameter is used");
                let value = self.module.parameter(id).inner() + gradient.scale(-0.05);
                self.module.set_parameter(id, value);
            }
        }
    }
}
