//! Examples through a module.

use crate::data::Inputs;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::{Adjoint, InputId, Node, Operation, Program};
use sym_lower::Array;
use sym_plan::Plan;

/// Tables as the inputs of a program: shape [rows, axes of the input…] each.
pub fn arrays(program: &Program, tables: &[Inputs], device: &Device, dtype: DType) -> Vec<Array> {
    program
        .inputs
        .iter()
        .zip(tables)
        .map(|(input, table)| {
            let sizes: Vec<usize> =
                std::iter::once(table.rows()).chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
            Array::from_values(&table.dense(), &sizes, device, dtype)
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
pub fn outputs(program: &Program, weights: &Weights, inputs: &[Inputs]) -> Result<Vec<f64>, Vec<Diagnostic>> {
    sym_lower::check(program)?;
    sym_lower::check_sizes(program, weights)?;
    let Some(output) = program.outputs.first() else { return Ok(Vec::new()) };
    let batched = program.node(output.value).batched;
    let program = Program { outputs: vec![output.clone()], ..program.clone() };
    let rows = inputs.first().map_or(1, Inputs::rows);
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
            table.gather(first..first + count, plan.input_mut(InputId(at as u32)));
        }
        plan.run();
        values.extend_from_slice(plan.output(0));
    }
    // What depends on no input is the same for every example.
    Ok(if batched { values } else { values.repeat(rows) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stream, testing};
    use burn::tensor::Device;
    use sym_ir::Builder;
    use sym_lower::Module;

    fn drawn(rows: usize, width: usize) -> Vec<Inputs> {
        let mut stream = Stream::new(0, "evaluate", "");
        vec![Inputs::of((0..rows * width).map(|_| stream.normal()).collect(), width)]
    }

    /// A width at which a block has few examples, and a number of examples that is no whole number of blocks.
    const WIDTH: usize = 1 << 19;
    const ROWS: usize = 10;

    fn agree(program: &Program) {
        let mut stream = Stream::new(1, "evaluate", "");
        let mut weights = Weights::zeros(program);
        weights.values.iter_mut().flatten().for_each(|entry| *entry = stream.normal());
        let inputs = drawn(ROWS, WIDTH);
        let device = Device::flex();
        let module = Module::new(program, &weights, &device, DType::F64).expect("it can be executed");
        let expected = module.forward(&arrays(program, &inputs, &device, DType::F64)).swap_remove(0).values();
        let found = outputs(program, &weights, &inputs).expect("it can be executed");
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let far = found.iter().zip(&expected).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        // Sums of up to 2¹⁹ products, in another order.
        assert!(far <= 1e-13 * largest, "{far} of {largest}");
    }

    #[test]
    fn outputs_block_by_block_are_those_of_the_interpreter() {
        let program = testing::mlp(&[WIDTH as u128, 4, 2]);
        assert!((1..ROWS).contains(&block(&program, ROWS)) && !ROWS.is_multiple_of(block(&program, ROWS)));
        agree(&program);
    }

    #[test]
    fn an_output_that_depends_on_no_input_is_there_for_every_example() {
        let mut builder = Builder::new("Net");
        builder.input("x", &[2]);
        let constant = builder.parameter("c", &[3]);
        builder.output("output", constant);
        let weights = Weights { values: vec![vec![1.0, 2.0, 3.0]] };
        let found = outputs(&builder.finish(), &weights, &drawn(2, 2)).expect("it can be executed");
        assert_eq!(found, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn examples_that_depend_on_each_other_go_together() {
        let mut builder = Builder::new("Net");
        let x = builder.input("x", &[WIDTH as u128]);
        let shape = builder.shape(x).to_vec();
        let operation = Operation::Normalise { value: x, axes: Vec::new(), batch: true, centre: true, epsilon: 0.1 };
        let normal = builder.push(operation, shape, "normal");
        let y = builder.linear("fc", normal, 2, true);
        builder.output("output", y);
        let program = builder.finish();
        assert_eq!(block(&program, ROWS), ROWS);
        agree(&program);
    }
}
