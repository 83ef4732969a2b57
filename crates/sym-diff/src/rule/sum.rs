//! Weighted sums.

use crate::graph::{Graph, Scaled, labels};
use sym_ir::{Label, Operand, Term, ValueId};

/// The cotangent, summed over the axes that the term lacks.
pub fn pull(graph: &mut Graph, term: &Term, cotangent: ValueId) -> Scaled {
    let own: Vec<Label> = term.axes.iter().map(|&axis| Label(axis as u32)).collect();
    let all = labels(graph.rank(cotangent));
    if own == all {
        return (cotangent, term.coefficient);
    }
    let shape = graph.shape(term.value).to_vec();
    (graph.einsum(vec![Operand { value: cotangent, labels: all }], own, term.coefficient, shape), 1.0)
}

/// The same sum of tangents.
pub fn push(graph: &mut Graph, result: ValueId, terms: &[Term], tangents: &[Option<ValueId>]) -> Option<ValueId> {
    let moved = terms.iter().zip(tangents).filter_map(|(term, tangent)| Some(Term { value: (*tangent)?, ..term.clone() }));
    let moved: Vec<Term> = moved.collect();
    match moved.as_slice() {
        [] => None,
        [term] if term.coefficient == 1.0 && term.axes.iter().copied().eq(0..graph.rank(result)) => Some(term.value),
        _ => {
            let shape = graph.shape(result).to_vec();
            Some(graph.add_along(moved, shape))
        }
    }
}
