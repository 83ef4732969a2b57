//! Rotary positions.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, number};
use quote::quote;
use sym_ir::{Pairs, ValueId};

/// Rotary positions.
pub fn emit(body: &mut Body, value: ValueId, axes: [usize; 2], base: f64, pairs: Pairs) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, [position, axis], base) = (x.tokens(), axes.map(|axis| rank(axis + lead)), number(base));
    let halves = match pairs {
        Pairs::Halves => true,
        Pairs::Interleaved => false,
    };
    Expr::primary(quote!(rotary(#x, #position, #axis, #base, #halves)))
}
