//! Largest and smallest entries.

use super::arrange::{operand, rank};
use crate::rust::body::Body;
use crate::rust::expression::Expr;
use quote::quote;
use sym_ir::{ReduceKind, ValueId};

/// Largest or smallest entries.
pub fn emit(body: &mut Body, value: ValueId, kind: ReduceKind, axes: &[usize]) -> Expr {
    let (mut x, lead) = operand(body, value);
    let read = body.context.fusion.operands[value.0 as usize][0];
    let mut left = body.context.rank(read);
    for axis in axes.iter().rev() {
        let axis = rank(axis + lead);
        x = match kind {
            ReduceKind::Max => x.call(quote!(max_dim(#axis))),
            ReduceKind::Min => x.call(quote!(min_dim(#axis))),
        };
        // A number alone keeps its axis.
        if left > 1 {
            left -= 1;
            let left = rank(left);
            x = x.call(quote!(squeeze_dim::<#left>(#axis)));
        }
    }
    x
}
