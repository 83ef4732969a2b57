//! Entries under other sizes, and successive entries of an axis.

use super::arrange::{rank, shape};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer};
use quote::quote;
use sym_ir::ValueId;

/// The same entries in row-major order.
pub fn reshape(body: &mut Body, value: ValueId) -> Expr {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    let read = body.read(operand);
    let shape = shape(body, value);
    read.call(quote!(reshape(#shape)))
}

/// Entries of an axis from `start` on.
pub fn slice(body: &mut Body, value: ValueId, axis: usize, start: u128) -> Expr {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    let read = body.read(operand);
    let node = body.context.program.node(value);
    let (place, start, length) = (rank(axis + usize::from(node.batched)), integer(start), integer(node.shape[axis].size));
    read.call(quote!(narrow(#place, #start, #length)))
}
