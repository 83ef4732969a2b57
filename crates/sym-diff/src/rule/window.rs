//! Sliding windows and their adjoint.

use crate::graph::Graph;
use sym_ir::{Adjoint, Operation, ValueId};

/// Windows over `value`, as many and as long as those of `like`; outside is nothing that moves. `steps` are stride, padding and dilation.
pub fn window(graph: &mut Graph, value: ValueId, like: ValueId, axis: usize, steps: [u128; 3]) -> ValueId {
    let ([stride, padding, dilation], shape) = (steps, graph.shape(like).to_vec());
    graph.push(Operation::Window { value, axis, stride, padding, dilation, rest: 0.0 }, shape)
}

/// Windows laid back on the axis that `like` has.
pub fn fold(graph: &mut Graph, value: ValueId, like: ValueId, axis: usize, steps: [u128; 3]) -> ValueId {
    let ([stride, padding, dilation], shape) = (steps, graph.shape(like).to_vec());
    graph.adjoint(Adjoint::Fold { value, axis, stride, padding, dilation }, shape)
}
