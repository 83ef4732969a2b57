//! The fused optimiser steps of the kernels against the update rules on tensors: the same bits.

use burn::tensor::{Bool, DType, Device, Tensor, TensorData};
use sym_ir::experiment::{DecayKind, Optimizer, Rule};
use sym_kernels::optimiser::{Adam, Decay, Entries, Sgd};
use sym_runtime::optim::Updater;

const COUNT: usize = 300;
const RATE: f64 = 0.03;

fn numbers(phase: f64) -> Vec<f64> {
    (0..COUNT).map(|at| ((at as f64 + phase) * 12.9898).sin() + 0.1).collect()
}

fn tensor(values: Vec<f64>, dtype: DType) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values, [COUNT]).convert_dtype(dtype), (&Device::flex(), dtype))
}

fn values(tensor: &Tensor<1>) -> Vec<f64> {
    tensor.to_data_as::<f64>().try_into_vec().expect("converted")
}

macro_rules! agrees {
    ($t:ty, $dtype:expr, $rule:expr, $kind:expr, $decay:expr, $apart:expr) => {{
        let (rule, kind, decay, apart): (Rule, DecayKind, f64, bool) = ($rule, $kind, $decay, $apart);
        let settings = Optimizer { rule, learning_rate: RATE, decay, decay_kind: kind, batch: None };
        let typed = |values: Vec<f64>| values.into_iter().map(|value| value as $t).collect::<Vec<$t>>();
        let (divisors, weights) = (numbers(0.2), numbers(0.4));
        let frozen: Vec<bool> = (0..COUNT).map(|at| at % 7 == 0).collect();
        let mut updater = Updater::new(settings, 1);
        let mut entries = Entries::default();
        let (own_divisors, own_weights) = (typed(divisors.clone()), typed(weights.clone()));
        if apart {
            let mask = Tensor::<1, Bool>::from_data(TensorData::new(frozen.clone(), [COUNT]), &Device::flex());
            updater = updater
                .with_divisors(vec![Some(tensor(divisors, $dtype))])
                .with_decay_weights(vec![Some(tensor(weights, $dtype))])
                .with_masks(vec![Some(mask)]);
            entries = Entries { divisors: Some(&own_divisors), decay_weights: Some(&own_weights), frozen: Some(&frozen) };
        }
        let decay = match kind {
            DecayKind::Coupled => Decay::Coupled(decay),
            DecayKind::Decoupled => Decay::Decoupled(decay),
        };
        let mut reference = tensor(numbers(0.0), $dtype);
        let (mut value, mut first, mut second) = (typed(numbers(0.0)), vec![0.0; COUNT], vec![0.0; COUNT]);
        for step in 1..=10 {
            let gradient = numbers(step as f64);
            updater.begin();
            reference = updater.update(0, reference, tensor(gradient.clone(), $dtype));
            let gradient = typed(gradient);
            match rule {
                Rule::Sgd { momentum, nesterov } => {
                    let sgd = Sgd { learning_rate: RATE, momentum, nesterov, decay };
                    sgd.step(step, &mut value, &gradient, &mut first, entries);
                }
                Rule::Adam { beta1, beta2, epsilon } => {
                    let adam = Adam { learning_rate: RATE, beta1, beta2, epsilon, decay };
                    adam.step(step, &mut value, &gradient, &mut first, &mut second, entries);
                }
            }
            let found: Vec<f64> = value.iter().map(|&value| f64::from(value)).collect();
            assert_eq!(found, values(&reference), "{rule:?}, {kind:?}, {decay:?}, apart: {apart}, step {step}");
        }
    }};
}

#[test]
fn fused_steps_have_the_bits_of_steps_on_tensors() {
    let rules = [
        Rule::Sgd { momentum: 0.0, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ];
    for rule in rules {
        for kind in [DecayKind::Coupled, DecayKind::Decoupled] {
            for decay in [0.0, 0.05] {
                for apart in [false, true] {
                    agrees!(f64, DType::F64, rule, kind, decay, apart);
                    agrees!(f32, DType::F32, rule, kind, decay, apart);
                }
            }
        }
    }
}
