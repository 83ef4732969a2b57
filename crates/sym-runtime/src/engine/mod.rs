//! What moves a model by gradient steps: the planned executor on the CPU, or the burn module on any device.

mod interpreted;
mod loss;
mod planned;
mod running;
mod update;

use crate::data::{Examples, Inputs};
use burn::tensor::DType;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, Optimizer};
use sym_ir::{Parameter, Program};
use sym_lower::Backend;

pub use interpreted::Interpreted;
pub(crate) use loss::{change_of_cotangent, loss_and_cotangent};
pub use planned::Planned;
pub use running::Running;

/// What an optimiser remembers of one parameter, by name; nothing before the first step and for what is not trained.
pub type Memory = Vec<(&'static str, Vec<f64>)>;

/// One model that is trained on given examples.
pub trait Engine: std::fmt::Debug + Send {
    /// One step on these examples (all of them in order for `None`); gives the loss before it. Where that is not finite, nothing moves.
    fn step(&mut self, rows: Option<&[usize]>, pace: Pace) -> f64;

    /// Trains on other examples from now on.
    fn replace(&mut self, examples: &Examples);

    /// The entries of the first output at the present weights, for each row of the tables.
    fn outputs(&mut self, inputs: &[Inputs]) -> Vec<f64>;

    /// The same in evaluation: batch norms use running statistics, where these are kept up.
    fn evaluated(&mut self, inputs: &[Inputs]) -> Vec<f64>;

    /// The running statistics, where they are kept up.
    fn running(&self) -> Option<&Running>;

    /// Replaces the tensors of the running statistics, which have the same sizes.
    fn set_running(&mut self, values: Vec<Vec<f64>>);

    /// The present weights.
    fn weights(&self) -> Weights;

    /// Replaces all weights; they have the program's sizes.
    fn set_weights(&mut self, weights: &Weights);

    /// The gradient of the last step by parameter; `None` for what is not trained and before the first step.
    fn gradients(&self) -> Vec<Option<Vec<f64>>>;

    /// What the optimiser remembers, by parameter.
    fn memory(&self) -> Vec<Memory>;

    /// Goes on from what [`Engine::memory`] gave after `steps` steps.
    fn restore(&mut self, steps: u64, memory: Vec<Memory>);

    /// The number of steps done.
    fn steps(&self) -> u64;
}

/// How far one step goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// A factor on the learning rate.
    pub rate: f64,
    /// The largest norm of the gradient.
    pub clip: Option<f64>,
}

impl Pace {
    /// The optimiser's own learning rate, and the gradient as it is.
    pub const FULL: Self = Self { rate: 1.0, clip: None };

    /// The settings of an optimiser at this pace.
    fn of(self, optimizer: Optimizer) -> Optimizer {
        Optimizer { learning_rate: optimizer.learning_rate * self.rate, ..optimizer }
    }

    /// What a gradient is multiplied by whose square is the sum of `squares`; `None` where it stays as it is. A square that is not finite
    /// stays, so that what follows is reported.
    fn shortening(self, squares: impl FnOnce() -> f64) -> Option<f64> {
        let most = self.clip?;
        let norm = libm::sqrt(squares());
        (norm.is_finite() && norm > most).then(|| most / norm)
    }
}

/// The sum of the squares of entries that can move, in double precision.
fn square(gradient: impl Iterator<Item = f64>, frozen: Option<&[bool]>) -> f64 {
    match frozen {
        None => gradient.map(|value| value * value).sum(),
        Some(frozen) => gradient.zip(frozen).filter(|(_, frozen)| !**frozen).map(|(value, _)| value * value).sum(),
    }
}

/// Which entries of a parameter its mask freezes; `None` where it has no mask.
fn frozen(parameter: &Parameter) -> Option<Vec<bool>> {
    parameter.role.mask.as_ref()?;
    let mut frozen = vec![false; parameter.shape.iter().map(|axis| axis.size as usize).product()];
    parameter.frozen_entries().places.into_iter().for_each(|place| frozen[place] = true);
    Some(frozen)
}

/// What an engine trains.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The model; its first output is compared with the targets.
    pub program: &'a Program,
    /// Weights at the start.
    pub weights: &'a Weights,
    /// The loss.
    pub loss: Loss,
    /// ε of label smoothing in what is trained on.
    pub smoothing: f64,
    /// The update rule.
    pub optimizer: Optimizer,
    /// What gradients are divided by, entry for entry: [`sym_rewrite::Reduction::divisors`] where the model is a reduced one.
    pub divisors: Option<&'a Weights>,
    /// The examples.
    pub examples: &'a Examples,
    /// Examples of most steps; `None` for all of them.
    pub batch: Option<usize>,
    /// Entries of the first output.
    pub width: usize,
    /// Running statistics at the start, where they are to be kept up.
    pub running: Option<&'a Running>,
}

/// The engine of a backend.
///
/// # Errors
///
/// E0501 for a program that cannot be executed, E0607 for weights of other sizes.
pub fn engine(task: Task<'_>, backend: Backend, dtype: DType) -> Result<Box<dyn Engine>, Vec<Diagnostic>> {
    sym_lower::check(task.program)?;
    Ok(match (backend, dtype) {
        (Backend::Cpu, DType::F32) => Box::new(Planned::<f32>::new(task)),
        (Backend::Cpu, DType::F64) => Box::new(Planned::<f64>::new(task)),
        (backend, dtype) => Box::new(Interpreted::new(task, &backend.device(), dtype)?),
    })
}

#[cfg(test)]
mod tests;
