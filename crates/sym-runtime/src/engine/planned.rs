//! Training by the planned executor: the derivative is taken once, and every array keeps its place from step to step.

use super::loss::loss_and_cotangent;
use super::update::{Share, update};
use super::{Engine, Memory, Pace, Running, Task, frozen, square};
use crate::data::{Examples, Inputs, Targets};
use crate::decay;
use crate::optim::names;
use std::sync::Arc;
use sym_infer::Weights;
use sym_ir::experiment::{Loss, Optimizer};
use sym_ir::{InputId, ParameterId, Program};
use sym_plan::{Plan, Real};

/// A number type that training runs in.
pub trait Number: Real + sym_data::Number {
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

/// The most bytes of an input of all examples in the number type of training. Batches of larger ones are read out of what is stored.
const MOST_ROUNDED: usize = 1 << 28;

/// One input of all examples.
#[derive(Debug)]
enum Source<T> {
    /// In the number type, row after row of so many entries. All that train on the examples share them.
    Rounded(usize, Arc<Vec<T>>),
    /// As it is stored.
    Stored(Inputs),
}

impl<T: Number> Source<T> {
    fn of(inputs: &Inputs) -> Self {
        Self::within(inputs, MOST_ROUNDED)
    }

    /// With so many bytes at most in the number type.
    fn within(inputs: &Inputs, most: usize) -> Self {
        let entries = inputs.rows() * inputs.width();
        if entries.saturating_mul(size_of::<T>()) > most {
            return Source::Stored(inputs.clone());
        }
        Source::Rounded(inputs.width(), inputs.all())
    }

    /// Puts some rows, or all, into the place of an input.
    fn fill(&self, rows: Option<&[usize]>, target: &mut [T]) {
        match (self, rows) {
            (Source::Rounded(_, values), None) => target.copy_from_slice(values),
            (Source::Rounded(width, values), Some(rows)) => {
                for (target, &row) in target.chunks_exact_mut((*width).max(1)).zip(rows) {
                    target.copy_from_slice(&values[row * width..(row + 1) * width]);
                }
            }
            (Source::Stored(inputs), None) => inputs.gather(0..inputs.rows(), target),
            (Source::Stored(inputs), Some(rows)) => inputs.gather(rows.iter().copied(), target),
        }
    }
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
    /// Plans of the model in evaluation, where that is another program.
    evaluation: Vec<OfSize<T>>,
    running: Option<Running>,
    /// Which plan holds the weights.
    current: usize,
    inputs: Vec<Source<T>>,
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
        let mut program = task.running.map_or(task.program, Running::training).clone();
        let statistics = program.outputs.split_off(task.program.outputs.len());
        program.outputs.truncate(1);
        let trained: Vec<ParameterId> =
            program.parameter_ids().filter(|(_, parameter)| parameter.trainable).map(|(id, _)| id).collect();
        let mut derivative = sym_diff::vjp(&program, &trained, &[]);
        // Values of the program keep their place in front of those of its derivative.
        derivative.outputs.extend(statistics);
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
        let inputs = task.examples.inputs.iter().map(Source::of).collect();
        let mut engine = Self {
            program,
            derivative,
            trained,
            plans: Vec::new(),
            forward: Vec::new(),
            evaluation: Vec::new(),
            running: task.running.cloned(),
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
        for (at, source) in self.inputs.iter().enumerate() {
            source.fill(rows, of_size.plan.input_mut(InputId(at as u32)));
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
        if let Some(running) = &mut self.running {
            let first = 1 + self.trained.len();
            let output = |at: usize| plan.output(first + at).iter().map(|value| value.double()).collect();
            running.absorb(batch, output, |value| T::rounded(value).double());
        }
        loss
    }

    fn replace(&mut self, examples: &Examples) {
        self.inputs = examples.inputs.iter().map(Source::of).collect();
        self.targets = crate::loss::smoothed(&examples.targets, self.width, self.smoothing);
        self.plans.iter_mut().for_each(|of_size| of_size.holds_all = false);
    }

    fn outputs(&mut self, inputs: &[Inputs]) -> Vec<f64> {
        forward(&self.program, &mut self.forward, &self.plans[self.current].plan, &[], inputs)
    }

    fn evaluated(&mut self, inputs: &[Inputs]) -> Vec<f64> {
        let weights = &self.plans[self.current].plan;
        match &self.running {
            None => forward(&self.program, &mut self.forward, weights, &[], inputs),
            Some(running) => forward(running.evaluation(), &mut self.evaluation, weights, running.values(), inputs),
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

/// The first output of a program for each row, at the weights that a plan holds and further ones behind them. A plan for so many rows is made where there is
/// none.
fn forward<T: Number>(
    program: &Program,
    plans: &mut Vec<OfSize<T>>,
    weights: &Plan<T>,
    further: &[Vec<f64>],
    inputs: &[Inputs],
) -> Vec<f64> {
    let rows = inputs.first().map_or(1, Inputs::rows);
    let at = plans.iter().position(|of_size| of_size.batch == rows).unwrap_or_else(|| {
        plans.push(OfSize { batch: rows, plan: Plan::new(program, rows), holds_all: false });
        plans.len() - 1
    });
    let plan = &mut plans[at].plan;
    let own = program.parameters.len() - further.len();
    for at in 0..own {
        let id = ParameterId(at as u32);
        plan.parameter_mut(id).copy_from_slice(weights.parameter(id));
    }
    for (at, values) in further.iter().enumerate() {
        let target = plan.parameter_mut(ParameterId((own + at) as u32));
        target.iter_mut().zip(values).for_each(|(target, &value)| *target = T::rounded(value));
    }
    for (at, table) in inputs.iter().enumerate() {
        table.gather(0..rows, plan.input_mut(InputId(at as u32)));
    }
    plan.run();
    plan.output(0).iter().map(|value| value.double()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_data::{Affine, Entries};

    /// Bytes that stand for normalised shades.
    fn images() -> Inputs {
        let bytes = (0..60u8).map(|at| at.wrapping_mul(37)).collect();
        let channels = Affine { centre: vec![0.4, 0.5, 0.6], spread: vec![0.2, 0.3, 0.25] };
        Inputs::new(Entries::Bytes(bytes), 6).mapped(&Affine::whole(0.0, 255.0)).mapped(&channels)
    }

    #[test]
    fn a_batch_that_is_read_out_of_what_is_stored_has_the_bits_of_one_that_was_rounded_before() {
        let inputs = images();
        let [rounded, stored] = [usize::MAX, 59].map(|most| Source::<f32>::within(&inputs, most));
        assert!(matches!((&rounded, &stored), (Source::Rounded(..), Source::Stored(_))));
        for rows in [None, Some(&[7, 0, 7, 9][..])] {
            let length = rows.map_or(10, <[usize]>::len) * 6;
            let (mut one, mut other) = (vec![0.0; length], vec![1.0; length]);
            rounded.fill(rows, &mut one);
            stored.fill(rows, &mut other);
            assert_eq!(one, other);
        }
        assert_eq!(
            Source::<f32>::within(&inputs, 240).fill_one(1),
            inputs.range(1, 2).iter().map(|&x| x as f32).collect::<Vec<_>>()
        );
    }

    impl Source<f32> {
        fn fill_one(&self, row: usize) -> Vec<f32> {
            let mut found = vec![0.0; 6];
            self.fill(Some(&[row]), &mut found);
            found
        }
    }
}
