//! Products with the Hessian of a loss, forward over reverse (Pearlmutter 1994): H v = ∑ (∂c) J + c ∂J, where c is the derivative of the loss in the outputs and
//! ∂ the change along v. The outputs change by J v, so c does by L'' J v.

use super::Coordinates;
use crate::data::Examples;
use crate::engine::{change_of_cotangent, loss_and_cotangent};
use std::convert::Infallible;
use sym_ir::experiment::Loss;
use sym_ir::{InputId, ParameterId, Program};
use sym_measure::operator::LinearOperator;
use sym_plan::Plan;

/// The tangents of gradients as a program: behind the inputs of the model the cotangent and its change, behind its parameters the direction.
pub(super) fn derived(program: &Program, trained: &[ParameterId]) -> Program {
    let cotangent = InputId(program.inputs.len() as u32);
    let mut product = sym_diff::jvp(&sym_diff::vjp(program, trained, &[]), trained, &[cotangent]);
    // The outputs, their gradients, and the tangents of both: only the last are wanted.
    let unwanted = product.outputs.len() - trained.len();
    product.outputs.drain(..unwanted);
    product
}

/// The Hessian of the mean loss of examples, in the coordinates of trained entries. Its plans hold weights and examples.
#[derive(Debug)]
pub struct Hessian<'p> {
    pub(super) loss: Loss,
    pub(super) examples: &'p Examples,
    pub(super) coordinates: &'p Coordinates,
    pub(super) rows: Vec<usize>,
    pub(super) program: &'p Program,
    pub(super) tangent: &'p mut Plan<f64>,
    pub(super) second: &'p mut Plan<f64>,
}

/// Sets the direction, which stands behind the parameters of the model.
fn direct(plan: &mut Plan<f64>, program: &Program, coordinates: &Coordinates, vector: &[f64]) {
    for at in 0..coordinates.parameters().len() {
        let values = plan.parameter_mut(ParameterId((program.parameters.len() + at) as u32));
        values.fill(0.0);
        coordinates.scatter(vector, at, values);
    }
}

impl LinearOperator for Hessian<'_> {
    type Error = Infallible;

    fn size(&self) -> usize {
        self.coordinates.size()
    }

    fn apply(&mut self, vector: &[f64], out: &mut [f64]) -> Result<(), Infallible> {
        direct(self.tangent, self.program, self.coordinates, vector);
        direct(self.second, self.program, self.coordinates, vector);
        self.tangent.run();
        let inputs = self.program.inputs.len() as u32;
        let (outputs, tangents) = (self.tangent.output(0), self.tangent.output(1));
        let targets = &self.examples.targets;
        let cotangent = self.second.input_mut(InputId(inputs));
        loss_and_cotangent(self.loss, outputs, targets, Some(&self.rows), cotangent);
        let change = self.second.input_mut(InputId(inputs + 1));
        change_of_cotangent(self.loss, outputs, tangents, targets, Some(&self.rows), change);
        self.second.run();
        self.coordinates.gather(|at| self.second.output(at), out);
        Ok(())
    }
}
