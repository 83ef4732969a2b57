//! Sums over the batch.

use crate::graph::Graph;
use sym_ir::ValueId;

/// The cotangent of a sum or mean over the batch, for every example.
pub fn spread(graph: &mut Graph, cotangent: ValueId, mean: bool) -> ValueId {
    // Cotangents of each example are one by one; all of them reach every summand.
    let cotangent = graph.over_batch(cotangent, false);
    let share = if mean {
        let inverse = graph.inverse_count();
        graph.times(cotangent, inverse, &[])
    } else {
        cotangent
    };
    graph.repeated(share)
}
