//! Jacobian–vector products: tangents along with the values.

use crate::graph::Graph;
use crate::reverse::dependent;
use crate::rule;
use sym_ir::{InputId, Operation, Output, ParameterId, Program, ValueId};

/// J v: how the outputs change along a direction of parameters and inputs.
///
/// The direction comes as frozen parameters `tangent of PATH`, one for each of `wrt` behind the parameters of the program and of their shapes,
/// and as inputs `tangent of NAME`, one for each of `inputs` behind the inputs of the program. Outputs are those of the program, then
/// for each its tangent `tangent of NAME`, batched where the output is.
pub fn jvp(program: &Program, wrt: &[ParameterId], inputs: &[InputId]) -> Program {
    let wanted = dependent(program, |operation| match operation {
        Operation::Parameter(id) => wrt.contains(id),
        Operation::Input(id) => inputs.contains(id),
        _ => false,
    });
    let mut graph = Graph::new(program);
    let of_parameters: Vec<ValueId> = wrt.iter().map(|id| graph.tangent_parameter(*id)).collect();
    let of_inputs: Vec<ValueId> = inputs.iter().map(|id| graph.tangent_input(*id)).collect();
    let mut tangents: Vec<Option<ValueId>> = Vec::with_capacity(program.nodes.len());
    for (at, node) in program.nodes.iter().enumerate() {
        let value = ValueId(at as u32);
        graph.stand_at(value, "tangent");
        let tangent = match &node.operation {
            _ if !wanted[at] => None,
            Operation::Parameter(id) => wrt.iter().position(|other| other == id).map(|at| of_parameters[at]),
            Operation::Input(id) => inputs.iter().position(|other| other == id).map(|at| of_inputs[at]),
            operation => {
                let own: Vec<Option<ValueId>> = operation.operands().iter().map(|operand| tangents[operand.0 as usize]).collect();
                rule::push(&mut graph, value, operation, &own)
            }
        };
        // The tangent of a batched value is batched, also where only parameters move.
        let tangent = tangent.map(|tangent| if node.batched { graph.repeated(tangent) } else { tangent });
        tangents.push(tangent);
    }
    let mut outputs = program.outputs.clone();
    for output in &program.outputs {
        let value = tangents[output.value.0 as usize];
        let value = value.unwrap_or_else(|| graph.zeros(&program.node(output.value).shape, program.node(output.value).batched));
        outputs.push(Output { name: format!("tangent of {}", output.name), value });
    }
    graph.finish(outputs)
}
