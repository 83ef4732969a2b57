//! The loss of a module on examples, as a scalar with its record.

use crate::data::Examples;
use crate::evaluate::arrays;
use crate::loss;
use burn::tensor::{DType, Device, Tensor};
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
        let entries = |output: &sym_ir::Output| program.node(output.value).shape.iter().map(|axis| axis.size as usize).product();
        let width = program.outputs.first().map_or(1, entries);
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

/// The sum of all entries of the first output, each times a number; `cotangent` has the shape of [`Batch::output_dims`].
pub(super) fn weighted_output(module: &Module, batch: &Batch, cotangent: Tensor<2>) -> Tensor<1> {
    let output: Tensor<2> = module.forward(&batch.inputs).swap_remove(0).flat().reshape(batch.output_dims());
    (output * cotangent).sum()
}

/// The mean loss over the batch: the first output against the targets.
pub(super) fn loss(module: &Module, kind: Loss, batch: &Batch) -> Tensor<1> {
    loss::of_batch(kind, module.forward(&batch.inputs).swap_remove(0), batch.targets.clone())
}
