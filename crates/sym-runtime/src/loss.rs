//! Losses: on the device for training, on the host in double precision for measurements.

use crate::data::{Table, Targets};
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_ir::experiment::Loss;
use sym_lower::Array;

/// Targets on the device, shape [examples, entries of the output]; a class is a row with a single 1.
pub fn place(targets: &Targets, width: usize, device: &Device, dtype: DType) -> Tensor<2> {
    let rows = targets.len();
    let data = TensorData::new(dense(targets, width).values, [rows, width]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// Targets whose class has the probability 1 − ε + ε/K and every other ε/K, for K classes (Szegedy et al. 2016, label smoothing); as they are where ε = 0
/// or where they are numbers.
pub fn smoothed(targets: &Targets, width: usize, smoothing: f64) -> Targets {
    if smoothing == 0.0 || matches!(targets, Targets::Numbers(_)) {
        return targets.clone();
    }
    let mut table = dense(targets, width);
    for value in &mut table.values {
        *value = (1.0 - smoothing) * *value + smoothing / width as f64;
    }
    Targets::Numbers(table)
}

/// Targets as numbers, `width` a row.
fn dense(targets: &Targets, width: usize) -> Table {
    match targets {
        Targets::Numbers(table) => table.clone(),
        Targets::Classes(classes) => {
            let mut values = vec![0.0; classes.len() * width];
            for (row, &class) in classes.iter().enumerate() {
                values[row * width + class] = 1.0;
            }
            Table { values, width }
        }
    }
}

/// The loss of a batch with its record of operations, shape \[1\].
///
/// `output` has shape [examples, axes of the output…], `targets` [examples, entries].
pub fn of_batch(loss: Loss, output: Array, targets: Tensor<2>) -> Tensor<1> {
    let [rows, width] = targets.dims();
    let output: Tensor<2> = output.flat().reshape([rows, width]);
    match loss {
        Loss::Mse => {
            let difference = output - targets;
            (difference.clone() * difference).mean()
        }
        Loss::CrossEntropy => (log_softmax(output, 1) * targets).sum().mul_scalar(-1.0 / rows as f64),
    }
}

/// The sum over examples of the loss of each, in the order of the examples. `outputs` holds `width` numbers an example.
pub fn sum(loss: Loss, outputs: &[f64], targets: &Targets, width: usize) -> f64 {
    let rows = outputs.chunks(width.max(1)).enumerate();
    match loss {
        Loss::Mse => {
            let dense = dense(targets, width);
            let squares = rows.map(|(row, output)| {
                let wanted = &dense.values[row * width..(row + 1) * width];
                output.iter().zip(wanted).map(|(found, wanted)| (found - wanted) * (found - wanted)).sum::<f64>() / width as f64
            });
            squares.sum()
        }
        Loss::CrossEntropy => match targets {
            Targets::Classes(classes) => rows.map(|(row, logits)| log_partition(logits) - logits[classes[row]]).sum(),
            Targets::Numbers(_) => f64::NAN,
        },
    }
}

/// log ∑ exp, about the largest entry.
fn log_partition(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return f64::NAN;
    }
    largest + libm::log(logits.iter().map(|logit| libm::exp(logit - largest)).sum())
}

/// How many examples have their class at the first largest output.
pub fn correct(outputs: &[f64], classes: &[usize], width: usize) -> usize {
    let largest = |logits: &[f64]| (1..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best });
    outputs.chunks(width.max(1)).zip(classes).filter(|(logits, class)| largest(logits) == **class).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUTS: [f64; 6] = [1.0, 2.0, 0.5, -1.0, 0.0, 3.0];

    fn on_device(loss: Loss, targets: &Targets) -> f64 {
        let device = Device::flex();
        let output = Array::from_values(&OUTPUTS, &[2, 3], &device, DType::F64);
        Array::from(of_batch(loss, output, place(targets, 3, &device, DType::F64))).values()[0]
    }

    #[test]
    fn cross_entropy_is_the_mean_negative_log_likelihood() {
        let classes = Targets::Classes(vec![1, 0]);
        let likelihood = |logits: &[f64], class: usize| logits[class].exp() / logits.iter().map(|logit| logit.exp()).sum::<f64>();
        let expected = -(likelihood(&OUTPUTS[..3], 1).ln() + likelihood(&OUTPUTS[3..], 0).ln()) / 2.0;
        assert!((on_device(Loss::CrossEntropy, &classes) - expected).abs() < 1e-14);
        assert!((sum(Loss::CrossEntropy, &OUTPUTS, &classes, 3) / 2.0 - expected).abs() < 1e-14);
        assert_eq!(correct(&OUTPUTS, &[1, 0], 3), 1);
    }

    #[test]
    fn mean_squared_error_is_the_mean_over_all_entries() {
        let numbers = Targets::Numbers(Table { values: vec![0.0; 6], width: 3 });
        // (1 + 4 + 0.25 + 1 + 0 + 9)/6
        assert!((on_device(Loss::Mse, &numbers) - 15.25 / 6.0).abs() < 1e-14);
        assert!((sum(Loss::Mse, &OUTPUTS, &numbers, 3) / 2.0 - 15.25 / 6.0).abs() < 1e-14);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        assert_eq!(sum(Loss::CrossEntropy, &[1000.0, 0.0], &Targets::Classes(vec![0]), 2), 0.0);
    }
}
