//! Numbers of values that automorphisms keep: what a value is computed from, and what becomes of it.
//!
//! One pass from inputs and parameters forward, one from the outputs back (colour refinement, twice). Values of different colour are never
//! images of each other; equal colours prove nothing.

use super::operation::{fingerprint, hash, mix, roles};
use crate::graph::Graph;
use sym_ir::{Operation, Program, ValueId};

/// The colours of a program's values.
pub(super) struct Colours {
    /// What a value is computed from, with trainable tensors of equal sizes alike.
    pub forward: Vec<u64>,
    /// Whether a trainable tensor is among that.
    pub trains: Vec<bool>,
    whole: Vec<u64>,
}

/// The values that an output needs.
pub(super) fn live(program: &Program) -> Vec<bool> {
    let mut live = vec![false; program.nodes.len()];
    program.outputs.iter().for_each(|output| live[output.value.0 as usize] = true);
    for index in (0..program.nodes.len()).rev() {
        if live[index] {
            program.nodes[index].operation.operands().iter().for_each(|operand| live[operand.0 as usize] = true);
        }
    }
    live
}

impl Colours {
    pub(super) fn of(program: &Program, graph: &Graph, live: &[bool]) -> Self {
        let count = program.nodes.len();
        let (mut forward, mut trains) = (vec![0; count], vec![false; count]);
        let mut played = vec![Vec::new(); count];
        for index in (0..count).filter(|&index| live[index]) {
            let node = &program.nodes[index];
            let sizes = node.shape.iter().flat_map(|axis| [axis.size as u64, (axis.size >> 64) as u64]);
            let mut colour = hash([fingerprint(&node.operation)].into_iter().chain(sizes));
            if let Operation::Parameter(id) = node.operation {
                trains[index] = program.parameter(id).trainable;
                if !trains[index] {
                    colour = mix(colour, u64::from(id.0) + 1);
                }
            }
            played[index] = roles(&node.operation, &forward);
            let operands = node.operation.operands();
            trains[index] |= operands.iter().any(|operand| trains[operand.0 as usize]);
            let parts = operands.iter().zip(&played[index]).map(|(operand, role)| hash([forward[operand.0 as usize], *role]));
            colour = mix(colour, parts.fold(0, u64::wrapping_add));
            forward[index] = colour;
        }
        let mut back = vec![0u64; count];
        for (at, output) in program.outputs.iter().enumerate() {
            let own = &mut back[output.value.0 as usize];
            *own = own.wrapping_add(hash([17, at as u64]));
        }
        for index in (0..count).rev().filter(|&index| live[index]) {
            for reader in graph.uses(ValueId(index as u32)) {
                let by = reader.by.0 as usize;
                back[index] = back[index].wrapping_add(hash([back[by], forward[by], played[by][reader.slot]]));
            }
        }
        let whole = forward.iter().zip(&back).map(|(forward, back)| mix(*forward, *back)).collect();
        Self { forward, trains, whole }
    }

    /// A value's colour.
    pub(super) fn of_value(&self, value: ValueId) -> u64 {
        self.whole[value.0 as usize]
    }
}
