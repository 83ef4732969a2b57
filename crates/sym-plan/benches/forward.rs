//! Forward passes of planned programs, microseconds a run: `cargo bench --workspace --bench forward`.

use std::time::Instant;
use sym_ir::{Builder, Builtin, InputId, ParameterId, Program};
use sym_plan::Plan;

fn student() -> Program {
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

fn time(name: &str, program: &Program, batch: usize) {
    let mut plan = Plan::<f32>::new(program, batch);
    for at in 0..program.parameters.len() {
        let values = plan.parameter_mut(ParameterId(at as u32));
        values.iter_mut().enumerate().for_each(|(at, value)| *value = (at as f32 * 12.9898).sin() * 0.1);
    }
    for at in 0..program.inputs.len() {
        let values = plan.input_mut(InputId(at as u32));
        values.iter_mut().enumerate().for_each(|(at, value)| *value = (at as f32 * 12.9898).sin());
    }
    plan.run();
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..10 {
            plan.run();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e5);
    }
    println!("{name}: {best:.1} µs, {} steps, {} entries", plan.steps(), plan.entries());
}

fn main() {
    time("student", &student(), 300);
}
