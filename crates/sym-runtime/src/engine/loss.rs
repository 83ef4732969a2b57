//! Losses with their derivatives, on the host.

use super::planned::Number;
use crate::data::Targets;
use sym_ir::experiment::Loss;

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
    let each = outputs.chunks_exact(width).zip(cotangent.chunks_exact_mut(width)).enumerate();
    let total: f64 = match loss {
        Loss::Mse => {
            let scale = 2.0 / outputs.len() as f64;
            let sum: f64 = each
                .map(|(at, (output, cotangent))| {
                    let row = row_of(at);
                    let mut sum = 0.0;
                    for (place, (output, cotangent)) in output.iter().zip(cotangent).enumerate() {
                        let wanted = match targets {
                            Targets::Numbers(table) => table.values[row * width + place],
                            Targets::Classes(classes) => f64::from(u8::from(classes[row] == place)),
                        };
                        let difference = output.double() - wanted;
                        sum += difference * difference;
                        *cotangent = T::rounded(difference * scale);
                    }
                    sum
                })
                .sum();
            return sum / outputs.len() as f64;
        }
        Loss::CrossEntropy => each
            .map(|(at, (output, cotangent))| {
                let row = row_of(at);
                let largest = output.iter().map(|value| value.double()).fold(f64::NEG_INFINITY, f64::max);
                let partition: f64 = output.iter().map(|value| libm::exp(value.double() - largest)).sum();
                let log_partition = largest + libm::log(partition);
                let mut sum = 0.0;
                let weight = |place: usize| match targets {
                    Targets::Numbers(table) => table.values[row * width + place],
                    Targets::Classes(classes) => f64::from(u8::from(classes[row] == place)),
                };
                let mass: f64 = (0..width).map(weight).sum();
                for (place, (output, cotangent)) in output.iter().zip(cotangent).enumerate() {
                    let (wanted, value) = (weight(place), output.double());
                    if wanted != 0.0 {
                        sum += wanted * (log_partition - value);
                    }
                    let likelihood = libm::exp(value - largest) / partition;
                    *cotangent = T::rounded((mass * likelihood - wanted) / examples as f64);
                }
                sum
            })
            .sum(),
    };
    total / examples as f64
}
