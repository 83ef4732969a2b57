//! Programs with an expression where a parameter was read.

use std::collections::BTreeMap;
use sym_ir::{Builder, Node, Operation, Parameter, ParameterId, Program, ValueId};

/// Copies a program node by node; reads of chosen parameters become what `replace` appends. Each is made once, where it is first read.
/// Parameters stand in the order of their first use, those that nothing reads behind them.
pub(super) fn substitute(
    program: &Program,
    chosen: &[ParameterId],
    mut replace: impl FnMut(&mut Builder, ParameterId) -> ValueId,
) -> Program {
    rebuild(program, |builder, node, _| match node.operation {
        Operation::Parameter(id) if chosen.contains(&id) => Some(replace(builder, id)),
        _ => None,
    })
}

/// Copies a program node by node. `replace` may append something else for a node, whose operands are already those of the copy, and says
/// which value stands for it.
pub(super) fn rebuild(program: &Program, mut replace: impl FnMut(&mut Builder, &Node, usize) -> Option<ValueId>) -> Program {
    let mut builder = Builder::new(program.name.clone());
    let mut moved: Vec<ValueId> = Vec::with_capacity(program.nodes.len());
    let mut parameters: BTreeMap<ParameterId, ValueId> = BTreeMap::new();
    let mut inputs: BTreeMap<u32, ValueId> = BTreeMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let mut node = node.clone();
        node.operation.operands_mut().into_iter().for_each(|value| *value = moved[value.0 as usize]);
        (builder.scope, builder.span) = (node.scope.clone(), node.span);
        let known = match &node.operation {
            Operation::Parameter(id) => parameters.get(id).copied(),
            Operation::Input(id) => inputs.get(&id.0).copied(),
            _ => None,
        };
        let value = known.unwrap_or_else(|| {
            replace(&mut builder, &node, at).unwrap_or_else(|| match &node.operation {
                Operation::Parameter(id) => {
                    let value = builder.declare_parameter(program.parameter(*id).clone());
                    builder.rename(value, &node.name);
                    value
                }
                Operation::Input(id) => builder.declare_input(program.inputs[id.0 as usize].clone()),
                _ => builder.push(node.operation.clone(), node.shape.clone(), node.name.clone()),
            })
        });
        match &node.operation {
            Operation::Parameter(id) => {
                parameters.insert(*id, value);
            }
            Operation::Input(id) => {
                inputs.insert(id.0, value);
            }
            _ => {}
        }
        moved.push(value);
    }
    for output in &program.outputs {
        builder.output(output.name.clone(), moved[output.value.0 as usize]);
    }
    let mut rebuilt = builder.finish();
    let read = |id: ParameterId| program.nodes.iter().any(|node| node.operation == Operation::Parameter(id));
    let unread: Vec<Parameter> =
        program.parameter_ids().filter(|(id, _)| !read(*id)).map(|(_, parameter)| parameter.clone()).collect();
    rebuilt.parameters.extend(unread);
    rebuilt
}
