//! The loop of one seed.

use super::setup::Setup;
use super::watch::Watch;
use super::{Batches, final_weights};
use crate::data::{Examples, Inputs};
use crate::engine::{self, Engine, Memory, Pace, Running};
use crate::optim::names;
use crate::probes::{Detector, Instruments, Panel, View, score};
use crate::record::{Checkpoint, Ending, Row, SeedWriter};
use crate::{Observer, Progress, evaluate, init};
use burn::tensor::DType;
use std::collections::BTreeMap;
use std::time::Instant;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_lower::Module;

/// One seed of a run, between two steps.
#[derive(Debug)]
pub struct Seed<'a> {
    setup: &'a Setup<'a>,
    number: u64,
    engine: Box<dyn Engine>,
    detectors: Vec<Detector>,
    /// What probes compute with; they do not touch the engine's weights.
    instruments: Instruments<'a>,
    /// The weights at step 0.
    start: Weights,
    batches: Batches,
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
    /// By a rule of the run.
    Early(String),
    /// The observer asked for it.
    Interrupted,
    /// Something is not finite.
    NotFinite(String),
}

/// Weights as an engine of a number type has them, in the same memory.
fn rounded(mut weights: Weights, dtype: DType) -> Weights {
    if dtype == DType::F32 {
        weights.values.iter_mut().flatten().for_each(|value| *value = f64::from(*value as f32));
    }
    weights
}

/// Weights, and the running statistics of an engine behind them.
fn with_running(engine: &dyn Engine, weights: Weights) -> Weights {
    match engine.running() {
        Some(running) => running.beside(weights),
        None => weights,
    }
}

impl Stop {
    /// As a record says it.
    pub fn ending(self) -> Ending {
        match self {
            Stop::Finished => Ending::Finished,
            Stop::Early(why) => Ending::Stopped { why },
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
        let examples = &setup.data.train;
        let task = engine::Task {
            program,
            weights: &weights,
            loss: train.loss,
            smoothing: train.smoothing,
            optimizer: train.optimizer,
            divisors: None,
            examples,
            batch: setup.batch,
            width: setup.width,
            running: setup.running.as_ref(),
        };
        let engine = engine::engine(task, setup.backend, setup.dtype)?;
        let start = rounded(weights, setup.dtype);
        let mut seed = Self {
            setup,
            number,
            engine,
            detectors: setup.panel.detectors(),
            instruments: Instruments::new(program, train.loss, examples).tested_on(setup.data.test.as_ref()),
            start,
            batches: Batches::new(number, examples.len(), setup.batch),
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

    /// All that the seed leaves: the present weights, and running statistics behind them.
    pub fn left(&self) -> Weights {
        with_running(&*self.engine, self.engine.weights())
    }

    /// Runs to the end, or until something stops it. All measurements are in the writer afterwards; a last checkpoint is the caller's.
    ///
    /// # Errors
    ///
    /// E0603.
    pub fn run(&mut self, file: &mut SeedWriter<'_>, observer: &dyn Observer) -> Result<Stop, Diagnostic> {
        let steps = self.setup.train.steps;
        let from = self.step;
        let mut watch = self.watch(file)?;
        loop {
            if self.step > from && self.step < steps && self.step.is_multiple_of(self.setup.interval) {
                file.keep(self.step, watch.at_checkpoint(), || final_weights(self.setup, &self.left()));
                file.checkpoint(&self.checkpoint(Ending::Interrupted))?;
            }
            if self.step < steps && observer.interrupted() {
                return Ok(Stop::Interrupted);
            }
            let last = self.step == steps;
            if last || self.setup.panel.due(self.step, last) {
                let weights = self.engine.weights();
                if let Some(what) = self.not_finite_weight(&weights) {
                    return Ok(Stop::NotFinite(what));
                }
                let mut row = self.measure(last, &weights);
                let ends = watch.ends(&row).filter(|_| !last);
                if ends.is_some() {
                    self.complete(&mut row, &weights);
                }
                file.keep(self.step, watch.keeps(&row), || final_weights(self.setup, &with_running(&*self.engine, weights)));
                file.push(row);
                if let Some(why) = ends {
                    return Ok(Stop::Early(why));
                }
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
        let rows = self.batches.at(self.step);
        let setup = self.setup;
        let own = setup.each_step.examples(&setup.data.train, rows, self.number, self.step);
        let rows = match &own {
            Some(examples) => {
                self.engine.replace(examples);
                None
            }
            None => rows,
        };
        let train = self.setup.train;
        let pace = Pace { rate: train.schedule.factor(self.step, train.steps), clip: train.clip };
        let loss = self.engine.step(rows, pace);
        if !loss.is_finite() {
            let rows = rows.map(<[usize]>::to_vec);
            return Err(self.not_finite(own.as_ref().unwrap_or(&setup.data.train), rows.as_deref()));
        }
        self.step += 1;
        Ok(loss)
    }

    /// The rules of the run, as of the measurements in the record.
    fn watch(&self, file: &SeedWriter<'_>) -> Result<Watch, Diagnostic> {
        let mut watch = Watch::new(self.setup.train, &self.setup.panel);
        if !watch.is_idle() {
            for row in file.rows()? {
                watch.ends(&row);
                watch.keeps(&row);
            }
        }
        Ok(watch)
    }

    fn measure(&mut self, last: bool, weights: &Weights) -> Row {
        let step = self.step;
        let values = self.viewed(weights, |panel, view, detectors| panel.measure(step, last, view, detectors));
        Row { step, wall_seconds: self.seconds(), values }
    }

    /// Measures what a row does not have that turns out to be the last.
    fn complete(&mut self, row: &mut Row, weights: &Weights) {
        let values = &mut row.values;
        let step = row.step;
        self.viewed(weights, |panel, view, detectors| panel.complete(step, values, view, detectors));
    }

    /// What probes see of some weights.
    fn viewed<R>(&mut self, weights: &Weights, look: impl FnOnce(&Panel, &mut View<'_, '_>, &mut [Detector]) -> R) -> R {
        let setup = self.setup;
        let statistics = self.engine.running().map(|running| running.values().to_vec());
        let form = setup.running.as_ref().map(Running::evaluation);
        let engine = &mut self.engine;
        let mut scored = |test: bool| {
            let examples = if test { setup.data.test.as_ref() } else { Some(&setup.data.train) };
            match examples {
                Some(examples) => {
                    let mut outputs = |inputs: &[Inputs]| if test { engine.evaluated(inputs) } else { engine.outputs(inputs) };
                    score(&mut outputs, examples, setup.train.loss, setup.width, setup.chunk)
                }
                None => crate::probes::Score { loss: f64::NAN, accuracy: None },
            }
        };
        let mut view = View {
            program: &setup.train.program,
            weights,
            start: &self.start,
            seed: self.number,
            score: &mut scored,
            evaluated: form.zip(statistics.as_deref()),
            instruments: &mut self.instruments,
        };
        look(&setup.panel, &mut view, &mut self.detectors)
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
            let gradients = self.engine.gradients();
            let gradient = gradients.iter().rposition(|gradient| gradient.as_ref().is_some_and(|gradient| !finite(gradient)));
            match (gradient, weights.values.iter().position(|values| !finite(values))) {
                (Some(at), _) => format!("gradient of `{}`", path(at)),
                (None, at) => format!("parameter `{}`", at.map_or("", |at| path(at))),
            }
        })
    }

    /// What is not finite, where the loss of these examples is not.
    fn not_finite(&self, examples: &Examples, rows: Option<&[usize]>) -> String {
        let setup = self.setup;
        let weights = self.engine.weights();
        if let Some(what) = self.not_finite_weight(&weights) {
            return what;
        }
        let Ok(module) = Module::new(&setup.train.program, &weights, &setup.device, setup.dtype) else {
            return "loss".to_string();
        };
        let inputs = match rows {
            None => evaluate::arrays(&setup.train.program, &examples.inputs, &setup.device, setup.dtype),
            Some(rows) => evaluate::arrays(&setup.train.program, &examples.select(rows).inputs, &setup.device, setup.dtype),
        };
        let program = &self.setup.train.program;
        let named = |value| {
            let node = program.node(value);
            let scope = if node.scope.is_empty() { String::new() } else { format!(" in `{}`", node.scope) };
            format!("`{}`{scope}", node.name)
        };
        if let Some(value) = module.first_not_finite(&inputs) {
            return format!("value {}", named(value));
        }
        // The network is finite, its loss is not: errors so large that their squares are beyond the number type.
        let output = module.forward(&inputs).swap_remove(0).values();
        let largest = output.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        format!("loss of the output {} (up to {largest:.1e})", named(program.outputs[0].value))
    }

    /// The present state.
    pub fn checkpoint(&self, ending: Ending) -> Checkpoint {
        let program = &self.setup.train.program;
        let mut tensors = BTreeMap::new();
        let memory = self.engine.memory();
        for (parameter, memory) in program.parameters.iter().zip(memory) {
            tensors.extend(memory.into_iter().map(|(name, slot)| (format!("{name}/{}", parameter.path), slot)));
        }
        let stored = self.setup.stored().parameters.iter().map(|parameter| parameter.path.clone());
        tensors.extend(stored.zip(self.left().values));
        Checkpoint { step: self.step, wall_seconds: self.seconds(), ending, detectors: self.detectors.clone(), tensors }
    }

    fn restore(&mut self, mut checkpoint: Checkpoint) -> Result<(), String> {
        let program = &self.setup.train.program;
        let mut take = |name: &str| checkpoint.tensors.remove(name).ok_or_else(|| format!("`{name}` is missing"));
        let stored = &self.setup.stored().parameters;
        let mut weights = stored.iter().map(|parameter| take(&parameter.path)).collect::<Result<Vec<_>, _>>()?;
        let mut slots: Vec<Memory> = Vec::new();
        for (parameter, values) in program.parameters.iter().zip(&weights) {
            let mut memory = Memory::new();
            for name in names(self.setup.train.optimizer.rule) {
                // A frozen parameter, one without gradient, or a checkpoint before the first step: nothing is remembered.
                let Ok(slot) = take(&format!("{name}/{}", parameter.path)) else { continue };
                if slot.len() != values.len() {
                    return Err(format!("`{name}/{}` has {} entries", parameter.path, slot.len()));
                }
                memory.push((*name, slot));
            }
            slots.push(memory);
        }
        let sizes = stored.iter().map(sym_ir::Parameter::entries);
        if let Some(at) = sizes.zip(&weights).position(|(size, values)| size != Some(values.len() as u128)) {
            return Err(format!("`{}` has {} entries", stored[at].path, weights[at].len()));
        }
        self.engine.set_running(weights.split_off(program.parameters.len()));
        self.engine.set_weights(&Weights { values: weights });
        if checkpoint
            .detectors
            .iter()
            .map(|detector| detector.broken.len())
            .ne(self.detectors.iter().map(|detector| detector.broken.len()))
        {
            return Err("its event detectors are others".to_string());
        }
        self.detectors = checkpoint.detectors;
        self.engine.restore(checkpoint.step, slots);
        self.step = checkpoint.step;
        self.before = checkpoint.wall_seconds;
        Ok(())
    }
}
