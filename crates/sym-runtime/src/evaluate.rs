//! Examples through a module.

use crate::data::Table;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_lower::{Array, Module};

/// Tables as the inputs of a program: shape [rows, axes of the input…] each.
pub fn arrays(program: &Program, tables: &[Table], device: &Device, dtype: DType) -> Vec<Array> {
    program
        .inputs
        .iter()
        .zip(tables)
        .map(|(input, table)| {
            let sizes: Vec<usize> =
                std::iter::once(table.rows()).chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
            Array::from_values(&table.values, &sizes, device, dtype)
        })
        .collect()
}

/// The entries of the first output for every example, in double precision.
///
/// # Errors
///
/// What the program cannot be executed for.
pub fn outputs(program: &Program, weights: &Weights, inputs: &[Table]) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let device = Device::flex();
    let module = Module::new(program, weights, &device, DType::F64)?;
    let outputs = module.forward(&arrays(program, inputs, &device, DType::F64));
    Ok(outputs.first().map_or_else(Vec::new, Array::values))
}
