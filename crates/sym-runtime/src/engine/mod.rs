//! What moves a model by gradient steps: the planned executor on the CPU, or the burn module on any device.

mod interpreted;
mod loss;
mod planned;
mod update;

use crate::data::{Examples, Table};
use burn::tensor::DType;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{Loss, Optimizer};
use sym_lower::Backend;

pub use interpreted::Interpreted;
pub(crate) use loss::{change_of_cotangent, loss_and_cotangent};
pub use planned::Planned;

/// What an optimiser remembers of one parameter, by name; nothing before the first step and for what is not trained.
pub type Memory = Vec<(&'static str, Vec<f64>)>;

/// One model that is trained on given examples.
pub trait Engine: std::fmt::Debug + Send {
    /// One step on these examples (all of them in order for `None`); gives the loss before it. Where that is not finite, nothing moves.
    fn step(&mut self, rows: Option<&[usize]>) -> f64;

    /// The entries of the first output at the present weights, for each row of the tables.
    fn outputs(&mut self, inputs: &[Table]) -> Vec<f64>;

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

/// What an engine trains.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The model; its first output is compared with the targets.
    pub program: &'a Program,
    /// Weights at the start.
    pub weights: &'a Weights,
    /// The loss.
    pub loss: Loss,
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
