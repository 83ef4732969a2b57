//! Running statistics of batch norms, kept up beside the weights.

use sym_infer::Weights;
use sym_ir::{Initial, Program};
use sym_rewrite::{RunningStatistics, Statistic};

/// The running statistics of a model that is trained.
#[derive(Debug, Clone)]
pub struct Running {
    forms: RunningStatistics,
    momentum: f64,
    values: Vec<Vec<f64>>,
}

impl Running {
    /// Those at the start: mean 0 and variance 1. `None` for a program without norms over the batch.
    pub fn of(program: &Program, momentum: f64) -> Option<Self> {
        let mut forms = RunningStatistics::of(program)?;
        forms.evaluation.outputs.truncate(1);
        let start = |tracked: &sym_rewrite::Tracked| {
            let parameter = forms.evaluation.parameter(tracked.parameter);
            let value = if let Initial::Constant(value) = parameter.initial { value } else { 0.0 };
            vec![value; parameter.entries().map_or(0, |count| count as usize)]
        };
        let values = forms.tracked.iter().map(start).collect();
        Some(Self { forms, momentum, values })
    }

    /// The program with the statistics of the batch as further outputs, in order.
    pub fn training(&self) -> &Program {
        &self.forms.training
    }

    /// The program up to its first output, with running statistics: those of [`Running::values`] are its last parameters.
    pub fn evaluation(&self) -> &Program {
        &self.forms.evaluation
    }

    /// The tensors, in order.
    pub fn values(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// Other tensors of the same sizes.
    pub fn set_values(&mut self, values: Vec<Vec<f64>>) {
        self.values = values;
    }

    /// The weights of the evaluation.
    pub fn beside(&self, weights: Weights) -> Weights {
        Weights { values: weights.values.into_iter().chain(self.values.iter().cloned()).collect() }
    }

    /// Takes in the statistics of a batch: r ← (1 − momentum) r + momentum s, with the unbiased variance, as PyTorch's `BatchNorm2d` does. `output` gives the
    /// n-th further output of the training form, and `rounded` is the nearest number of the type in which training runs.
    pub fn absorb(&mut self, examples: usize, output: impl Fn(usize) -> Vec<f64>, rounded: impl Fn(f64) -> f64) {
        for (at, (tracked, values)) in self.forms.tracked.iter().zip(&mut self.values).enumerate() {
            let batch = output(at);
            let of_batch = |value: f64| match tracked.statistic {
                Statistic::Mean => value,
                Statistic::InverseDeviation { epsilon, positions, centre } => {
                    let count = examples as f64 * positions as f64;
                    let unbiased = if centre && count > 1.0 { count / (count - 1.0) } else { 1.0 };
                    ((value * value).recip() - epsilon).max(0.0) * unbiased
                }
            };
            for (value, batch) in values.iter_mut().zip(batch) {
                *value = rounded((1.0 - self.momentum) * *value + self.momentum * of_batch(batch));
            }
        }
    }
}
