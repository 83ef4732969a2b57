//! Training by the burn module: the reference, on any device and number type.

use super::{Engine, Memory, Pace, Running, Task, frozen, square};
use crate::data::{Examples, Inputs};
use crate::optim::Updater;
use crate::{decay, evaluate, loss};
use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::experiment::Loss;
use sym_ir::{ParameterId, Program};
use sym_lower::{Array, Module};

/// A model that is trained as a burn module.
#[derive(Debug, Clone)]
pub struct Interpreted {
    module: Module,
    updater: Updater,
    loss: Loss,
    device: Device,
    dtype: DType,
    /// Inputs of the program with all examples.
    inputs: Vec<Array>,
    targets: Tensor<2>,
    /// ε of label smoothing.
    smoothing: f64,
    gradients: Vec<Option<Array>>,
    /// How many outputs of the module are the model's: behind them are statistics of the batch.
    own: usize,
    running: Option<Running>,
}

impl Interpreted {
    /// The module on a device without autodiff, whose autodiff variant is used.
    ///
    /// # Errors
    ///
    /// E0501 for a program that cannot be executed, E0607 for weights of other sizes.
    pub fn new(task: Task<'_>, device: &Device, dtype: DType) -> Result<Self, Vec<Diagnostic>> {
        let Task { program, weights, loss, smoothing, optimizer, divisors, examples, width, batch: _, running } = task;
        let own = program.outputs.len();
        let program = running.map_or(program, Running::training);
        let recording = device.clone().autodiff();
        let module = Module::new(program, weights, &recording, dtype)?;
        let place = |values: &[f64]| -> Tensor<1> {
            Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]).convert_dtype(dtype), (device, dtype))
        };
        let spread = decay::of_program(program).into_iter().map(|weights| weights.map(|values| place(&values)));
        let mut updater = Updater::new(optimizer, program.parameters.len())
            .with_decay_weights(spread.collect())
            .with_masks(module.masks().to_vec());
        if let Some(divisors) = divisors {
            let needed = |values: &Vec<f64>| values.iter().any(|&value| value != 1.0).then(|| place(values));
            updater = updater.with_divisors(divisors.values.iter().map(needed).collect());
        }
        let Examples { inputs, targets } = examples;
        Ok(Self {
            inputs: evaluate::arrays(program, inputs, &recording, dtype),
            targets: loss::place(&loss::smoothed(targets, width, smoothing), width, &recording, dtype),
            smoothing,
            module,
            updater,
            loss,
            device: device.clone(),
            dtype,
            gradients: Vec::new(),
            own,
            running: running.cloned(),
        })
    }
}

impl Engine for Interpreted {
    fn step(&mut self, rows: Option<&[usize]>, pace: Pace) -> f64 {
        let rows: Option<Vec<i64>> = rows.map(|rows| rows.iter().map(|&row| row as i64).collect());
        let (inputs, targets) = match &rows {
            None => (self.inputs.clone(), self.targets.clone()),
            Some(rows) => {
                let inputs = self.inputs.iter().map(|input| input.clone().select(0, rows)).collect();
                (inputs, two_axes(Array::from(self.targets.clone()).select(0, rows)))
            }
        };
        let mut outputs = self.module.forward(&inputs);
        let statistics = outputs.split_off(self.own);
        let output = outputs.swap_remove(0);
        let examples = output.dims()[0];
        let loss = loss::of_batch(self.loss, output, targets);
        let value = Array::from(loss.clone().inner()).values()[0];
        if !value.is_finite() {
            return value;
        }
        self.gradients = self.module.gradients(&loss);
        let shortening = pace.shortening(|| self.squares());
        self.updater.begin_at(pace.rate);
        for (at, gradient) in self.gradients.iter().enumerate() {
            let id = ParameterId(at as u32);
            if !self.module.program().parameter(id).trainable {
                continue;
            }
            let parameter = self.module.parameter(id).inner();
            let sizes = parameter.dims();
            let current = parameter.flat();
            let gradient = gradient.clone().map_or_else(|| current.zeros_like(), Array::flat);
            let gradient = shortening.map_or(gradient.clone(), |factor| gradient.mul_scalar(factor));
            let updated = self.updater.update(at, current, gradient);
            self.module.set_parameter(id, Array::from(updated).reshape(&sizes));
        }
        if let Some(running) = &mut self.running {
            let rounded = |value: f64| if self.dtype == DType::F64 { value } else { f64::from(value as f32) };
            running.absorb(examples, |at| statistics[at].clone().inner().values(), rounded);
        }
        value
    }

    fn replace(&mut self, examples: &Examples) {
        let recording = self.device.clone().autodiff();
        let width = self.targets.dims()[1];
        self.inputs = evaluate::arrays(self.module.program(), &examples.inputs, &recording, self.dtype);
        self.targets = loss::place(&loss::smoothed(&examples.targets, width, self.smoothing), width, &recording, self.dtype);
    }

    fn outputs(&mut self, inputs: &[Inputs]) -> Vec<f64> {
        self.first_output(self.module.program(), &self.module.weights(), inputs)
    }

    fn evaluated(&mut self, inputs: &[Inputs]) -> Vec<f64> {
        match &self.running {
            None => self.outputs(inputs),
            Some(running) => self.first_output(running.evaluation(), &running.beside(self.module.weights()), inputs),
        }
    }

    fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    fn set_running(&mut self, values: Vec<Vec<f64>>) {
        if let Some(running) = &mut self.running {
            running.set_values(values);
        }
    }

    fn weights(&self) -> Weights {
        self.module.weights()
    }

    fn set_weights(&mut self, weights: &Weights) {
        self.module.set_weights(weights).expect("weights have the program's sizes");
    }

    fn gradients(&self) -> Vec<Option<Vec<f64>>> {
        self.gradients.iter().map(|gradient| gradient.as_ref().map(Array::values)).collect()
    }

    fn memory(&self) -> Vec<Memory> {
        let doubled = |slot: &Tensor<1>| Array::from(slot.clone()).values();
        self.updater.slots().iter().map(|slots| slots.iter().map(|(name, slot)| (*name, doubled(slot))).collect()).collect()
    }

    fn restore(&mut self, steps: u64, memory: Vec<Memory>) {
        let place = |values: Vec<f64>| Array::from_values(&values, &[values.len()], &self.device, self.dtype).flat();
        let slots = memory.into_iter().map(|memory| memory.into_iter().map(|(name, values)| (name, place(values))).collect());
        self.updater.restore(steps, slots.collect());
    }

    fn steps(&self) -> u64 {
        self.updater.steps()
    }
}

impl Interpreted {
    /// The first output of a program for each row.
    fn first_output(&self, program: &Program, weights: &Weights, inputs: &[Inputs]) -> Vec<f64> {
        let module = Module::new(program, weights, &self.device, self.dtype).expect("it is executed already");
        let outputs = module.forward(&evaluate::arrays(program, inputs, &self.device, self.dtype));
        outputs.first().map_or_else(Vec::new, Array::values)
    }

    /// The sum of the squares of all gradients.
    fn squares(&self) -> f64 {
        let parameters = &self.module.program().parameters;
        let trained = parameters.iter().zip(&self.gradients).filter(|(parameter, _)| parameter.trainable);
        let squares = trained.filter_map(|(parameter, gradient)| {
            let values = gradient.as_ref()?.values();
            Some(square(values.into_iter(), frozen(parameter).as_deref()))
        });
        squares.sum()
    }
}

/// A tensor that is known to have two axes.
fn two_axes(array: Array) -> Tensor<2> {
    let sizes = array.dims();
    array.flat().reshape([sizes[0], sizes[1]])
}
