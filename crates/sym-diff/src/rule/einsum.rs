//! Einsums: linear in each operand.

use crate::graph::{Graph, Scaled};
use sym_ir::{Adjoint, Label, Operand, ValueId};

/// The einsum of the cotangent with the other operands. Labels that only this operand has repeat the result; a label that it has twice is one
/// axis and, by the identity, a second.
pub fn pull(
    graph: &mut Graph,
    operands: &[Operand],
    output: &[Label],
    coefficient: f64,
    slot: usize,
    cotangent: ValueId,
) -> ValueId {
    let own = &operands[slot];
    let shape = graph.shape(own.value).to_vec();
    let used = operands.iter().flat_map(|operand| &operand.labels).chain(output);
    let mut free = used.map(|label| label.0 + 1).max().unwrap_or(0);
    let mut factors = vec![Operand { value: cotangent, labels: output.to_vec() }];
    factors.extend(operands.iter().enumerate().filter(|(at, _)| *at != slot).map(|(_, operand)| operand.clone()));
    let mut labels: Vec<Label> = Vec::new();
    for (axis, &label) in own.labels.iter().enumerate() {
        if !labels.contains(&label) {
            labels.push(label);
            continue;
        }
        let band = Adjoint::Band { before: Some(0), after: Some(0) };
        let identity = graph.adjoint(band, vec![shape[axis].clone(), shape[axis].clone()]);
        factors.push(Operand { value: identity, labels: vec![label, Label(free)] });
        labels.push(Label(free));
        free += 1;
    }
    graph.einsum(factors, labels, coefficient, shape)
}

/// The sum over operands of the einsum with the tangent in place.
pub fn push(
    graph: &mut Graph,
    result: ValueId,
    operands: &[Operand],
    output: &[Label],
    coefficient: f64,
    tangents: &[Option<ValueId>],
) -> Option<ValueId> {
    let shape = graph.shape(result).to_vec();
    let mut parts: Vec<Scaled> = Vec::new();
    for (slot, tangent) in tangents.iter().enumerate().filter_map(|(slot, tangent)| Some((slot, (*tangent)?))) {
        let mut factors = operands.to_vec();
        factors[slot].value = tangent;
        // The same factors in the same order are the same node, whichever of two equal operands moves.
        factors.sort_by(|a, b| (a.value, &a.labels).cmp(&(b.value, &b.labels)));
        parts.push((graph.einsum(factors, output.to_vec(), coefficient, shape.clone()), 1.0));
    }
    graph.sum(&parts)
}
