//! The loop of one seed.

use super::Batches;
use super::setup::Setup;
use crate::optim::{Slots, Updater};
use crate::probes::{Detector, View, score};
use crate::record::{Checkpoint, Ending, Row, SeedWriter};
use crate::{Observer, Progress, decay, evaluate, init, loss};
use burn::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;
use std::time::Instant;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::ParameterId;
use sym_lower::{Array, Module};

/// The diagonals of decay on the device.
fn decay_weights(setup: &Setup) -> Vec<Option<Tensor<1>>> {
    let place = |values: Vec<f64>| {
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), (&setup.device, setup.dtype))
    };
    decay::of_program(&setup.train.program).into_iter().map(|weights| weights.map(place)).collect()
}

/// One seed of a run, between two steps.
#[derive(Debug)]
pub struct Seed<'a> {
    setup: &'a Setup<'a>,
    number: u64,
    module: Module,
    updater: Updater,
    detectors: Vec<Detector>,
    batches: Batches,
    /// Inputs of the program with all training examples.
    inputs: Vec<Array>,
    /// Targets of all training examples.
    targets: Tensor<2>,
    /// The gradients of the last step, to find out where a value that is not finite came from.
    gradients: Vec<Option<Array>>,
    step: u64,
    /// Seconds before `started`.
    before: f64,
    started: Instant,
}

/// Why a seed stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// After its last step.
    Finished,
    /// The observer asked for it.
    Interrupted,
    /// Something is not finite.
    NotFinite(String),
}

impl Stop {
    /// As a record says it.
    pub fn ending(self) -> Ending {
        match self {
            Stop::Finished => Ending::Finished,
            Stop::Interrupted => Ending::Interrupted,
            Stop::NotFinite(what) => Ending::NotANumber { what },
        }
    }
}

impl<'a> Seed<'a> {
    /// The seed at its start, or where a checkpoint left it.
    ///
    /// # Errors
    ///
    /// Initial values that do not fit the model, E0604 for a checkpoint that does not.
    pub fn new(setup: &'a Setup<'a>, number: u64, from: Option<Checkpoint>) -> Result<Self, Vec<Diagnostic>> {
        let train = setup.train;
        let program = &train.program;
        let weights = init::weights(program, Some(setup.symmetries), &train.init, &setup.files, number, "init")?;
        let module = Module::new(program, &weights, &setup.device.clone().autodiff(), setup.dtype)?;
        let examples = &setup.data.train;
        let updater = Updater::new(train.optimizer, program.parameters.len())
            .with_decay_weights(decay_weights(setup))
            .with_masks(module.masks().to_vec());
        let mut seed = Self {
            setup,
            number,
            module,
            updater,
            detectors: setup.panel.detectors(),
            batches: Batches::new(number, examples.len(), setup.batch),
            // On the device with autodiff, where parameters are; they record nothing.
            inputs: evaluate::arrays(program, &examples.inputs, &setup.device.clone().autodiff(), setup.dtype),
            targets: loss::place(&examples.targets, setup.width, &setup.device.clone().autodiff(), setup.dtype),
            gradients: Vec::new(),
            step: 0,
            before: 0.0,
            started: Instant::now(),
        };
        if let Some(checkpoint) = from {
            seed.restore(checkpoint).map_err(|why| {
                vec![Diagnostic::without_span(
                    sym_diagnostics::Code::E0604,
                    format!("the checkpoint of `{}` with seed {number} does not fit the model: {why}", train.name),
                )]
            })?;
        }
        Ok(seed)
    }

    /// The module with its present weights.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Runs to the end, or until something stops it. All measurements are in the writer afterwards; a last checkpoint is the caller's.
    ///
    /// # Errors
    ///
    /// E0603.
    pub fn run(&mut self, file: &mut SeedWriter<'_>, observer: &dyn Observer) -> Result<Stop, Diagnostic> {
        let steps = self.setup.train.steps;
        let from = self.step;
        loop {
            if self.step > from && self.step < steps && self.step.is_multiple_of(self.setup.interval) {
                file.checkpoint(&self.checkpoint(Ending::Interrupted))?;
            }
            if self.step < steps && observer.interrupted() {
                return Ok(Stop::Interrupted);
            }
            let last = self.step == steps;
            if last || self.setup.panel.due(self.step, last) {
                let weights = self.module.weights();
                if let Some(what) = self.not_finite_weight(&weights) {
                    return Ok(Stop::NotFinite(what));
                }
                file.push(self.measure(last, &weights));
            }
            if last {
                return Ok(Stop::Finished);
            }
            match self.advance() {
                Ok(loss) => {
                    observer.progress(&Progress {
                        name: &self.setup.train.name,
                        seed: self.number,
                        step: self.step,
                        steps,
                        loss: Some(loss),
                    });
                }
                Err(what) => return Ok(Stop::NotFinite(what)),
            }
        }
    }

    /// One step; gives the loss before it, or what is not finite.
    fn advance(&mut self) -> Result<f64, String> {
        let batch = self.batches.at(self.step).map(|rows| rows.iter().map(|&row| row as i64).collect::<Vec<i64>>());
        let (inputs, targets) = match &batch {
            None => (self.inputs.clone(), self.targets.clone()),
            Some(rows) => {
                let inputs = self.inputs.iter().map(|input| input.clone().select(0, rows)).collect();
                (inputs, two_axes(Array::from(self.targets.clone()).select(0, rows)))
            }
        };
        let output = self.module.forward(&inputs).swap_remove(0);
        let loss = loss::of_batch(self.setup.train.loss, output, targets);
        let value = Array::from(loss.clone().inner()).values()[0];
        if !value.is_finite() {
            return Err(self.not_finite(&inputs));
        }
        self.gradients = self.module.gradients(&loss);
        self.updater.begin();
        for (at, gradient) in self.gradients.iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let id = ParameterId(at as u32);
            let value = self.module.parameter(id);
            let sizes = value.dims();
            let updated = self.updater.update(at, value.inner().flat(), gradient.clone().flat());
            self.module.set_parameter(id, Array::from(updated).reshape(&sizes));
        }
        self.step += 1;
        Ok(value)
    }

    fn measure(&mut self, last: bool, weights: &Weights) -> Row {
        let setup = self.setup;
        let evaluator = Module::new(&setup.train.program, weights, &setup.device, setup.dtype);
        let scored = |test: bool| {
            let examples = if test { setup.data.test.as_ref() } else { Some(&setup.data.train) };
            match (&evaluator, examples) {
                (Ok(module), Some(examples)) => {
                    score(module, examples, setup.train.loss, setup.width, &setup.device, setup.dtype)
                }
                _ => crate::probes::Score { loss: f64::NAN, accuracy: None },
            }
        };
        let view = View { program: &setup.train.program, weights, score: &scored };
        let values = setup.panel.measure(self.step, last, &view, &mut self.detectors);
        Row { step: self.step, wall_seconds: self.seconds(), values }
    }

    fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// The first weight that is not finite, and whether its gradient already was not.
    fn not_finite_weight(&self, weights: &Weights) -> Option<String> {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let wrong = weights.values.iter().any(|values| !finite(values));
        wrong.then(|| {
            let path = |at: usize| &self.setup.train.program.parameters[at].path;
            // Derivatives are computed from the loss back to the inputs: the last in the order of use comes first.
            let gradient =
                self.gradients.iter().rposition(|gradient| gradient.as_ref().is_some_and(|gradient| !finite(&gradient.values())));
            match (gradient, weights.values.iter().position(|values| !finite(values))) {
                (Some(at), _) => format!("gradient of `{}`", path(at)),
                (None, at) => format!("parameter `{}`", at.map_or("", |at| path(at))),
            }
        })
    }

    /// What is not finite, where the loss is not.
    fn not_finite(&self, inputs: &[Array]) -> String {
        if let Some(what) = self.not_finite_weight(&self.module.weights()) {
            return what;
        }
        let program = &self.setup.train.program;
        let named = |value| {
            let node = program.node(value);
            let scope = if node.scope.is_empty() { String::new() } else { format!(" in `{}`", node.scope) };
            format!("`{}`{scope}", node.name)
        };
        if let Some(value) = self.module.first_not_finite(inputs) {
            return format!("value {}", named(value));
        }
        // The network is finite, its loss is not: errors so large that their squares are beyond the number type.
        let output = self.module.forward(inputs).swap_remove(0).values();
        let largest = output.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        format!("loss of the output {} (up to {largest:.1e})", named(program.outputs[0].value))
    }

    /// The present state.
    pub fn checkpoint(&self, ending: Ending) -> Checkpoint {
        let program = &self.setup.train.program;
        let mut tensors = BTreeMap::new();
        for ((parameter, values), slots) in program.parameters.iter().zip(self.module.weights().values).zip(self.updater.slots())
        {
            tensors.insert(parameter.path.clone(), values);
            for (name, slot) in slots {
                tensors.insert(format!("{name}/{}", parameter.path), Array::from(slot.clone()).values());
            }
        }
        Checkpoint { step: self.step, wall_seconds: self.seconds(), ending, detectors: self.detectors.clone(), tensors }
    }

    fn restore(&mut self, mut checkpoint: Checkpoint) -> Result<(), String> {
        let program = &self.setup.train.program;
        let mut take = |name: &str| checkpoint.tensors.remove(name).ok_or_else(|| format!("`{name}` is missing"));
        let weights = program.parameters.iter().map(|parameter| take(&parameter.path)).collect::<Result<Vec<_>, _>>()?;
        let mut slots: Vec<Slots> = Vec::new();
        for (parameter, values) in program.parameters.iter().zip(&weights) {
            let mut memory = Slots::new();
            for name in self.updater.slot_names() {
                // A frozen parameter, one without gradient, or a checkpoint before the first step: nothing is remembered.
                let Ok(slot) = take(&format!("{name}/{}", parameter.path)) else { continue };
                if slot.len() != values.len() {
                    return Err(format!("`{name}/{}` has {} entries", parameter.path, slot.len()));
                }
                memory.push((name, Array::from_values(&slot, &[slot.len()], &self.setup.device, self.setup.dtype).flat()));
            }
            slots.push(memory);
        }
        self.module.set_weights(&Weights { values: weights }).map_err(|errors| errors[0].message.clone())?;
        if checkpoint
            .detectors
            .iter()
            .map(|detector| detector.first.len())
            .ne(self.detectors.iter().map(|detector| detector.first.len()))
        {
            return Err("its event detectors are others".to_string());
        }
        self.detectors = checkpoint.detectors;
        self.updater.restore(checkpoint.step, slots);
        self.step = checkpoint.step;
        self.before = checkpoint.wall_seconds;
        Ok(())
    }
}

/// A tensor that is known to have two axes.
fn two_axes(array: Array) -> Tensor<2> {
    let sizes = array.dims();
    array.flat().reshape([sizes[0], sizes[1]])
}
