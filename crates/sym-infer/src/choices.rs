//! Parameters that decide nothing but which of several entries is the largest, such as the router of a mixture that takes one expert.
//!
//! A softmax over an axis on which only the largest entry was kept is 1 there and 0 elsewhere, whatever the entries are: constant as long as
//! the choice stays, and another constant where it does not. So J says nothing about what stands before it, and a direction that is flat
//! there need not be a symmetry.

use sym_ir::{Operation, ParameterId, Program, ValueId};

/// A parameter that reaches the outputs through choices alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chooser {
    /// The parameter.
    pub parameter: ParameterId,
    /// The first choice that it decides: the operation that keeps the largest entry.
    pub choice: ValueId,
}

/// The operation that chooses, where a value is a choice: locally constant, whatever is computed before it.
pub(crate) fn choice(program: &Program, value: ValueId) -> Option<ValueId> {
    let Operation::Softmax { value: kept, axis } = program.node(value).operation else { return None };
    let largest = matches!(
        program.node(kept).operation,
        Operation::TopK { axis: compared, count: 1, rest, .. } if compared == axis && rest == f64::NEG_INFINITY
    );
    largest.then_some(kept)
}

/// All trainable parameters of that kind, in the order of the program.
pub fn choosers(program: &Program) -> Vec<Chooser> {
    // Of every value whether outputs follow it smoothly, and the choice that follows it otherwise.
    let mut smooth = vec![false; program.nodes.len()];
    let mut chooses: Vec<Option<ValueId>> = vec![None; program.nodes.len()];
    program.outputs.iter().for_each(|output| smooth[output.value.0 as usize] = true);
    for index in (0..program.nodes.len()).rev() {
        let chosen = choice(program, ValueId(index as u32)).filter(|_| smooth[index]);
        for operand in program.nodes[index].operation.operands() {
            smooth[operand.0 as usize] |= smooth[index] && chosen.is_none();
            chooses[operand.0 as usize] = chooses[operand.0 as usize].or(chosen).or(chooses[index]);
        }
    }
    let mut decides: Vec<Option<ValueId>> = vec![None; program.parameters.len()];
    let mut followed = vec![false; program.parameters.len()];
    for (index, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        let id = id.0 as usize;
        followed[id] |= smooth[index];
        decides[id] = decides[id].or(chooses[index]);
    }
    let trained = program.parameter_ids().filter(|(_, parameter)| parameter.trainable);
    trained
        .filter(|(id, _)| !followed[id.0 as usize])
        .filter_map(|(parameter, _)| decides[parameter.0 as usize].map(|choice| Chooser { parameter, choice }))
        .collect()
}
