//! A model with its optimiser, moved one step at a time.

use super::objective::{Batch, loss};
use crate::optim::Updater;
use burn::tensor::{DType, Device, Tensor, TensorData};
use std::time::{Duration, Instant};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{Loss, Optimizer};
use sym_lower::{Array, Module};
use sym_rewrite::Reduction;

/// One of the two models that train side by side, in double precision.
#[derive(Debug, Clone)]
pub(super) struct Student {
    pub module: Module,
    updater: Updater,
    loss: Loss,
    /// Time spent in steps.
    pub spent: Duration,
}

fn flat(values: &[f64], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (device, DType::F64))
}

impl Student {
    /// A model at given weights. `divisors` are [`sym_rewrite::Reduction::divisors`], where the model is a reduced one.
    pub fn new(
        program: &Program,
        weights: &Weights,
        loss: Loss,
        optimizer: Optimizer,
        divisors: Option<&Weights>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let device = Device::flex();
        let module = Module::new(program, weights, &device.clone().autodiff(), DType::F64)?;
        let mut updater = Updater::new(optimizer, program.parameters.len()).with_masks(module.masks().to_vec());
        if let Some(divisors) = divisors {
            let needed = |values: &Vec<f64>| values.iter().any(|&value| value != 1.0).then(|| flat(values, &device));
            updater = updater.with_divisors(divisors.values.iter().map(needed).collect());
        }
        let spread = crate::decay::of_program(program).into_iter().map(|weights| weights.map(|values| flat(&values, &device)));
        updater = updater.with_decay_weights(spread.collect());
        Ok(Self { module, updater, loss, spent: Duration::ZERO })
    }

    /// One step; returns the loss before it.
    pub fn step(&mut self, batch: &Batch) -> f64 {
        let start = Instant::now();
        let value = loss(&self.module, self.loss, batch);
        let gradients = self.module.gradients(&value);
        self.updater.begin();
        for (at, gradient) in gradients.into_iter().enumerate() {
            let id = sym_ir::ParameterId(at as u32);
            if !self.module.program().parameter(id).trainable {
                continue;
            }
            let parameter = self.module.parameter(id).inner();
            let dims = parameter.dims();
            let current = parameter.flat();
            let gradient = gradient.map_or_else(|| current.zeros_like(), Array::flat);
            let moved = self.updater.update(at, current, gradient);
            self.module.set_parameter(id, Array::from(moved).reshape(&dims));
        }
        self.spent += start.elapsed();
        Array::from(value).values()[0]
    }

    /// Takes weights and the optimiser's memory back to the symmetric state.
    pub fn project(&mut self, reduction: &Reduction) -> Result<(), Vec<Diagnostic>> {
        let weights = self.module.weights();
        self.module.set_weights(&reduction.project(&weights))?;
        let mut slots = self.updater.slots().to_vec();
        for &name in self.updater.slot_names() {
            let memory = slots.iter().zip(&weights.values).map(|(slots, values)| {
                let slot = slots.iter().find(|(other, _)| *other == name);
                slot.map_or_else(|| vec![0.0; values.len()], |(_, slot)| Array::from(slot.clone()).values())
            });
            let memory = Weights { values: memory.collect() };
            let projected =
                if Updater::is_square(name) { reduction.project_squares(&memory) } else { reduction.project(&memory) };
            for (slots, values) in slots.iter_mut().zip(&projected.values) {
                for (_, slot) in slots.iter_mut().filter(|(other, _)| *other == name) {
                    *slot = flat(values, &slot.device());
                }
            }
        }
        self.updater.restore(self.updater.steps(), slots);
        Ok(())
    }

    /// Adam's √v̂ + ε at the present step, 1 for frozen tensors; `None` for another rule and before the first step.
    pub fn preconditioner(&self) -> Option<Weights> {
        let mut any = false;
        let values =
            self.module.weights().values.into_iter().enumerate().map(|(at, values)| match self.updater.preconditioner(at) {
                Some(denominator) => {
                    any = true;
                    Array::from(denominator).values()
                }
                None => vec![1.0; values.len()],
            });
        let values = values.collect();
        any.then_some(Weights { values })
    }

    /// The loss at the present weights.
    pub fn loss(&self, batch: &Batch) -> f64 {
        Array::from(loss(&self.module, self.loss, batch)).values()[0]
    }

    /// The gradient of the loss at other weights, by parameter; zero for frozen ones.
    pub fn gradient_at(&self, weights: &Weights, batch: &Batch) -> Result<Weights, Vec<Diagnostic>> {
        let mut module = self.module.clone();
        module.set_weights(weights)?;
        let value = loss(&module, self.loss, batch);
        let gradients = module.gradients(&value).into_iter().zip(&weights.values);
        Ok(Weights {
            values: gradients
                .map(|(gradient, values)| gradient.map_or_else(|| vec![0.0; values.len()], |array| array.values()))
                .collect(),
        })
    }
}
