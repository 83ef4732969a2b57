//! Operations that choose among entries: what is chosen moves, and the choice does not.

use crate::graph::Graph;
use sym_ir::{Adjoint, ReduceKind, ValueId};

fn first(graph: &mut Graph, value: ValueId, kind: ReduceKind, axes: &[usize]) -> ValueId {
    let shape = graph.shape(value).to_vec();
    graph.adjoint(Adjoint::First { value, kind, axes: axes.to_vec() }, shape)
}

/// The cotangent at the first entry that the reduction keeps.
pub fn pull_reduce(graph: &mut Graph, value: ValueId, kind: ReduceKind, axes: &[usize], cotangent: ValueId) -> ValueId {
    let first = first(graph, value, kind, axes);
    let kept: Vec<usize> = (0..graph.rank(value)).filter(|axis| !axes.contains(axis)).collect();
    graph.times(first, cotangent, &kept)
}

/// The tangent of that entry.
pub fn push_reduce(graph: &mut Graph, value: ValueId, kind: ReduceKind, axes: &[usize], tangent: ValueId) -> ValueId {
    let first = first(graph, value, kind, axes);
    graph.sum_over(&[first, tangent], axes, 1.0)
}

/// What moves where the entries are among the largest: both rules.
pub fn kept(graph: &mut Graph, value: ValueId, axis: usize, count: u128, moved: ValueId) -> ValueId {
    let shape = graph.shape(value).to_vec();
    let kept = graph.adjoint(Adjoint::Kept { value, axis, count }, shape);
    graph.product(kept, moved)
}
