//! Charges and motion: what the generators conserve, at random weights and along trajectories.
//!
//! For a symmetric generator A the charge is ½θᵀAθ with gradient Aθ. Gradient flow keeps it as ⟨Aθ, ∇L⟩ = 0; how many charges are independent
//! is the rank of their gradients. With momentum, θ̈ + μθ̇ = −∇L, d/dt e^{μt}⟨Aθ, θ̇⟩ = e^{μt}⟨Aθ̇, θ̇⟩, which vanishes for antisymmetric A.

mod support;

use support::networks::mlp;
use support::numbers::{generic, inputs, jacobian};
use support::rank::{Normal, rank};
use sym_infer::{Field, Generators, MatrixFrame, Weights, infer};
use sym_ir::{Builtin, Program};

/// Positions of a parameter's entries by their index along one axis, and along all others.
fn entries(program: &Program, frame: &MatrixFrame) -> Vec<Vec<usize>> {
    assert_eq!((frame.axes.len(), frame.over.len()), (1, 0), "a plain axis");
    let shape: Vec<usize> = program.parameter(frame.parameter).shape.iter().map(|axis| axis.size as usize).collect();
    let (axis, inner) = (frame.axes[0], shape[frame.axes[0] + 1..].iter().product::<usize>());
    let all: usize = shape.iter().product();
    (0..shape[axis]).map(|unit| (0..all).filter(|at| at / inner % shape[axis] == unit).collect()).collect()
}

/// Aθ for the matrix with A[p, q] = 1 and A[q, p] = `mirrored` on a space: A W on primal frames, −Aᵀ W on dual ones.
fn matrix_motion(program: &Program, frames: &[MatrixFrame], (p, q): (usize, usize), mirrored: f64, at: &Weights) -> Weights {
    let mut motion = Weights::zeros(program);
    for frame in frames {
        let number = frame.parameter.0 as usize;
        let places = entries(program, frame);
        // Entry (p, q) of A or of −Aᵀ.
        let (upper, lower) = if frame.dual { (-mirrored, -1.0) } else { (1.0, mirrored) };
        for (&one, &other) in places[p].iter().zip(&places[q]) {
            motion.values[number][one] += upper * at.values[number][other];
            if p != q {
                motion.values[number][other] += lower * at.values[number][one];
            }
        }
    }
    motion
}

/// Aθ for one number of a scale field.
fn scale_motion(program: &Program, field: &Field, unit: usize, at: &Weights) -> Weights {
    let mut motion = Weights::zeros(program);
    for entry in &field.entries {
        assert!(!entry.shift, "a linear action");
        let frame = MatrixFrame {
            parameter: entry.parameter,
            axes: entry.axes.clone(),
            over: Vec::new(),
            dual: false,
            gains: Vec::new(),
        };
        let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
        for &place in &entries(program, &frame)[unit] {
            motion.values[entry.parameter.0 as usize][place] += degree * at.values[entry.parameter.0 as usize][place];
        }
    }
    motion
}

/// Aθ for all symmetric generators of the claimed groups.
fn charges(program: &Program, at: &Weights) -> Vec<Weights> {
    let mut all = Vec::new();
    for space in &infer(program).spaces {
        match &space.generators {
            Generators::Matrices { frames, .. } => {
                let n = space.size as usize;
                let pairs = (0..n).flat_map(|p| (0..=p).map(move |q| (p, q)));
                all.extend(pairs.map(|pair| matrix_motion(program, frames, pair, 1.0, at)));
            }
            Generators::Units { scales, .. } => {
                for field in scales {
                    all.extend((0..field.sizes[0] as usize).map(|unit| scale_motion(program, field, unit, at)));
                }
            }
            _ => {}
        }
    }
    all
}

fn flat(weights: &Weights) -> Vec<f64> {
    weights.values.iter().flatten().copied().collect()
}

fn dot(one: &Weights, other: &Weights) -> f64 {
    flat(one).iter().zip(flat(other)).map(|(a, b)| a * b).sum()
}

/// ∇L of a squared error against targets, at weights.
fn gradient(program: &Program, at: &Weights, samples: &[Vec<Vec<f64>>], targets: &[f64]) -> Weights {
    let outputs = samples.iter().flat_map(|x| support::evaluate::evaluate(program, at, &Weights::zeros(program), x));
    let errors: Vec<f64> = outputs.zip(targets).map(|((value, _), target)| value - target).collect();
    let columns = jacobian(program, at, samples);
    let mut slopes = columns.iter().map(|column| column.iter().zip(&errors).map(|(slope, error)| slope * error).sum::<f64>());
    let mut gradient = Weights::zeros(program);
    gradient.values.iter_mut().flatten().for_each(|entry| *entry = slopes.next().expect("a column an entry"));
    gradient
}

fn linear(dims: &[u128]) -> Program {
    mlp("linear", dims, false, &|_, x| x, false)
}

fn activated(dims: &[u128], bias: bool, builtin: Builtin) -> Program {
    mlp("activated", dims, bias, &move |b, x| b.map(builtin, x), false)
}

/// A program at generic weights, with samples and targets.
struct Setting {
    program: Program,
    weights: Weights,
    samples: Vec<Vec<Vec<f64>>>,
    targets: Vec<f64>,
}

impl Setting {
    fn of(program: Program, seed: u64) -> Self {
        let mut normal = Normal(seed);
        let weights = generic(&program, &mut normal);
        let samples: Vec<_> = (0..7).map(|_| inputs(&program, 1.0, &mut normal)).collect();
        let outputs = program.node(program.outputs[0].value).shape[0].size as usize;
        let targets = (0..7 * outputs).map(|_| normal.draw()).collect();
        Self { program, weights, samples, targets }
    }

    fn gradient(&self, at: &Weights) -> Weights {
        gradient(&self.program, at, &self.samples, &self.targets)
    }
}

#[test]
fn claimed_charges_are_independent_and_gradient_flow_keeps_them() {
    let networks = [
        // Marcotte et al. 2023.
        ("linear 2-3-2", linear(&[2, 3, 2]), 6),
        ("linear 10-8-3", linear(&[10, 8, 3]), 36),
        ("linear 3-3-3-3", linear(&[3, 3, 3, 3]), 12),
        ("linear 2-2-2-2-2", linear(&[2, 2, 2, 2, 2]), 9),
        ("linear 1-5-2", linear(&[1, 5, 2]), 12),
        // One a hidden unit.
        ("relu 3-5-4-2", activated(&[3, 5, 4, 2], true, Builtin::Relu), 9),
        ("relu 2-6-2 without biases", activated(&[2, 6, 2], false, Builtin::Relu), 6),
        ("leaky 3-4-2", activated(&[3, 4, 2], true, Builtin::LeakyRelu(0.1)), 4),
        ("tanh 3-4-2", activated(&[3, 4, 2], true, Builtin::Tanh), 0),
    ];
    for (name, program, laws) in networks {
        let claimed: u128 = infer(&program).spaces.iter().flat_map(|space| &space.conserved).map(|law| law.count).sum();
        assert_eq!(claimed, laws, "{name}: claimed");
        for seed in 0..3 {
            let setting = Setting::of(program.clone(), seed);
            let charges = charges(&setting.program, &setting.weights);
            let gradient = setting.gradient(&setting.weights);
            for charge in &charges {
                let size = (dot(charge, charge) * dot(&gradient, &gradient)).sqrt();
                assert!(dot(charge, &gradient).abs() <= 1e-12 * size, "{name}: gradient flow changes a charge");
            }
            assert_eq!(rank(charges.iter().map(flat).collect()) as u128, laws, "{name}: independent");
        }
    }
}

/// A point and its velocity.
#[derive(Clone)]
struct Motion {
    place: Weights,
    velocity: Weights,
}

impl Motion {
    fn moved(&self, (velocity, acceleration): &(Weights, Weights), by: f64) -> Self {
        let mut next = self.clone();
        next.place.add(velocity, by);
        next.velocity.add(acceleration, by);
        next
    }
}

/// θ̈ = −μ θ̇ − ∇L over a time, by the classical Runge–Kutta method.
fn damped(setting: &Setting, friction: f64, mut motion: Motion, time: f64, steps: usize) -> Motion {
    let rate = |motion: &Motion| {
        let mut acceleration = Weights::zeros(&setting.program);
        acceleration.add(&motion.velocity, -friction);
        acceleration.add(&setting.gradient(&motion.place), -1.0);
        (motion.velocity.clone(), acceleration)
    };
    let step = time / steps as f64;
    for _ in 0..steps {
        let first = rate(&motion);
        let second = rate(&motion.moved(&first, step / 2.0));
        let third = rate(&motion.moved(&second, step / 2.0));
        let fourth = rate(&motion.moved(&third, step));
        for (rate, weight) in [(&first, 1.0), (&second, 2.0), (&third, 2.0), (&fourth, 1.0)] {
            motion = motion.moved(rate, weight * step / 6.0);
        }
    }
    motion
}

#[test]
fn momentum_keeps_what_rotations_give_and_nothing_that_scales_give() {
    let setting = Setting::of(linear(&[2, 3, 2]), 5);
    let symmetries = infer(&setting.program);
    let frames = symmetries.spaces.iter().find_map(|space| match &space.generators {
        Generators::Matrices { frames, .. } => Some(frames.clone()),
        _ => None,
    });
    let frames = frames.expect("a linear space");
    let mut normal = Normal(11);
    let (friction, time) = (0.7, 0.5);
    let start = Motion { place: setting.weights.clone(), velocity: generic(&setting.program, &mut normal) };
    let end = damped(&setting, friction, start.clone(), time, 400);
    // e^{μt} ⟨Aθ, θ̇⟩ at the end less at the start.
    let change = |pair: (usize, usize), mirrored: f64| {
        let product =
            |motion: &Motion| dot(&matrix_motion(&setting.program, &frames, pair, mirrored, &motion.place), &motion.velocity);
        (friction * time).exp() * product(&end) - product(&start)
    };
    for p in 0..3 {
        for q in 0..p {
            assert!(change((p, q), -1.0).abs() < 1e-9, "a rotation of units {p} and {q} changes by {}", change((p, q), -1.0));
        }
        for q in 0..=p {
            assert!(change((p, q), 1.0).abs() > 1e-3, "a symmetric generator on units {p} and {q} gives nothing");
        }
    }
}

#[test]
fn rotations_of_n_units_give_n_choose_two_independent_quantities_with_momentum() {
    // Gradients of ⟨Aθ, θ̇⟩ by (θ, θ̇) are (Aᵀθ̇, Aθ); antisymmetric A on as many units as places and velocities span leave none out.
    for (dims, count) in [([2, 3, 2], 3), ([3, 4, 3], 6), ([1, 5, 1], 10), ([1, 6, 1], 14)] {
        let setting = Setting::of(linear(&dims), 2);
        let mut normal = Normal(9);
        let velocity = generic(&setting.program, &mut normal);
        let symmetries = infer(&setting.program);
        let mut gradients = Vec::new();
        for space in &symmetries.spaces {
            let Generators::Matrices { frames, .. } = &space.generators else { continue };
            for p in 0..space.size as usize {
                for q in 0..p {
                    let motion = |at: &Weights| flat(&matrix_motion(&setting.program, frames, (p, q), -1.0, at));
                    let by_place = motion(&velocity).into_iter().map(|entry| -entry);
                    gradients.push(by_place.chain(motion(&setting.weights)).collect());
                }
            }
        }
        assert_eq!(rank(gradients), count, "{dims:?}");
    }
}
