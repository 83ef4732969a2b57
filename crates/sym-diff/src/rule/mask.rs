//! Masks: what is hidden does not move.

use crate::graph::Graph;
use sym_ir::{Adjoint, ValueId};

/// What moves where row sees column: both rules.
pub fn either(graph: &mut Graph, axes: [usize; 2], before: Option<u128>, after: Option<u128>, moved: ValueId) -> ValueId {
    let shape = axes.map(|axis| graph.shape(moved)[axis].clone()).to_vec();
    let band = graph.adjoint(Adjoint::Band { before, after }, shape);
    graph.times(moved, band, &axes)
}
