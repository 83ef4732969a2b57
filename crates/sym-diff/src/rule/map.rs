//! Elementwise functions.

use crate::graph::{Graph, Scaled};
use crate::scalar::{Derivative, derivative};
use sym_ir::{Function, ValueId};

/// The cotangent of the result, or the tangent of the argument, times the derivative.
pub fn chain(graph: &mut Graph, argument: ValueId, result: ValueId, function: &Function, moved: ValueId) -> Option<Scaled> {
    let name = || format!("derivative of {}", function.name);
    let slope = match derivative(&function.body) {
        Derivative::Constant(0.0) => return None,
        Derivative::Constant(slope) => return Some((moved, slope)),
        Derivative::Result => result,
        Derivative::OfResult(body) => graph.map(result, name(), body),
        Derivative::OfArgument(body) => graph.map(argument, name(), body),
    };
    Some((graph.product(slope, moved), 1.0))
}
