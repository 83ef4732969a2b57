//! Whole numbers as unit vectors.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer};
use quote::quote;
use sym_ir::ValueId;

/// Unit vectors.
pub fn emit(body: &mut Body, value: ValueId) -> Expr {
    let read = body.context.fusion.operands[value.0 as usize][0];
    let (x, _) = operand(body, value);
    let x = if body.context.fusion.integers[read.0 as usize] { x } else { x.call(quote!(int())) };
    let classes = body.context.program.node(value).shape.last().map_or(1, |axis| axis.size);
    let (x, result, classes, options) = (x.tokens(), rank(body.context.rank(value)), integer(classes), body.options());
    Expr::primary(quote!(unit_vectors::<_, #result>(#x, #classes, #options)))
}
