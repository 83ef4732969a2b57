//! Both engines take the same steps.

use super::{Engine, Interpreted, Pace, Planned, Running, Task};
use crate::data::{Examples, Inputs, Table, Targets};
use crate::{Stream, testing};
use burn::tensor::{DType, Device};
use sym_infer::Weights;
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};
use sym_ir::{Builder, Operation, Program};

const EXAMPLES: usize = 7;

fn drawn(stream: &mut Stream, loss: Loss) -> Examples {
    let inputs = vec![Inputs::of((0..EXAMPLES * 4).map(|_| stream.normal()).collect(), 4)];
    let targets = match loss {
        Loss::Mse => Targets::Numbers(Table { values: (0..EXAMPLES * 3).map(|_| stream.normal()).collect(), width: 3 }),
        Loss::CrossEntropy => Targets::Classes((0..EXAMPLES).map(|at| at % 3).collect()),
    };
    Examples { inputs, targets }
}

/// Weights that are standard normal.
fn normal(program: &Program, stream: &mut Stream) -> Weights {
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|value| *value = stream.normal());
    weights
}

/// Plain gradient steps of length 0.01 on all examples, whose outputs have three entries.
fn task<'a>(program: &'a Program, weights: &'a Weights, loss: Loss, examples: &'a Examples) -> Task<'a> {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    let optimizer = Optimizer { rule, learning_rate: 0.01, decay: 0.0, decay_kind: DecayKind::Coupled, batch: None };
    Task { program, weights, loss, smoothing: 0.0, optimizer, divisors: None, examples, batch: None, width: 3, running: None }
}

fn largest_difference(one: &Weights, other: &Weights) -> f64 {
    let pairs = one.values.iter().flatten().zip(other.values.iter().flatten());
    pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

#[test]
fn planned_steps_are_those_of_the_interpreter() {
    let rules = [
        (Rule::Sgd { momentum: 0.0, nesterov: false }, DecayKind::Coupled),
        (Rule::Sgd { momentum: 0.9, nesterov: true }, DecayKind::Decoupled),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, DecayKind::Coupled),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, DecayKind::Decoupled),
    ];
    let program = testing::mlp(&[4, 6, 3]);
    for (loss, smoothing) in [(Loss::Mse, 0.0), (Loss::CrossEntropy, 0.0), (Loss::CrossEntropy, 0.2)] {
        for (rule, decay_kind) in rules {
            let mut stream = Stream::new(0, "engines", "");
            let examples = drawn(&mut stream, loss);
            let weights = normal(&program, &mut stream);
            let optimizer = Optimizer { rule, learning_rate: 0.01, decay: 0.1, decay_kind, batch: None };
            let task = Task { smoothing, optimizer, batch: Some(3), ..task(&program, &weights, loss, &examples) };
            let mut planned = Planned::<f64>::new(task);
            let mut interpreted = Interpreted::new(task, &Device::flex(), DType::F64).expect("it can be executed");
            // Batches of two sizes, a last one of one example, and all examples.
            let batches: [Option<&[usize]>; 5] = [Some(&[0, 4, 2]), Some(&[6, 1, 3]), Some(&[5]), None, Some(&[2, 2, 0])];
            // Whole steps, shorter ones, and gradients that are cut or short enough.
            let paces = [Pace::FULL, Pace { rate: 0.3, clip: Some(0.5) }, Pace { rate: 2.0, clip: Some(1e6) }];
            for (rows, pace) in batches.into_iter().cycle().zip(paces.into_iter().cycle()).take(20) {
                let (one, other) = (planned.step(rows, pace), interpreted.step(rows, pace));
                assert!((one - other).abs() < 1e-12 * other.abs().max(1.0), "{loss:?} {rule:?}: loss {one} and {other}");
            }
            // Other examples, more than before.
            let other = drawn(&mut stream, loss).select(&[0, 1, 2, 3, 4, 5, 6, 1, 3]);
            planned.replace(&other);
            interpreted.replace(&other);
            for rows in [None, Some(&[8, 7][..])] {
                let (one, other) = (planned.step(rows, Pace::FULL), interpreted.step(rows, Pace::FULL));
                assert!((one - other).abs() < 1e-12 * other.abs().max(1.0), "{loss:?} {rule:?}: loss {one} and {other}");
            }
            let difference = largest_difference(&planned.weights(), &interpreted.weights());
            assert!(difference < 1e-12, "{loss:?} {rule:?}: {difference}");
            let outputs = planned.outputs(&examples.inputs).into_iter().zip(interpreted.outputs(&examples.inputs));
            let difference = outputs.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
            assert!(difference < 1e-12, "{loss:?} {rule:?}: outputs differ by {difference}");
        }
    }
}

#[test]
fn a_smoothed_loss_is_the_mean_of_the_entropy_of_the_class_and_that_of_all_classes() {
    let program = testing::mlp(&[4, 6, 3]);
    let mut stream = Stream::new(0, "smoothing", "");
    let examples = drawn(&mut stream, Loss::CrossEntropy);
    let weights = normal(&program, &mut stream);
    let mut engine = Planned::<f64>::new(Task { smoothing: 0.3, ..task(&program, &weights, Loss::CrossEntropy, &examples) });
    let outputs = engine.outputs(&examples.inputs);
    let Targets::Classes(classes) = &examples.targets else { panic!("classes") };
    let surprise = |logits: &[f64], class: usize| {
        let partition: f64 = logits.iter().map(|logit| logit.exp()).sum();
        -(logits[class].exp() / partition).ln()
    };
    let of_example = |(logits, &class): (&[f64], &usize)| {
        let all: f64 = (0..3).map(|other| surprise(logits, other)).sum();
        0.7 * surprise(logits, class) + 0.1 * all
    };
    let expected: f64 = outputs.chunks(3).zip(classes).map(of_example).sum::<f64>() / classes.len() as f64;
    let found = engine.step(None, Pace::FULL);
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn a_step_is_as_long_as_the_factor_and_the_longest_gradient_say() {
    let program = testing::mlp(&[4, 6, 3]);
    let mut stream = Stream::new(0, "pace", "");
    let examples = drawn(&mut stream, Loss::Mse);
    let weights = normal(&program, &mut stream);
    let moved = |pace| {
        let mut engine = Planned::<f64>::new(task(&program, &weights, Loss::Mse, &examples));
        engine.step(None, pace);
        let after = engine.weights();
        let pairs = weights.values.iter().flatten().zip(after.values.iter().flatten());
        pairs.map(|(before, after)| after - before).collect::<Vec<f64>>()
    };
    let length = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let whole = moved(Pace::FULL);
    let gradient = length(&whole) / 0.01;
    for (pace, factor) in [
        (Pace { rate: 0.25, clip: None }, 0.25),
        (Pace { rate: 1.0, clip: Some(gradient * 2.0) }, 1.0),
        (Pace { rate: 1.0, clip: Some(gradient / 2.0) }, 0.5),
        (Pace { rate: 4.0, clip: Some(gradient / 8.0) }, 0.5),
    ] {
        let far = moved(pace).iter().zip(&whole).map(|(one, other)| (one - factor * other).abs()).fold(0.0, f64::max);
        assert!(far < 1e-15, "{pace:?}: {far}");
    }
}

/// Inputs of 2 × 2 entries, normalised over the batch and the given axes, and a layer of 3 units.
fn normalised(axes: Vec<usize>) -> Program {
    let mut builder = Builder::new("Net");
    let x = builder.input("x", &[2, 2]);
    let shape = builder.shape(x).to_vec();
    builder.scope = "bn".into();
    let normal =
        builder.push(Operation::Normalise { value: x, axes, batch: true, centre: true, epsilon: EPSILON }, shape, "normal");
    builder.scope = "".into();
    let weight = builder.parameter("weight", &[3, 2, 2]);
    let y = builder.einsum("oij,ij->o", &[weight, normal]);
    builder.output("output", y);
    builder.finish()
}

const EPSILON: f64 = 0.1;

#[test]
fn running_statistics_are_means_over_the_steps_with_the_unbiased_variance() {
    // Which statistic an entry of an input belongs to.
    for (axes, group) in [(vec![], [0, 1, 2, 3]), (vec![1], [0, 0, 1, 1]), (vec![0, 1], [0, 0, 0, 0])] {
        let program = normalised(axes);
        let mut stream = Stream::new(0, "running", "");
        let examples = drawn(&mut stream, Loss::Mse);
        let weights = normal(&program, &mut stream);
        let running = Running::of(&program, 0.2).expect("a norm over the batch");
        let task = Task { batch: Some(3), running: Some(&running), ..task(&program, &weights, Loss::Mse, &examples) };
        let planned: Box<dyn Engine> = Box::new(Planned::<f64>::new(task));
        let interpreted = Interpreted::new(task, &Device::flex(), DType::F64).expect("it can be executed");
        for mut engine in [planned, Box::new(interpreted)] {
            let count = group.iter().max().map_or(0, |last| last + 1);
            let (mut mean, mut variance) = (vec![0.0; count], vec![1.0; count]);
            for rows in [Some(&[0, 4, 2][..]), None, Some(&[5]), Some(&[6, 1, 3])] {
                engine.step(rows, Pace::FULL);
                for of in 0..count {
                    let all: Vec<usize> = (0..EXAMPLES).collect();
                    let row = |&row: &usize| examples.inputs[0].range(row, row + 1);
                    let batch: Vec<f64> = rows
                        .unwrap_or(&all)
                        .iter()
                        .flat_map(row)
                        .zip(group.into_iter().cycle())
                        .filter_map(|(value, own)| (own == of).then_some(value))
                        .collect();
                    let centre = batch.iter().sum::<f64>() / batch.len() as f64;
                    let squares: f64 = batch.iter().map(|value| (value - centre) * (value - centre)).sum();
                    mean[of] = 0.8 * mean[of] + 0.2 * centre;
                    variance[of] = 0.8 * variance[of] + 0.2 * squares / (batch.len() as f64 - 1.0).max(1.0);
                }
            }
            let found = engine.running().expect("they are kept up").values().to_vec();
            let pairs = found.iter().flatten().zip(mean.iter().chain(&variance));
            assert!(
                pairs.clone().count() == 2 * count && pairs.clone().all(|(one, other)| (one - other).abs() < 1e-14),
                "{found:?}"
            );
            let weight = &engine.weights().values[0];
            let normal = |(value, of): (f64, usize)| (value - mean[of]) / (variance[of] + EPSILON).sqrt();
            let expected: Vec<f64> = (0..EXAMPLES)
                .flat_map(|row| {
                    let z: Vec<f64> = examples.inputs[0].range(row, row + 1).into_iter().zip(group).map(normal).collect();
                    weight.chunks(4).map(move |unit| unit.iter().zip(&z).map(|(w, z)| w * z).sum::<f64>()).collect::<Vec<_>>()
                })
                .collect();
            let outputs = engine.evaluated(&examples.inputs);
            assert!(outputs.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-13), "{outputs:?} {expected:?}");
            assert_ne!(outputs, engine.outputs(&examples.inputs), "statistics of the batch are others");
        }
    }
}

#[test]
fn keeping_running_statistics_changes_no_step() {
    let program = normalised(vec![1]);
    let mut stream = Stream::new(0, "running", "");
    let examples = drawn(&mut stream, Loss::CrossEntropy);
    let weights = normal(&program, &mut stream);
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let optimizer = Optimizer { rule, learning_rate: 0.01, decay: 0.1, decay_kind: DecayKind::Coupled, batch: None };
    let running = Running::of(&program, 0.1).expect("a norm over the batch");
    let [with, without] = [Some(&running), None].map(|running| {
        let mut engine = Planned::<f32>::new(Task {
            optimizer,
            batch: Some(3),
            running,
            ..task(&program, &weights, Loss::CrossEntropy, &examples)
        });
        let losses: Vec<f64> = [&[0, 1, 2], &[3, 4, 5]].into_iter().map(|rows| engine.step(Some(rows), Pace::FULL)).collect();
        (losses, engine.weights())
    });
    assert_eq!(with, without);
}
