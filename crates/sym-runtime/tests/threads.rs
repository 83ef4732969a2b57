//! A plan has the same bits on any number of threads.

#[path = "support/large.rs"]
mod large;
#[path = "support/steps.rs"]
mod steps;
#[path = "support/texts.rs"]
mod texts;

use large::MODELS;
use sym_ir::{InputId, ParameterId, Program};
use sym_plan::{Plan, Real};
use sym_runtime::Stream;
use sym_runtime::engine::{Engine, Pace};

/// The bits of all outputs: the model's and the gradients of a random linear function of them.
fn bits<T: Real>(program: &Program, batch: usize, number: impl Fn(f64) -> T, back: impl Fn(T) -> f64) -> Vec<Vec<u64>> {
    let trained: Vec<ParameterId> = program.parameter_ids().map(|(id, _)| id).collect();
    let derivative = sym_diff::vjp(program, &trained, &[]);
    let mut plan = Plan::staged(&derivative, batch, &[program.nodes.len()]);
    let mut stream = Stream::new(0, "threads", "");
    for at in 0..derivative.parameters.len() {
        plan.parameter_mut(ParameterId(at as u32)).iter_mut().for_each(|value| *value = number(0.1 * stream.normal()));
    }
    for at in 0..derivative.inputs.len() {
        plan.input_mut(InputId(at as u32)).iter_mut().for_each(|value| *value = number(stream.normal()));
    }
    plan.run();
    plan.run();
    (0..derivative.outputs.len()).map(|at| plan.output(at).iter().map(|&value| back(value).to_bits()).collect()).collect()
}

fn on<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(work)
}

#[test]
fn no_number_of_threads_changes_a_bit() {
    for (what, text, batch) in MODELS {
        let program = texts::model(text);
        let [one, two, three] = [1, 2, 3].map(|threads| {
            on(threads, || (bits(&program, batch, |x| x as f32, f64::from), bits(&program, batch, |x| x, |x: f64| x)))
        });
        assert!(one.1.iter().flatten().all(|&bits| f64::from_bits(bits).is_finite()), "{what}");
        for (threads, other) in [(2, two), (3, three)] {
            let same = |one: &[Vec<u64>], other: &[Vec<u64>]| one.iter().zip(other).position(|(one, other)| one != other);
            assert_eq!(same(&one.0, &other.0), None, "{what}: an f32 output with {threads} threads");
            assert_eq!(same(&one.1, &other.1), None, "{what}: an f64 output with {threads} threads");
        }
    }
}

#[test]
fn no_number_of_threads_changes_a_step() {
    for (what, text, batch) in MODELS {
        let program = texts::model(text);
        let [one, two, three] = [1, 2, 3].map(|threads| {
            on(threads, || {
                let mut engine = steps::engine(&program, batch);
                let losses: Vec<f64> = (0..3).map(|_| engine.step(None, Pace::FULL)).collect();
                (losses, engine.weights().values)
            })
        });
        assert!(one.0.iter().all(|loss| loss.is_finite()), "{what}");
        assert!(one == two, "{what}: two threads");
        assert!(one == three, "{what}: three threads");
    }
}
