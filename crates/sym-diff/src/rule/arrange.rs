//! Operations that move entries and do not change them.

use crate::graph::Graph;
use sym_ir::{Adjoint, Axis, Operation, ValueId};

/// The entries of `value` under other axes, those of `like`.
pub fn regroup(graph: &mut Graph, value: ValueId, atoms: &[Axis], from: &[usize], to: &[usize], like: ValueId) -> ValueId {
    let shape = graph.shape(like).to_vec();
    graph.push(Operation::Reshape { value, atoms: atoms.to_vec(), from: from.to_vec(), to: to.to_vec() }, shape)
}

/// Entries of `value` from `start` on, as many as `like` has.
pub fn slice(graph: &mut Graph, value: ValueId, axis: usize, start: u128, like: ValueId) -> ValueId {
    let shape = graph.shape(like).to_vec();
    graph.push(Operation::Slice { value, axis, start }, shape)
}

/// `value` between zeros, as many as `like` has in all.
pub fn pad(graph: &mut Graph, value: ValueId, axis: usize, before: u128, like: ValueId) -> ValueId {
    let shape = graph.shape(like).to_vec();
    graph.adjoint(Adjoint::Pad { value, axis, before }, shape)
}

/// The part of a joined cotangent that belongs to one of the joined values.
pub fn part(graph: &mut Graph, values: &[ValueId], axis: usize, slot: usize, cotangent: ValueId) -> ValueId {
    let start = values[..slot].iter().map(|&value| graph.shape(value)[axis].size).sum();
    slice(graph, cotangent, axis, start, values[slot])
}

/// Tangents joined, zeros where there is none.
pub fn join(
    graph: &mut Graph,
    result: ValueId,
    values: &[ValueId],
    axis: usize,
    tangents: &[Option<ValueId>],
) -> Option<ValueId> {
    tangents.iter().flatten().next()?;
    let mut parts = Vec::with_capacity(values.len());
    for (&value, tangent) in values.iter().zip(tangents) {
        parts.push(tangent.unwrap_or_else(|| {
            let shape = graph.shape(value).to_vec();
            graph.zeros(&shape, false)
        }));
    }
    let shape = graph.shape(result).to_vec();
    Some(graph.push(Operation::Concat { values: parts, axis }, shape))
}
