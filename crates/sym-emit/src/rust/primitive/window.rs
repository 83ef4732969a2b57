//! Sliding windows.

use super::arrange::{rank, shape};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer, number};
use quote::quote;
use sym_ir::ValueId;

/// The windows over an axis; `steps` are stride, padding and dilation.
pub fn emit(body: &mut Body, value: ValueId, axis: usize, steps: [u128; 3], rest: f64) -> Expr {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    let before = body.context.program.node(operand).shape[axis].size;
    let read = body.read(operand);
    let node = body.context.program.node(value);
    let (count, taps) = (node.shape[axis].size, node.shape[axis + 1].size);
    if taps == 1 && steps[1] == 0 && count == before {
        // One tap at each position is the tensor itself.
        let shape = shape(body, value);
        return read.call(quote!(reshape(#shape)));
    }
    let (read, result, place) = (read.tokens(), rank(body.context.rank(value)), rank(axis + usize::from(node.batched)));
    let (taps, rest, steps) = (integer(taps), number(rest), steps.map(integer));
    Expr::primary(quote!(windows::<_, #result>(#read, #place, #taps, [#(#steps),*], #rest)))
}
