//! A model with its optimiser, moved one step at a time.

use crate::data::Examples;
use crate::engine::{Engine, Pace, Planned, Task};
use crate::optim::{Updater, names};
use std::time::{Duration, Instant};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{Loss, Optimizer, Rule};
use sym_rewrite::Reduction;

/// One of the models that train side by side, in double precision.
#[derive(Debug)]
pub(super) struct Student {
    engine: Planned<f64>,
    optimizer: Optimizer,
    /// Time spent in steps.
    pub spent: Duration,
}

impl Student {
    /// A model at given weights. `divisors` are [`sym_rewrite::Reduction::divisors`], where the model is a reduced one.
    pub fn new(
        program: &Program,
        weights: &Weights,
        loss: Loss,
        optimizer: Optimizer,
        divisors: Option<&Weights>,
        examples: &Examples,
    ) -> Result<Self, Vec<Diagnostic>> {
        sym_lower::check(program)?;
        let width = super::objective::width(program);
        let batch =
            optimizer.batch.and_then(|batch| usize::try_from(batch).ok()).filter(|batch| (1..examples.len()).contains(batch));
        let engine = Planned::new(Task {
            program,
            weights,
            loss,
            smoothing: 0.0,
            optimizer,
            divisors,
            examples,
            batch,
            width,
            running: None,
        });
        Ok(Self { engine, optimizer, spent: Duration::ZERO })
    }

    /// One step on these examples, all of them for `None`; returns the loss before it.
    pub fn step(&mut self, rows: Option<&[usize]>) -> f64 {
        let start = Instant::now();
        let loss = self.engine.step(rows, Pace::FULL);
        self.spent += start.elapsed();
        loss
    }

    /// The present weights.
    pub fn weights(&self) -> Weights {
        self.engine.weights()
    }

    /// Takes weights and the optimiser's memory back to the symmetric state.
    pub fn project(&mut self, reduction: &Reduction) {
        let weights = self.engine.weights();
        self.engine.set_weights(&reduction.project(&weights));
        let mut memory = self.engine.memory();
        for &name in names(self.optimizer.rule) {
            let slots = memory.iter().zip(&weights.values).map(|(slots, values)| {
                slots.iter().find(|(other, _)| *other == name).map_or_else(|| vec![0.0; values.len()], |(_, slot)| slot.clone())
            });
            let slots = Weights { values: slots.collect() };
            let projected = if Updater::is_square(name) { reduction.project_squares(&slots) } else { reduction.project(&slots) };
            for (slots, values) in memory.iter_mut().zip(projected.values) {
                if let Some((_, slot)) = slots.iter_mut().find(|(other, _)| *other == name) {
                    *slot = values;
                }
            }
        }
        let steps = self.engine.steps();
        self.engine.restore(steps, memory);
    }

    /// Adam's √v̂ + ε at the present step, 1 for frozen tensors; `None` for another rule and before the first step.
    pub fn preconditioner(&self) -> Option<Weights> {
        let Rule::Adam { beta2, epsilon, .. } = self.optimizer.rule else { return None };
        let correction = libm::sqrt(1.0 - libm::pow(beta2, self.engine.steps() as f64));
        let mut any = false;
        let weights = self.engine.weights();
        let values = self.engine.memory().into_iter().zip(weights.values).map(|(slots, values)| {
            match slots.into_iter().find(|(name, _)| Updater::is_square(name)) {
                Some((_, squares)) => {
                    any = true;
                    squares.into_iter().map(|square| libm::sqrt(square) / correction + epsilon).collect()
                }
                None => vec![1.0; values.len()],
            }
        });
        let values = values.collect();
        any.then_some(Weights { values })
    }
}
