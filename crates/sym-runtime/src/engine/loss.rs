//! Losses with their derivatives, on the host.

use super::planned::Number;
use crate::data::Targets;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};
use sym_ir::experiment::Loss;
use sym_kernels::share::parts;

/// The mean loss of a batch; writes its derivative with respect to the outputs, `width` an example, to `cotangent`.
///
/// Cross-entropy is −∑ₖ yₖ log softmax(z)ₖ with derivative softmax(z) − y; the mean squared error runs over all entries.
pub fn loss_and_cotangent<T: Number>(
    loss: Loss,
    outputs: &[T],
    targets: &Targets,
    rows: Option<&[usize]>,
    cotangent: &mut [T],
) -> f64 {
    let examples = rows.map_or(targets.len(), <[usize]>::len);
    let width = outputs.len().checked_div(examples).unwrap_or(0).max(1);
    let row_of = |at: usize| rows.map_or(at, |rows| rows[at]);
    let of_example = |(at, (output, cotangent)): (usize, (&[T], &mut [T]))| {
        let wanted = |place: usize| match targets {
            Targets::Numbers(table) => table.values[row_of(at) * width + place],
            Targets::Classes(classes) => f64::from(u8::from(classes[row_of(at)] == place)),
        };
        match loss {
            Loss::Mse => squares(output, wanted, 2.0 / outputs.len() as f64, cotangent),
            Loss::CrossEntropy => entropy(output, wanted, examples as f64, cotangent),
        }
    };
    // Examples are added up in their order on any number of threads.
    let total: f64 = if parts(outputs.len() * OPERATIONS) > 1 {
        let each = outputs.par_chunks_exact(width).zip(cotangent.par_chunks_exact_mut(width)).enumerate();
        each.map(of_example).collect::<Vec<f64>>().into_iter().sum()
    } else {
        outputs.chunks_exact(width).zip(cotangent.chunks_exact_mut(width)).enumerate().map(of_example).sum()
    };
    match loss {
        Loss::Mse => total / outputs.len() as f64,
        Loss::CrossEntropy => total / examples as f64,
    }
}

/// How the derivative that [`loss_and_cotangent`] writes changes where the outputs change by `tangents`: the second derivative of the mean loss, L'' ḟ.
///
/// 2 ḟ / (entries) for the mean squared error, (diag p − ppᵀ) ḟ / (examples) for cross-entropy with p = softmax(z).
pub fn change_of_cotangent(
    loss: Loss,
    outputs: &[f64],
    tangents: &[f64],
    targets: &Targets,
    rows: Option<&[usize]>,
    change: &mut [f64],
) {
    let examples = rows.map_or(targets.len(), <[usize]>::len);
    let width = outputs.len().checked_div(examples).unwrap_or(0).max(1);
    match loss {
        Loss::Mse => {
            let factor = 2.0 / outputs.len() as f64;
            change.iter_mut().zip(tangents).for_each(|(change, tangent)| *change = factor * tangent);
        }
        Loss::CrossEntropy => {
            let parts = outputs.chunks_exact(width).zip(tangents.chunks_exact(width)).zip(change.chunks_exact_mut(width));
            for ((outputs, tangents), change) in parts {
                let largest = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = outputs.iter().map(|value| libm::exp(value - largest)).collect();
                let partition: f64 = weights.iter().sum();
                let mean: f64 = weights.iter().zip(tangents).map(|(weight, tangent)| weight * tangent).sum::<f64>() / partition;
                for ((change, weight), tangent) in change.iter_mut().zip(&weights).zip(tangents) {
                    *change = weight / partition * (tangent - mean) / examples as f64;
                }
            }
        }
    }
}

/// Operations an entry, about.
const OPERATIONS: usize = 10;

/// The sum of squares of an example; the derivative is `scale` times the difference.
fn squares<T: Number>(output: &[T], wanted: impl Fn(usize) -> f64, scale: f64, cotangent: &mut [T]) -> f64 {
    let mut sum = 0.0;
    for (place, (output, cotangent)) in output.iter().zip(cotangent).enumerate() {
        let difference = output.double() - wanted(place);
        sum += difference * difference;
        *cotangent = T::rounded(difference * scale);
    }
    sum
}

/// The cross-entropy of an example; its derivative is divided by the number of examples.
fn entropy<T: Number>(output: &[T], wanted: impl Fn(usize) -> f64, examples: f64, cotangent: &mut [T]) -> f64 {
    let largest = output.iter().map(|value| value.double()).fold(f64::NEG_INFINITY, f64::max);
    let partition: f64 = output.iter().map(|value| libm::exp(value.double() - largest)).sum();
    let log_partition = largest + libm::log(partition);
    let mut sum = 0.0;
    let mass: f64 = (0..output.len()).map(&wanted).sum();
    for (place, (output, cotangent)) in output.iter().zip(cotangent).enumerate() {
        let (wanted, value) = (wanted(place), output.double());
        if wanted != 0.0 {
            sum += wanted * (log_partition - value);
        }
        let likelihood = libm::exp(value - largest) / partition;
        *cotangent = T::rounded((mass * likelihood - wanted) / examples);
    }
    sum
}
