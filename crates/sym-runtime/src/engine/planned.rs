//! Training by the planned executor: the derivative is taken once, and every array keeps its place from step to step.

use super::loss::loss_and_cotangent;
use super::update::{Share, update};
use super::{Engine, Memory, Pace, Task, frozen, square};
use crate::data::{Examples, Table, Targets};
use crate::decay;
use crate::optim::names;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, Optimizer};
use sym_ir::{InputId, ParameterId, Program};
use sym_plan::{Plan, Real};

/// A number type that training runs in.
pub trait Number: Real {
    /// The nearest number.
    fn rounded(value: f64) -> Self;
    /// In double precision.
    fn double(self) -> f64;
}

impl Number for f32 {
    fn rounded(value: f64) -> Self {
        value as f32
    }

    fn double(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    fn rounded(value: f64) -> Self {
        value
    }

    fn double(self) -> f64 {
        self
    }
}

/// A model with its derivative, planned for batches of one size.
#[derive(Debug)]
struct OfSize<T> {
    batch: usize,
    plan: Plan<T>,
    /// Whether the inputs hold all examples in order already.
    holds_all: bool,
}

/// The inputs of examples in a number type, each with its width.
fn rounded_inputs<T: Number>(examples: &Examples) -> Vec<(usize, Vec<T>)> {
    let rounded = |table: &Table| (table.width, table.values.iter().map(|&value| T::rounded(value)).collect());
    examples.inputs.iter().map(rounded).collect()
}

/// A model that is trained by the planned executor.
#[derive(Debug)]
pub struct Planned<T> {
    /// The model up to its first output.
    program: Program,
    derivative: Program,
    /// Trained parameters: the gradient of the k-th is output k + 1.
    trained: Vec<ParameterId>,
    plans: Vec<OfSize<T>>,
    /// Plans of the model alone.
    forward: Vec<OfSize<T>>,
    /// Which plan holds the weights.
    current: usize,
    inputs: Vec<(usize, Vec<T>)>,
    targets: Targets,
    loss: Loss,
    /// Entries of the first output.
    width: usize,
    /// ε of label smoothing.
    smoothing: f64,
    optimizer: Optimizer,
    shares: Vec<Share<T>>,
    steps: u64,
    has_gradients: bool,
    /// A shortened gradient.
    shortened: Vec<T>,
}

impl<T: Number> Planned<T> {
    /// Plans the model and its derivative for the batches of most steps.
    pub fn new(task: Task<'_>) -> Self {
        let mut program = task.program.clone();
        program.outputs.truncate(1);
        let trained: Vec<ParameterId> =
            program.parameter_ids().filter(|(_, parameter)| parameter.trainable).map(|(id, _)| id).collect();
        let derivative = sym_diff::vjp(&program, &trained, &[]);
        let rounded = |values: &[f64]| -> Vec<T> { values.iter().map(|&value| T::rounded(value)).collect() };
        let needed = |values: &[f64]| values.iter().any(|&value| value != 1.0).then(|| rounded(values));
        let shares = program
            .parameters
            .iter()
            .zip(decay::of_program(&program))
            .enumerate()
            .map(|(at, (parameter, decay))| Share {
                memory: Vec::new(),
                divisors: task.divisors.and_then(|divisors| needed(&divisors.values[at])),
                decay_weights: decay.as_deref().map(rounded),
                frozen: frozen(parameter),
            })
            .collect();
        let inputs = rounded_inputs(task.examples);
        let mut engine = Self {
            program,
            derivative,
            trained,
            plans: Vec::new(),
            forward: Vec::new(),
            current: 0,
            inputs,
            targets: crate::loss::smoothed(&task.examples.targets, task.width, task.smoothing),
            width: task.width,
            smoothing: task.smoothing,
            loss: task.loss,
            optimizer: task.optimizer,
            shares,
            steps: 0,
            has_gradients: false,
            shortened: Vec::new(),
        };
        engine.plan(task.batch.unwrap_or(task.examples.len()));
        engine.set_weights(task.weights);
        engine
    }

    /// The position of the plan for batches of a size; it is made where there is none.
    fn plan(&mut self, batch: usize) -> usize {
        if let Some(at) = self.plans.iter().position(|of_size| of_size.batch == batch) {
            return at;
        }
        let plan = Plan::staged(&self.derivative, batch, &[self.program.nodes.len()]);
        self.plans.push(OfSize { batch, plan, holds_all: false });
        self.plans.len() - 1
    }

    /// Makes the plan for a batch the one that holds the weights.
    fn switch(&mut self, batch: usize) {
        let next = self.plan(batch);
        if next == self.current {
            return;
        }
        for at in 0..self.shares.len() {
            let id = ParameterId(at as u32);
            let values = self.plans[self.current].plan.parameter(id).to_vec();
            self.plans[next].plan.parameter_mut(id).copy_from_slice(&values);
        }
        self.current = next;
    }

    fn fill_inputs(&mut self, rows: Option<&[usize]>) {
        let of_size = &mut self.plans[self.current];
        if rows.is_none() && of_size.holds_all {
            return;
        }
        for (at, (width, values)) in self.inputs.iter().enumerate() {
            let target = of_size.plan.input_mut(InputId(at as u32));
            match rows {
                None => target.copy_from_slice(values),
                Some(rows) => {
                    for (target, &row) in target.chunks_exact_mut((*width).max(1)).zip(rows) {
                        target.copy_from_slice(&values[row * width..(row + 1) * width]);
                    }
                }
            }
        }
        of_size.holds_all = rows.is_none();
    }
}

impl<T: Number> Engine for Planned<T> {
    fn step(&mut self, rows: Option<&[usize]>, pace: Pace) -> f64 {
        let batch = rows.map_or(self.targets.len(), <[usize]>::len);
        self.switch(batch);
        self.fill_inputs(rows);
        let plan = &mut self.plans[self.current].plan;
        plan.run_stage(0);
        let cotangent = InputId(self.inputs.len() as u32);
        let (outputs, cotangents) = plan.output_and_input(0, cotangent);
        let loss = loss_and_cotangent(self.loss, outputs, &self.targets, rows, cotangents);
        // A loss beyond the number type is infinite, although double precision may hold it.
        if !T::rounded(loss).double().is_finite() {
            return if loss.is_nan() { loss } else { f64::INFINITY };
        }
        plan.run_stage(1);
        self.steps += 1;
        self.has_gradients = true;
        let (trained, shares) = (&self.trained, &self.shares);
        let squares = |(at, id): (usize, &ParameterId)| {
            square(plan.output(at + 1).iter().map(|value| value.double()), shares[id.0 as usize].frozen.as_deref())
        };
        let shortening = pace.shortening(|| trained.iter().enumerate().map(squares).sum());
        let optimizer = pace.of(self.optimizer);
        for (at, &id) in self.trained.iter().enumerate() {
            let (values, mut gradients) = plan.parameter_and_output(id, at + 1);
            if let Some(factor) = shortening {
                self.shortened.clear();
                self.shortened.extend(gradients.iter().map(|value| T::rounded(value.double() * factor)));
                gradients = &self.shortened;
            }
            update(&optimizer, self.steps, &mut self.shares[id.0 as usize], values, gradients);
        }
        loss
    }

    fn replace(&mut self, examples: &Examples) {
        self.inputs = rounded_inputs(examples);
        self.targets = crate::loss::smoothed(&examples.targets, self.width, self.smoothing);
        self.plans.iter_mut().for_each(|of_size| of_size.holds_all = false);
    }

    fn outputs(&mut self, inputs: &[Table]) -> Vec<f64> {
        let rows = inputs.first().map_or(1, Table::rows);
        let at = self.forward.iter().position(|of_size| of_size.batch == rows).unwrap_or_else(|| {
            let plan = Plan::new(&self.program, rows);
            self.forward.push(OfSize { batch: rows, plan, holds_all: false });
            self.forward.len() - 1
        });
        let plan = &mut self.forward[at].plan;
        for at in 0..self.shares.len() {
            let id = ParameterId(at as u32);
            plan.parameter_mut(id).copy_from_slice(self.plans[self.current].plan.parameter(id));
        }
        for (at, table) in inputs.iter().enumerate() {
            let target = plan.input_mut(InputId(at as u32));
            target.iter_mut().zip(&table.values).for_each(|(target, &value)| *target = T::rounded(value));
        }
        plan.run();
        plan.output(0).iter().map(|value| value.double()).collect()
    }

    fn weights(&self) -> Weights {
        let plan = &self.plans[self.current].plan;
        let values =
            (0..self.shares.len()).map(|at| plan.parameter(ParameterId(at as u32)).iter().map(|value| value.double()).collect());
        Weights { values: values.collect() }
    }

    fn set_weights(&mut self, weights: &Weights) {
        let plan = &mut self.plans[self.current].plan;
        for (at, values) in weights.values.iter().enumerate() {
            let target = plan.parameter_mut(ParameterId(at as u32));
            target.iter_mut().zip(values).for_each(|(target, &value)| *target = T::rounded(value));
        }
    }

    fn gradients(&self) -> Vec<Option<Vec<f64>>> {
        let mut gradients = vec![None; self.shares.len()];
        if self.has_gradients {
            let plan = &self.plans[self.current].plan;
            for (at, id) in self.trained.iter().enumerate() {
                gradients[id.0 as usize] = Some(plan.output(at + 1).iter().map(|value| value.double()).collect());
            }
        }
        gradients
    }

    fn memory(&self) -> Vec<Memory> {
        let own = names(self.optimizer.rule);
        let doubled = |values: &[T]| values.iter().map(|value| value.double()).collect();
        self.shares
            .iter()
            .map(|share| own.iter().zip(&share.memory).map(|(&name, values)| (name, doubled(values))).collect())
            .collect()
    }

    fn restore(&mut self, steps: u64, memory: Vec<Memory>) {
        self.steps = steps;
        for (share, memory) in self.shares.iter_mut().zip(memory) {
            share.memory = memory.into_iter().map(|(_, values)| values.into_iter().map(T::rounded).collect()).collect();
        }
    }

    fn steps(&self) -> u64 {
        self.steps
    }
}
