//! Normalisation by mean and variance.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, number};
use quote::quote;
use sym_ir::ValueId;

/// Mean and variance taken out.
pub fn emit(body: &mut Body, value: ValueId, axes: &[usize], batch: bool, centre: bool, epsilon: f64) -> Expr {
    let (x, lead) = operand(body, value);
    let x = x.tokens();
    let over_batch = (batch && lead == 1).then_some(0);
    let axes = over_batch.into_iter().chain(axes.iter().map(|axis| axis + lead)).map(rank);
    let epsilon = number(epsilon);
    Expr::primary(quote!(normalise(#x, &[#(#axes),*], #centre, #epsilon)))
}
