//! Examples through a module.

use crate::data::Table;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::{Adjoint, InputId, Node, Operation, Program};
use sym_lower::Array;
use sym_plan::Plan;

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

/// Entries of all values together in a block of examples: 32 MiB of double precision.
const BLOCK: u128 = 1 << 22;

/// The entries of the first output for every example, in double precision, by a plan. Examples go through block by block where none depends on
/// another.
///
/// # Errors
///
/// E0501 for what the program cannot be executed for, E0607 for weights of other sizes.
pub fn outputs(program: &Program, weights: &Weights, inputs: &[Table]) -> Result<Vec<f64>, Vec<Diagnostic>> {
    sym_lower::check(program)?;
    sym_lower::check_sizes(program, weights)?;
    let Some(output) = program.outputs.first() else { return Ok(Vec::new()) };
    let batched = program.node(output.value).batched;
    let program = Program { outputs: vec![output.clone()], ..program.clone() };
    let rows = inputs.first().map_or(1, Table::rows);
    let block = if batched { block(&program, rows) } else { rows };
    let mut plan: Option<(usize, Plan<f64>)> = None;
    let mut values = Vec::new();
    for first in (0..rows).step_by(block.max(1)) {
        let count = block.min(rows - first);
        if plan.as_ref().is_none_or(|&(planned, _)| planned != count) {
            let mut of_size = Plan::new(&program, count);
            for ((id, _), values) in program.parameter_ids().zip(&weights.values) {
                of_size.parameter_mut(id).copy_from_slice(values);
            }
            plan = Some((count, of_size));
        }
        let Some((_, plan)) = &mut plan else { continue };
        for (at, table) in inputs.iter().enumerate() {
            plan.input_mut(InputId(at as u32)).copy_from_slice(&table.values[first * table.width..(first + count) * table.width]);
        }
        plan.run();
        values.extend_from_slice(plan.output(0));
    }
    Ok(values)
}

/// Examples that go through the program together.
fn block(program: &Program, rows: usize) -> usize {
    let mixes = |operation: &Operation| {
        matches!(operation, Operation::Normalise { batch: true, .. } | Operation::Adjoint(Adjoint::OverBatch { .. }))
    };
    if program.nodes.iter().any(|node| mixes(&node.operation)) {
        return rows;
    }
    let entries = |node: &Node| node.shape.iter().map(|axis| axis.size).product::<u128>();
    let each: u128 = program.nodes.iter().filter(|node| node.batched).map(entries).sum();
    ((BLOCK / each.max(1)) as usize).clamp(1, rows.max(1))
}
