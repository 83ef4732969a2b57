//! Every rule against PyTorch's published algorithms, written out for plain numbers.

use super::*;
use burn::tensor::{DType, Device, TensorData};

fn tensor(values: &[f64]) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (&Device::flex(), DType::F64))
}

fn values(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().try_into_vec().expect("double precision")
}

/// The gradient of an uneven bowl: of ½ ∑ cᵢ(θᵢ − 1)².
fn gradient(value: &[f64]) -> Vec<f64> {
    value.iter().zip([1.0, 0.1, 3.0]).map(|(value, curvature)| curvature * (value - 1.0)).collect()
}

const START: [f64; 3] = [0.3, -2.0, 1.7];

/// Twenty steps on the device.
fn run(settings: Optimizer) -> Vec<f64> {
    let mut updater = Updater::new(settings, 1);
    let mut value = tensor(&START);
    for _ in 0..20 {
        let slope = tensor(&gradient(&values(value.clone())));
        updater.begin();
        value = updater.update(0, value, slope);
    }
    values(value)
}

fn optimizer(rule: Rule, learning_rate: f64, decay: f64, decay_kind: DecayKind) -> Optimizer {
    Optimizer { rule, learning_rate, decay, decay_kind, batch: None }
}

fn assert_close(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        // Twenty steps of rounding, 2⁻⁵³ each.
        assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
    }
}

/// `torch.optim.SGD`, entry by entry: `d_p = grad + wd·p; buf = d_p at first, then μ·buf + d_p; d_p = d_p + μ·buf if nesterov else buf`.
fn sgd_by_hand(rate: f64, momentum: f64, nesterov: bool, coupled: f64, decoupled: f64) -> Vec<f64> {
    let mut value = START.to_vec();
    let mut buffers: Vec<Option<f64>> = vec![None; 3];
    for _ in 0..20 {
        let slope = gradient(&value);
        for at in 0..3 {
            let mut direction = slope[at] + coupled * value[at];
            value[at] *= 1.0 - rate * decoupled;
            if momentum != 0.0 {
                let buffer = buffers[at].map_or(direction, |buffer| momentum * buffer + direction);
                buffers[at] = Some(buffer);
                direction = if nesterov { direction + momentum * buffer } else { buffer };
            }
            value[at] -= rate * direction;
        }
    }
    value
}

/// `torch.optim.Adam` and `AdamW`, entry by entry, with bias-corrected moments.
fn adam_by_hand(rate: f64, beta1: f64, beta2: f64, epsilon: f64, coupled: f64, decoupled: f64) -> Vec<f64> {
    let mut value = START.to_vec();
    let (mut first, mut second) = (vec![0.0; 3], vec![0.0; 3]);
    for step in 1..=20 {
        let slope = gradient(&value);
        for at in 0..3 {
            let slope = slope[at] + coupled * value[at];
            value[at] -= rate * decoupled * value[at];
            first[at] = beta1 * first[at] + (1.0 - beta1) * slope;
            second[at] = beta2 * second[at] + (1.0 - beta2) * slope * slope;
            let mean: f64 = first[at] / (1.0 - beta1.powi(step));
            let square: f64 = second[at] / (1.0 - beta2.powi(step));
            value[at] -= rate * mean / (square.sqrt() + epsilon);
        }
    }
    value
}

#[test]
fn gradient_descent_moves_against_the_gradient() {
    let plain = Rule::Sgd { momentum: 0.0, nesterov: false };
    assert_close(&run(optimizer(plain, 0.05, 0.0, DecayKind::Coupled)), &sgd_by_hand(0.05, 0.0, false, 0.0, 0.0));
    assert_close(&run(optimizer(plain, 0.05, 0.3, DecayKind::Coupled)), &sgd_by_hand(0.05, 0.0, false, 0.3, 0.0));
    assert_close(&run(optimizer(plain, 0.05, 0.3, DecayKind::Decoupled)), &sgd_by_hand(0.05, 0.0, false, 0.0, 0.3));
}

#[test]
fn momentum_and_nesterov_are_those_of_pytorch() {
    for nesterov in [false, true] {
        let rule = Rule::Sgd { momentum: 0.9, nesterov };
        assert_close(&run(optimizer(rule, 0.05, 0.0, DecayKind::Coupled)), &sgd_by_hand(0.05, 0.9, nesterov, 0.0, 0.0));
        assert_close(&run(optimizer(rule, 0.05, 0.1, DecayKind::Coupled)), &sgd_by_hand(0.05, 0.9, nesterov, 0.1, 0.0));
        assert_close(&run(optimizer(rule, 0.05, 0.1, DecayKind::Decoupled)), &sgd_by_hand(0.05, 0.9, nesterov, 0.0, 0.1));
    }
}

#[test]
fn adam_and_adamw_are_those_of_pytorch() {
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    assert_close(&run(optimizer(rule, 0.03, 0.0, DecayKind::Coupled)), &adam_by_hand(0.03, 0.9, 0.999, 1e-8, 0.0, 0.0));
    assert_close(&run(optimizer(rule, 0.03, 0.2, DecayKind::Coupled)), &adam_by_hand(0.03, 0.9, 0.999, 1e-8, 0.2, 0.0));
    assert_close(&run(optimizer(rule, 0.03, 0.2, DecayKind::Decoupled)), &adam_by_hand(0.03, 0.9, 0.999, 1e-8, 0.0, 0.2));
}

#[test]
fn the_first_step_of_adam_has_the_length_of_the_learning_rate() {
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 0.0 };
    let mut updater = Updater::new(optimizer(rule, 0.01, 0.0, DecayKind::Coupled), 1);
    updater.begin();
    let moved = values(updater.update(0, tensor(&[0.0, 0.0]), tensor(&[5.0, -1e-3])));
    assert_close(&moved, &[-0.01, 0.01]);
}

#[test]
fn hyperparameters_keep_double_precision() {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    let mut updater = Updater::new(optimizer(rule, 0.1, 0.0, DecayKind::Coupled), 1);
    updater.begin();
    assert_eq!(values(updater.update(0, tensor(&[0.0]), tensor(&[1.0]))), [-0.1]);
}

#[test]
fn divisors_divide_data_gradients_but_not_the_decay() {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    let settings = optimizer(rule, 1.0, 0.5, DecayKind::Coupled);
    let mut updater = Updater::new(settings, 1).with_divisors(vec![Some(tensor(&[4.0]))]);
    updater.begin();
    assert_eq!(values(updater.update(0, tensor(&[1.0]), tensor(&[2.0]))), [1.0 - (0.5 + 0.5)]);
}

#[test]
fn a_restored_memory_goes_on_bit_for_bit() {
    for rule in [Rule::Sgd { momentum: 0.9, nesterov: true }, Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }] {
        let settings = optimizer(rule, 0.03, 0.01, DecayKind::Coupled);
        let mut whole = Updater::new(settings, 1);
        let mut value = tensor(&START);
        let step = |updater: &mut Updater, value: Tensor<1>| {
            let slope = tensor(&gradient(&values(value.clone())));
            updater.begin();
            updater.update(0, value, slope)
        };
        for _ in 0..3 {
            value = step(&mut whole, value);
        }
        let mut restored = Updater::new(settings, 1);
        let slots = whole.slots()[0].iter().map(|(name, slot)| (*name, tensor(&values(slot.clone())))).collect();
        restored.restore(whole.steps(), vec![slots]);
        assert_eq!(whole.slots()[0].iter().map(|(name, _)| *name).collect::<Vec<_>>(), whole.slot_names());
        assert_eq!(values(step(&mut whole, value.clone())), values(step(&mut restored, value)));
    }
}
