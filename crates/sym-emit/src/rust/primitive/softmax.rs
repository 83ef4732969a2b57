//! Softmax.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::Expr;
use quote::quote;
use sym_ir::ValueId;

/// Softmax over one axis.
pub fn emit(body: &mut Body, value: ValueId, axis: usize) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, axis) = (x.tokens(), rank(axis + lead));
    Expr::primary(quote!(activation::softmax(#x, #axis)))
}
