//! The largest entries of an axis.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer, number};
use quote::quote;
use sym_ir::ValueId;

/// The largest entries.
pub fn emit(body: &mut Body, value: ValueId, axis: usize, count: u128, rest: f64) -> Expr {
    let length = body.context.program.node(value).shape[axis].size;
    let (x, lead) = operand(body, value);
    let (x, axis, count, rest) = (x.tokens(), rank(axis + lead), integer(count.clamp(1, length)), number(rest));
    Expr::primary(quote!(largest(#x, #axis, #count, #rest)))
}
