//! Vector–Jacobian products: cotangents from the outputs back.

use crate::graph::{Graph, Scaled};
use crate::rule;
use sym_ir::{Axis, InputId, Operation, Output, ParameterId, Program, ValueId};

/// cᵀJ: the gradient of ∑ c ⊙ outputs, summed over the batch.
///
/// Inputs of the result are those of the program and then, for each output, `cotangent of NAME` with the output's shape; like every input it
/// is batched, and for an output that is not batched its sum over the batch counts. Outputs are those of the program, then for each of `wrt` its
/// gradient with the parameter's shape, not batched, then for each of `inputs` its gradient, batched. What no cotangent reaches is zero.
/// Masks are not applied: gradients of entries that a mask freezes are those of the value.
pub fn vjp(program: &Program, wrt: &[ParameterId], inputs: &[InputId]) -> Program {
    reverse(program, wrt, inputs, false)
}

/// As [`vjp`], with gradients of parameters that are batched: those of each example, whose sum over the batch is the gradient.
///
/// Where examples meet in the statistics of the batch, the share of an example is what reaches the parameter through its values.
pub fn per_sample_vjp(program: &Program, wrt: &[ParameterId], inputs: &[InputId]) -> Program {
    reverse(program, wrt, inputs, true)
}

/// Which values depend on the requested leaves.
pub(crate) fn dependent(program: &Program, is_leaf: impl Fn(&Operation) -> bool) -> Vec<bool> {
    let mut dependent: Vec<bool> = Vec::with_capacity(program.nodes.len());
    for node in &program.nodes {
        let own = is_leaf(&node.operation) || node.operation.operands().iter().any(|operand| dependent[operand.0 as usize]);
        dependent.push(own);
    }
    dependent
}

fn reverse(program: &Program, wrt: &[ParameterId], inputs: &[InputId], per_sample: bool) -> Program {
    let wanted = dependent(program, |operation| match operation {
        Operation::Parameter(id) => wrt.contains(id),
        Operation::Input(id) => inputs.contains(id),
        _ => false,
    });
    let mut graph = Graph::new(program);
    // A cotangent of what is not batched is summed over the batch, unless each example has its own.
    let settle = |graph: &mut Graph, of: ValueId, cotangent: ValueId| {
        if per_sample || program.node(of).batched { cotangent } else { graph.over_batch(cotangent, false) }
    };
    let mut parts: Vec<Vec<Scaled>> = vec![Vec::new(); program.nodes.len()];
    for output in &program.outputs {
        graph.stand_at(output.value, "cotangent");
        let node = program.node(output.value);
        let cotangent = graph.input(format!("cotangent of {}", output.name), node.shape.clone(), node.span);
        if wanted[output.value.0 as usize] {
            let cotangent = settle(&mut graph, output.value, cotangent);
            parts[output.value.0 as usize].push((cotangent, 1.0));
        }
    }
    let mut leaves: Vec<(&Operation, ValueId)> = Vec::new();
    for at in (0..program.nodes.len()).rev().filter(|&at| wanted[at]) {
        let value = ValueId(at as u32);
        graph.stand_at(value, "cotangent");
        let Some(cotangent) = graph.sum(&parts[at]) else { continue };
        let operation = &program.nodes[at].operation;
        if matches!(operation, Operation::Input(_) | Operation::Parameter(_)) {
            leaves.push((operation, cotangent));
        }
        let operands = operation.operands();
        for (slot, &operand) in operands.iter().enumerate().filter(|(_, operand)| wanted[operand.0 as usize]) {
            if let Some((part, coefficient)) = rule::pull(&mut graph, value, operation, slot, cotangent) {
                let part = settle(&mut graph, operand, part);
                parts[operand.0 as usize].push((part, coefficient));
            }
        }
    }
    let mut outputs = program.outputs.clone();
    let mut gradient = |graph: &mut Graph, leaf: Operation, name: &str, shape: &[Axis], batched: bool| {
        let found: Vec<Scaled> = leaves.iter().filter(|(other, _)| **other == leaf).map(|(_, part)| (*part, 1.0)).collect();
        let value = graph.sum(&found).unwrap_or_else(|| graph.zeros(shape, false));
        let value = if batched { graph.repeated(value) } else { value };
        outputs.push(Output { name: format!("gradient of {name}"), value });
    };
    for id in wrt {
        let parameter = program.parameter(*id);
        gradient(&mut graph, Operation::Parameter(*id), &parameter.path, &parameter.shape, per_sample);
    }
    for id in inputs {
        let input = &program.inputs[id.0 as usize];
        gradient(&mut graph, Operation::Input(*id), &input.name, &input.shape, true);
    }
    graph.finish(outputs)
}
