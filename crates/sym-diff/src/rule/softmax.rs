//! Softmax.

use crate::graph::Graph;
use sym_ir::{Term, ValueId};

/// y ⊙ (t − ∑ y t) for the softmax y: its Jacobian is symmetric, so that this is both rules.
pub fn either(graph: &mut Graph, result: ValueId, axis: usize, moved: ValueId) -> ValueId {
    let all: Vec<usize> = (0..graph.rank(result)).collect();
    let others = all.iter().copied().filter(|other| *other != axis).collect();
    let mean = graph.sum_over(&[result, moved], &[axis], 1.0);
    let away = graph
        .add(vec![Term { value: moved, coefficient: 1.0, axes: all }, Term { value: mean, coefficient: -1.0, axes: others }]);
    graph.product(result, away)
}
