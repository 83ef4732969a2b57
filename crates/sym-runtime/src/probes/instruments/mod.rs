//! What probes see beside weights: features, gradients, Jacobians of single examples and products with the Hessian of the loss.
//!
//! All of it is computed by the planned executor in double precision, whatever a run trains in, from derivatives that are taken when they are first asked
//! for. Nothing here touches what trains: with or without probes a run has the same bits.

mod coordinates;
mod hessian;
mod landscape;
mod reduced;

pub use coordinates::Coordinates;
pub use hessian::Hessian;
pub use landscape::Landscape;

use crate::data::{Examples, Targets};
use crate::engine::loss_and_cotangent;
use sym_infer::Weights;
use sym_ir::experiment::Loss;
use sym_ir::{InputId, Output, ParameterId, Program, ValueId};
use sym_measure::Matrix;
use sym_plan::Plan;

/// A plan for batches of one size, of what the key says.
#[derive(Debug)]
struct OfSize<K> {
    key: K,
    batch: usize,
    plan: Plan<f64>,
}

/// The plan of a size; made where there is none.
fn plan_of<K: PartialEq>(plans: &mut Vec<OfSize<K>>, key: K, batch: usize, make: impl FnOnce() -> Plan<f64>) -> &mut Plan<f64> {
    let at = plans.iter().position(|known| known.key == key && known.batch == batch).unwrap_or_else(|| {
        plans.push(OfSize { key, batch, plan: make() });
        plans.len() - 1
    });
    &mut plans[at].plan
}

/// Derivatives that are planned.
#[derive(Debug, Clone, Copy)]
enum Derivative {
    Gradient,
    OfEachExample,
    Tangent,
    Hessian,
}

impl Derivative {
    /// The derivative of a model in its trained parameters, planned for a batch.
    fn plan(self, program: &Program, trained: &[ParameterId], batch: usize) -> Plan<f64> {
        match self {
            Self::Gradient => Plan::staged(&sym_diff::vjp(program, trained, &[]), batch, &[program.nodes.len()]),
            Self::OfEachExample => Plan::staged(&sym_diff::per_sample_vjp(program, trained, &[]), batch, &[program.nodes.len()]),
            Self::Tangent => Plan::new(&sym_diff::jvp(program, trained, &[]), batch),
            Self::Hessian => Plan::new(&hessian::derived(program, trained), batch),
        }
    }
}

/// The instruments of one seed.
#[derive(Debug)]
pub struct Instruments<'a> {
    /// The model up to its first output.
    program: Program,
    loss: Loss,
    examples: &'a Examples,
    test: Option<&'a Examples>,
    coordinates: Coordinates,
    reduced: Option<reduced::Known>,
    features: Vec<OfSize<ValueId>>,
    gradients: Vec<OfSize<()>>,
    of_each_example: Vec<OfSize<()>>,
    tangents: Vec<OfSize<()>>,
    hessians: Vec<OfSize<()>>,
}

impl<'a> Instruments<'a> {
    /// For a model, its loss and its training examples.
    pub fn new(program: &Program, loss: Loss, examples: &'a Examples) -> Self {
        let mut program = program.clone();
        program.outputs.truncate(1);
        let coordinates = Coordinates::of(&program);
        Self {
            program,
            loss,
            examples,
            test: None,
            coordinates,
            reduced: None,
            features: Vec::new(),
            gradients: Vec::new(),
            of_each_example: Vec::new(),
            tangents: Vec::new(),
            hessians: Vec::new(),
        }
    }

    /// With the second part of the data.
    #[must_use]
    pub fn tested_on(mut self, test: Option<&'a Examples>) -> Self {
        self.test = test;
        self
    }

    /// The coordinates of gradients.
    pub fn coordinates(&self) -> &Coordinates {
        &self.coordinates
    }

    /// So many examples, or all where there are fewer.
    pub fn rows(&self, count: usize) -> Vec<usize> {
        (0..count.min(self.examples.len())).collect()
    }

    /// The number of training examples.
    pub fn count(&self) -> usize {
        self.examples.len()
    }

    /// The classes of examples; `None` where targets are numbers.
    pub fn classes(&self, rows: &[usize]) -> Option<Vec<usize>> {
        match &self.examples.targets {
            Targets::Classes(classes) => Some(rows.iter().map(|&row| classes[row]).collect()),
            Targets::Numbers(_) => None,
        }
    }

    /// Entries of a value for each example.
    fn width(&self, value: ValueId) -> usize {
        self.program.node(value).shape.iter().map(|axis| axis.size as usize).product()
    }

    /// A value for each example in a row: all its entries.
    pub fn features(&mut self, weights: &Weights, value: ValueId, rows: &[usize]) -> Matrix {
        let program = &self.program;
        let plan = plan_of(&mut self.features, value, rows.len(), || {
            let mut part = program.clone();
            part.nodes.truncate(value.0 as usize + 1);
            part.outputs = vec![Output { name: "features".to_string(), value }];
            Plan::new(&part, rows.len())
        });
        fill(plan, weights, self.examples, rows);
        plan.run();
        let values = plan.output(0).to_vec();
        let width = self.width(value);
        Matrix::new(rows.len(), width, values).expect("an entry for each example and position")
    }

    /// The first output for each example in a row.
    pub fn outputs(&mut self, weights: &Weights, rows: &[usize]) -> Matrix {
        self.features(weights, self.program.outputs[0].value, rows)
    }

    /// The mean loss of examples, at most `batch` of them at a time.
    pub fn mean_loss(&mut self, weights: &Weights, rows: &[usize], batch: usize) -> f64 {
        let mut sum = 0.0;
        for part in rows.chunks(batch.max(1)) {
            sum += self.loss_with(weights, part, None) * part.len() as f64;
        }
        sum / rows.len() as f64
    }

    /// The mean loss of examples; writes its gradient.
    pub fn gradient(&mut self, weights: &Weights, rows: &[usize], gradient: &mut [f64]) -> f64 {
        self.loss_with(weights, rows, Some(gradient))
    }

    fn loss_with(&mut self, weights: &Weights, rows: &[usize], gradient: Option<&mut [f64]>) -> f64 {
        let (loss, examples) = (self.loss, self.examples);
        let cotangent = InputId(self.program.inputs.len() as u32);
        let batch = rows.len();
        let make = || Derivative::Gradient.plan(&self.program, &self.coordinates.parameters(), batch);
        let plan = plan_of(&mut self.gradients, (), batch, make);
        fill(plan, weights, self.examples, rows);
        plan.run_stage(0);
        let (outputs, cotangents) = plan.output_and_input(0, cotangent);
        let value = loss_and_cotangent(loss, outputs, &examples.targets, Some(rows), cotangents);
        if let Some(gradient) = gradient {
            plan.run_stage(1);
            self.coordinates.gather(|at| plan.output(at + 1), gradient);
        }
        value
    }

    /// The gradient of the loss of each example in a row.
    pub fn gradients(&mut self, weights: &Weights, rows: &[usize]) -> Matrix {
        let (loss, examples) = (self.loss, self.examples);
        let scale = rows.len() as f64;
        self.of_each_example(weights, rows, &mut |outputs, cotangents| {
            loss_and_cotangent(loss, outputs, &examples.targets, Some(rows), cotangents);
            // The loss is a mean.
            for entry in cotangents.iter_mut() {
                *entry *= scale;
            }
        })
    }

    /// ∂f/∂θ: for each example a row for each entry of the first output.
    pub fn jacobian(&mut self, weights: &Weights, rows: &[usize]) -> Matrix {
        let width = self.width(self.program.outputs[0].value).max(1);
        let parts: Vec<Matrix> = (0..width)
            .map(|entry| {
                self.of_each_example(weights, rows, &mut |_, cotangents| {
                    for (at, cotangent) in cotangents.iter_mut().enumerate() {
                        *cotangent = f64::from(u8::from(at % width == entry));
                    }
                })
            })
            .collect();
        Matrix::from_fn(rows.len() * width, self.coordinates.size(), |row, column| parts[row % width].row(row / width)[column])
    }

    /// For each example the gradient of ∑ c ⊙ output in a row.
    fn of_each_example(&mut self, weights: &Weights, rows: &[usize], cotangents: &mut dyn FnMut(&[f64], &mut [f64])) -> Matrix {
        let id = InputId(self.program.inputs.len() as u32);
        let batch = rows.len();
        let make = || Derivative::OfEachExample.plan(&self.program, &self.coordinates.parameters(), batch);
        let plan = plan_of(&mut self.of_each_example, (), batch, make);
        fill(plan, weights, self.examples, rows);
        plan.run_stage(0);
        let (outputs, own) = plan.output_and_input(0, id);
        cotangents(outputs, own);
        plan.run_stage(1);
        let size = self.coordinates.size();
        let mut values = vec![0.0; rows.len() * size];
        for (example, row) in values.chunks_mut(size.max(1)).enumerate() {
            let of_example = |at: usize| {
                let entries = plan.output(at + 1);
                let width = entries.len() / rows.len();
                &entries[example * width..(example + 1) * width]
            };
            self.coordinates.gather(of_example, row);
        }
        Matrix::new(rows.len(), size, values).expect("an entry for each example and trained entry")
    }

    /// The Hessian of the mean loss of examples at given weights.
    pub fn hessian(&mut self, weights: &Weights, rows: &[usize]) -> Hessian<'_> {
        let batch = rows.len();
        let (program, trained) = (&self.program, self.coordinates.parameters());
        let tangent = plan_of(&mut self.tangents, (), batch, || Derivative::Tangent.plan(program, &trained, batch));
        let second = plan_of(&mut self.hessians, (), batch, || Derivative::Hessian.plan(program, &trained, batch));
        fill(tangent, weights, self.examples, rows);
        fill(second, weights, self.examples, rows);
        Hessian {
            loss: self.loss,
            examples: self.examples,
            coordinates: &self.coordinates,
            rows: rows.to_vec(),
            program,
            tangent,
            second,
        }
    }
}

/// Sets the weights and the examples of a plan.
fn fill(plan: &mut Plan<f64>, weights: &Weights, examples: &Examples, rows: &[usize]) {
    for (at, values) in weights.values.iter().enumerate() {
        plan.parameter_mut(ParameterId(at as u32)).copy_from_slice(values);
    }
    for (at, table) in examples.inputs.iter().enumerate() {
        table.gather(rows.iter().copied(), plan.input_mut(InputId(at as u32)));
    }
}

#[cfg(test)]
mod tests;
