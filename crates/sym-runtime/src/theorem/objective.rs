//! The loss of a module on examples, as a scalar with its record.

use crate::data::Examples;
use crate::evaluate::arrays;
use crate::loss;
use burn::tensor::{DType, Device, Tensor};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::Loss;
use sym_lower::{Array, Module};

/// Examples on a device, ready for a module.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    inputs: Vec<Array>,
    targets: Tensor<2>,
}

impl Batch {
    /// Uploads examples in double precision.
    pub fn new(module: &Module, examples: &Examples, device: &Device) -> Self {
        let program = module.program();
        let width = width(program);
        Self {
            inputs: arrays(program, &examples.inputs, device, DType::F64),
            targets: loss::place(&examples.targets, width, device, DType::F64),
        }
    }

    /// Examples, and entries of the output.
    pub fn output_dims(&self) -> [usize; 2] {
        self.targets.dims()
    }
}

/// Entries of the first output.
pub(super) fn width(program: &Program) -> usize {
    let entries = |output: &sym_ir::Output| program.node(output.value).shape.iter().map(|axis| axis.size as usize).product();
    program.outputs.first().map_or(1, entries)
}

/// The loss of a model as a function of its weights, in double precision.
#[derive(Debug, Clone)]
pub(super) struct Objective {
    module: Module,
    kind: Loss,
}

impl Objective {
    /// The objective of a model.
    pub fn new(program: &Program, weights: &Weights, kind: Loss) -> Result<Self, Vec<Diagnostic>> {
        let module = Module::new(program, weights, &Device::flex().autodiff(), DType::F64)?;
        Ok(Self { module, kind })
    }

    /// Examples ready for it.
    pub fn batch(&self, examples: &Examples) -> Batch {
        Batch::new(&self.module, examples, &Device::flex().autodiff())
    }

    fn at(&self, weights: &Weights) -> Result<Module, Vec<Diagnostic>> {
        let mut module = self.module.clone();
        module.set_weights(weights)?;
        Ok(module)
    }

    /// The loss at given weights.
    pub fn loss(&self, weights: &Weights, batch: &Batch) -> Result<f64, Vec<Diagnostic>> {
        Ok(Array::from(loss(&self.at(weights)?, self.kind, batch)).values()[0])
    }

    /// The gradient of the loss at given weights, by parameter; zero for frozen ones.
    pub fn gradient(&self, weights: &Weights, batch: &Batch) -> Result<Weights, Vec<Diagnostic>> {
        let module = self.at(weights)?;
        let value = loss(&module, self.kind, batch);
        let gradients = module.gradients(&value).into_iter().zip(&weights.values);
        Ok(Weights {
            values: gradients
                .map(|(gradient, values)| gradient.map_or_else(|| vec![0.0; values.len()], |array| array.values()))
                .collect(),
        })
    }
}

/// The sum of all entries of the first output, each times a number; `cotangent` has the shape of [`Batch::output_dims`].
pub(super) fn weighted_output(module: &Module, batch: &Batch, cotangent: Tensor<2>) -> Tensor<1> {
    let output: Tensor<2> = module.forward(&batch.inputs).swap_remove(0).flat().reshape(batch.output_dims());
    (output * cotangent).sum()
}

/// The mean loss over the batch: the first output against the targets.
pub(super) fn loss(module: &Module, kind: Loss, batch: &Batch) -> Tensor<1> {
    loss::of_batch(kind, module.forward(&batch.inputs).swap_remove(0), batch.targets.clone())
}
