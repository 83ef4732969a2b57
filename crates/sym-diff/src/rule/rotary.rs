//! Rotary positions: a rotation, whose transpose turns back.

use crate::graph::Graph;
use sym_ir::{Adjoint, Operation, Pairs, ValueId};

/// Turned.
pub fn forth(graph: &mut Graph, value: ValueId, position: usize, axis: usize, base: f64, pairs: Pairs) -> ValueId {
    let shape = graph.shape(value).to_vec();
    graph.push(Operation::Rotary { value, position, axis, base, pairs }, shape)
}

/// Turned back.
pub fn back(graph: &mut Graph, value: ValueId, position: usize, axis: usize, base: f64, pairs: Pairs) -> ValueId {
    let shape = graph.shape(value).to_vec();
    graph.adjoint(Adjoint::TurnBack { value, position, axis, base, pairs }, shape)
}
