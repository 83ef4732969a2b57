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
        let mut updater = Updater::new(optimizer, program.parameters.len());
        if let Some(divisors) = divisors {
            let needed = |values: &Vec<f64>| values.iter().any(|&value| value != 1.0).then(|| flat(values, &device));
            updater = updater.with_divisors(divisors.values.iter().map(needed).collect());
        }
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
