//! Entries that a position does not see.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer};
use quote::quote;
use sym_ir::ValueId;

/// What a position does not see.
pub fn emit(body: &mut Body, value: ValueId, axes: [usize; 2], before: Option<u128>, after: Option<u128>) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, [row, column]) = (x.tokens(), axes.map(|axis| rank(axis + lead)));
    let [before, after] =
        [before, after].map(|limit| limit.map(integer).map_or_else(|| quote!(None), |limit| quote!(Some(#limit))));
    Expr::primary(quote!(band(#x, #row, #column, #before, #after)))
}
