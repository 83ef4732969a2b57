//! Both rules of every operation: what its cotangent gives an operand ([`pull`]), and what tangents of operands give its result ([`push`]).

mod arrange;
mod batch;
mod choice;
mod einsum;
mod map;
mod mask;
mod normalise;
mod rotary;
mod softmax;
mod sum;
mod window;

use crate::graph::{Graph, Scaled};
use sym_ir::{Adjoint, Operation, ValueId};

/// The share of the operand in `slot` in the cotangent of `result`, with the operand's shape; batched if the cotangent is. `None` for zero.
pub(crate) fn pull(graph: &mut Graph, result: ValueId, operation: &Operation, slot: usize, cotangent: ValueId) -> Option<Scaled> {
    let whole = |value: ValueId| Some((value, 1.0));
    match operation {
        Operation::Input(_) | Operation::Parameter(_) | Operation::OneHot { .. } => None,
        Operation::Einsum { operands, output, coefficient } => {
            whole(einsum::pull(graph, operands, output, *coefficient, slot, cotangent))
        }
        Operation::Add { terms, .. } => Some(sum::pull(graph, &terms[slot], cotangent)),
        Operation::Map { value, function } => map::chain(graph, *value, result, function, cotangent),
        Operation::Softmax { axis, .. } => whole(softmax::either(graph, result, *axis, cotangent)),
        Operation::Reduce { value, kind, axes } => whole(choice::pull_reduce(graph, *value, *kind, axes, cotangent)),
        Operation::Reshape { value, atoms, from, to } => whole(arrange::regroup(graph, cotangent, atoms, to, from, *value)),
        Operation::Concat { values, axis } => whole(arrange::part(graph, values, *axis, slot, cotangent)),
        Operation::Slice { value, axis, start } => whole(arrange::pad(graph, cotangent, *axis, *start, *value)),
        Operation::Normalise { value, axes, batch, centre, epsilon } => {
            let norm = normalise::Norm { value: *value, axes, batch: *batch, centre: *centre, epsilon: *epsilon };
            whole(norm.either(graph, cotangent))
        }
        Operation::Window { value, axis, stride, padding, dilation, .. } => {
            whole(window::fold(graph, cotangent, *value, *axis, [*stride, *padding, *dilation]))
        }
        Operation::Mask { row, column, before, after, .. } => {
            whole(mask::either(graph, [*row, *column], *before, *after, cotangent))
        }
        Operation::TopK { value, axis, count, .. } => whole(choice::kept(graph, *value, *axis, *count, cotangent)),
        Operation::Rotary { position, axis, base, pairs, .. } => {
            whole(rotary::back(graph, cotangent, *position, *axis, *base, *pairs))
        }
        Operation::Adjoint(adjoint) => pull_adjoint(graph, adjoint, cotangent),
    }
}

fn pull_adjoint(graph: &mut Graph, adjoint: &Adjoint, cotangent: ValueId) -> Option<Scaled> {
    match adjoint {
        Adjoint::OverBatch { mean, .. } => Some((batch::spread(graph, cotangent, *mean), 1.0)),
        // The sum over the batch is that of every cotangent of what is not batched.
        Adjoint::Repeat { .. } => Some((cotangent, 1.0)),
        Adjoint::Fold { value, axis, stride, padding, dilation } => {
            Some((window::window(graph, cotangent, *value, *axis, [*stride, *padding, *dilation]), 1.0))
        }
        Adjoint::Pad { value, axis, before } => Some((arrange::slice(graph, cotangent, *axis, *before, *value), 1.0)),
        Adjoint::First { .. } | Adjoint::Kept { .. } | Adjoint::Band { .. } => None,
        Adjoint::TurnBack { position, axis, base, pairs, .. } => {
            Some((rotary::forth(graph, cotangent, *position, *axis, *base, *pairs), 1.0))
        }
        Adjoint::InverseDeviation { value, axes, batch, centre, epsilon } => {
            let norm = normalise::Norm { value: *value, axes, batch: *batch, centre: *centre, epsilon: *epsilon };
            Some((norm.pull_inverse(graph, cotangent), 1.0))
        }
    }
}

/// The tangent of `result` for those of its operands, `None` being zero.
pub(crate) fn push(graph: &mut Graph, result: ValueId, operation: &Operation, tangents: &[Option<ValueId>]) -> Option<ValueId> {
    match operation {
        Operation::Input(_) | Operation::Parameter(_) | Operation::OneHot { .. } => None,
        Operation::Einsum { operands, output, coefficient } => {
            einsum::push(graph, result, operands, output, *coefficient, tangents)
        }
        Operation::Add { terms, .. } => sum::push(graph, result, terms, tangents),
        Operation::Map { value, function } => {
            let tangent = map::chain(graph, *value, result, function, tangents[0]?)?;
            Some(graph.scaled(tangent))
        }
        Operation::Softmax { axis, .. } => Some(softmax::either(graph, result, *axis, tangents[0]?)),
        Operation::Reduce { value, kind, axes } => Some(choice::push_reduce(graph, *value, *kind, axes, tangents[0]?)),
        Operation::Reshape { atoms, from, to, .. } => Some(arrange::regroup(graph, tangents[0]?, atoms, from, to, result)),
        Operation::Concat { values, axis } => arrange::join(graph, result, values, *axis, tangents),
        Operation::Slice { axis, start, .. } => Some(arrange::slice(graph, tangents[0]?, *axis, *start, result)),
        Operation::Normalise { value, axes, batch, centre, epsilon } => {
            let norm = normalise::Norm { value: *value, axes, batch: *batch, centre: *centre, epsilon: *epsilon };
            Some(norm.either(graph, tangents[0]?))
        }
        Operation::Window { axis, stride, padding, dilation, .. } => {
            Some(window::window(graph, tangents[0]?, result, *axis, [*stride, *padding, *dilation]))
        }
        Operation::Mask { row, column, before, after, .. } => {
            Some(mask::either(graph, [*row, *column], *before, *after, tangents[0]?))
        }
        Operation::TopK { value, axis, count, .. } => Some(choice::kept(graph, *value, *axis, *count, tangents[0]?)),
        Operation::Rotary { position, axis, base, pairs, .. } => {
            Some(rotary::forth(graph, tangents[0]?, *position, *axis, *base, *pairs))
        }
        Operation::Adjoint(adjoint) => push_adjoint(graph, result, adjoint, *tangents.first()?),
    }
}

fn push_adjoint(graph: &mut Graph, result: ValueId, adjoint: &Adjoint, tangent: Option<ValueId>) -> Option<ValueId> {
    let tangent = tangent?;
    match adjoint {
        Adjoint::OverBatch { mean, .. } => Some(graph.over_batch(tangent, *mean)),
        Adjoint::Repeat { .. } => Some(graph.repeated(tangent)),
        Adjoint::Fold { axis, stride, padding, dilation, .. } => {
            Some(window::fold(graph, tangent, result, *axis, [*stride, *padding, *dilation]))
        }
        Adjoint::Pad { axis, before, .. } => Some(arrange::pad(graph, tangent, *axis, *before, result)),
        Adjoint::First { .. } | Adjoint::Kept { .. } | Adjoint::Band { .. } => None,
        Adjoint::TurnBack { position, axis, base, pairs, .. } => {
            Some(rotary::back(graph, tangent, *position, *axis, *base, *pairs))
        }
        Adjoint::InverseDeviation { value, axes, batch, centre, epsilon } => {
            let norm = normalise::Norm { value: *value, axes, batch: *batch, centre: *centre, epsilon: *epsilon };
            Some(norm.push_inverse(graph, tangent))
        }
    }
}
