//! Fused steps against the formulas, entry by entry and operation by operation: the same bits.

use sym_kernels::Level;
use sym_kernels::optimiser::{Adam, Decay, Entries, Sgd};

/// More entries than a block, and not a multiple of a register.
const COUNT: usize = 531;
const STEPS: u64 = 7;
const RATE: f64 = 0.01;

fn numbers(phase: f64) -> Vec<f64> {
    (0..COUNT).map(|at| ((at as f64 + phase) * 12.9898).sin() + 0.1).collect()
}

/// Which of the things that set entries apart are there.
#[derive(Clone, Copy, Debug)]
struct Apart {
    divisors: bool,
    weights: bool,
    frozen: bool,
}

fn cases() -> Vec<(Decay, Apart)> {
    let mut cases = Vec::new();
    for decay in [Decay::Coupled(0.0), Decay::Coupled(0.1), Decay::Decoupled(0.1), Decay::Decoupled(0.0)] {
        for bits in 0..8 {
            cases.push((decay, Apart { divisors: bits & 1 != 0, weights: bits & 2 != 0, frozen: bits & 4 != 0 }));
        }
    }
    cases
}

macro_rules! tests {
    ($name:ident, $t:ty) => {
        mod $name {
            use super::*;

            fn typed(values: Vec<f64>) -> Vec<$t> {
                values.into_iter().map(|value| value as $t).collect()
            }

            /// The gradient and value after decay, in the order of operations on whole tensors.
            fn decayed(decay: Decay, weight: Option<$t>, value: $t, gradient: $t) -> ($t, $t) {
                match (decay, weight) {
                    (Decay::Coupled(0.0) | Decay::Decoupled(0.0), _) => (value, gradient),
                    (Decay::Coupled(decay), weight) => {
                        let weighted = weight.map_or(value, |weight| value * weight);
                        (value, gradient + weighted * decay as $t)
                    }
                    (Decay::Decoupled(decay), None) => (value * (1.0 - RATE * decay) as $t, gradient),
                    (Decay::Decoupled(decay), Some(weight)) => (value - value * weight * (RATE * decay) as $t, gradient),
                }
            }

            /// Steps of the kernel and of a rule for one entry that changes value and memory, side by side.
            fn compare(
                decay: Decay,
                apart: Apart,
                mut kernel: impl FnMut(u64, &mut [$t], &[$t], &mut [$t], &mut [$t], Entries<$t>),
                rule: impl Fn(u64, $t, $t, &mut [$t; 2]) -> $t,
            ) {
                let (divisors, weights) = (typed(numbers(0.3)), typed(numbers(0.6)));
                let frozen: Vec<bool> = (0..COUNT).map(|at| at % 3 == 0).collect();
                let entries = Entries {
                    divisors: apart.divisors.then_some(&divisors[..]),
                    decay_weights: apart.weights.then_some(&weights[..]),
                    frozen: apart.frozen.then_some(&frozen[..]),
                };
                let mut value = typed(numbers(0.0));
                // The first step must not read these.
                let (mut first, mut second) = (vec![<$t>::NAN; COUNT], vec![<$t>::NAN; COUNT]);
                let mut expected = value.clone();
                let mut memory = vec![[0.0; 2]; COUNT];
                for step in 1..=STEPS {
                    let gradient = typed(numbers(step as f64));
                    kernel(step, &mut value, &gradient, &mut first, &mut second, entries);
                    for at in 0..COUNT {
                        let g = if apart.divisors { gradient[at] / divisors[at] } else { gradient[at] };
                        let (x, g) = decayed(decay, apart.weights.then_some(weights[at]), expected[at], g);
                        let moved = rule(step, x, g, &mut memory[at]);
                        if !(apart.frozen && frozen[at]) {
                            expected[at] = moved;
                        }
                    }
                    assert_eq!(value, expected, "{decay:?}, {apart:?}, step {step}");
                }
            }

            #[test]
            fn gradient_descent() {
                for (decay, apart) in cases() {
                    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
                        let sgd = Sgd { learning_rate: RATE, momentum, nesterov, decay };
                        let (rate, factor) = (RATE as $t, momentum as $t);
                        compare(
                            decay,
                            apart,
                            |step, value, gradient, first, _, entries| sgd.step(step, value, gradient, first, entries),
                            |step, x, g, memory| {
                                if momentum == 0.0 {
                                    return x - g * rate;
                                }
                                memory[0] = if step == 1 { g } else { memory[0] * factor + g };
                                x - if nesterov { g + memory[0] * factor } else { memory[0] } * rate
                            },
                        );
                    }
                }
            }

            #[test]
            fn adam() {
                for (decay, apart) in cases() {
                    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
                    let adam = Adam { learning_rate: RATE, beta1, beta2, epsilon, decay };
                    compare(
                        decay,
                        apart,
                        |step, value, gradient, first, second, entries| adam.step(step, value, gradient, first, second, entries),
                        |step, x, g, memory| {
                            let fresh = [g * (1.0 - beta1) as $t, g * g * (1.0 - beta2) as $t];
                            *memory = if step == 1 {
                                fresh
                            } else {
                                [memory[0] * beta1 as $t + fresh[0], memory[1] * beta2 as $t + fresh[1]]
                            };
                            let rate = RATE / (1.0 - libm::pow(beta1, step as f64));
                            let correction = libm::sqrt(1.0 - libm::pow(beta2, step as f64));
                            let denominator = memory[1].sqrt() * (1.0 / correction) as $t + epsilon as $t;
                            x - memory[0] / denominator * rate as $t
                        },
                    );
                }
            }

            #[test]
            fn all_instruction_sets_give_the_same_bits() {
                let adam = Adam { learning_rate: RATE, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: Decay::Coupled(0.1) };
                let run = || {
                    let (mut value, mut first, mut second) = (typed(numbers(0.0)), vec![0.0; COUNT], vec![0.0; COUNT]);
                    for step in 1..=STEPS {
                        let gradient = typed(numbers(step as f64));
                        adam.step(step, &mut value, &gradient, &mut first, &mut second, Entries::default());
                    }
                    (value, first, second)
                };
                let best = run();
                for level in [Level::Portable, Level::Avx2] {
                    assert_eq!(level.at_most(run), best, "{level:?}");
                }
            }
        }
    };
}

tests!(double, f64);
tests!(single, f32);
