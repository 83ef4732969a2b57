//! Softmax, extremes, norms, unit vectors, masks, choices and rotary positions: one call each.

use super::arrange::rank;
use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer, number};
use quote::quote;
use sym_ir::{Pairs, ReduceKind, ValueId};

/// The only operand, and how many axes its tensor has in front of its own.
fn operand(body: &mut Body, value: ValueId) -> (Expr, usize) {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    (body.read(operand), usize::from(body.context.program.node(operand).batched))
}

/// Softmax over one axis.
pub fn softmax(body: &mut Body, value: ValueId, axis: usize) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, axis) = (x.tokens(), rank(axis + lead));
    Expr::primary(quote!(activation::softmax(#x, #axis)))
}

/// Largest or smallest entries.
pub fn reduce(body: &mut Body, value: ValueId, kind: ReduceKind, axes: &[usize]) -> Expr {
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

/// Mean and variance taken out.
pub fn normalise(body: &mut Body, value: ValueId, axes: &[usize], batch: bool, centre: bool, epsilon: f64) -> Expr {
    let (x, lead) = operand(body, value);
    let x = x.tokens();
    let over_batch = (batch && lead == 1).then_some(0);
    let axes = over_batch.into_iter().chain(axes.iter().map(|axis| axis + lead)).map(rank);
    let epsilon = number(epsilon);
    Expr::primary(quote!(normalise(#x, &[#(#axes),*], #centre, #epsilon)))
}

/// Unit vectors.
pub fn one_hot(body: &mut Body, value: ValueId) -> Expr {
    let read = body.context.fusion.operands[value.0 as usize][0];
    let (x, _) = operand(body, value);
    let x = if body.context.fusion.integers[read.0 as usize] { x } else { x.call(quote!(int())) };
    let classes = body.context.program.node(value).shape.last().map_or(1, |axis| axis.size);
    let (x, result, classes, options) = (x.tokens(), rank(body.context.rank(value)), integer(classes), body.options());
    Expr::primary(quote!(unit_vectors::<_, #result>(#x, #classes, #options)))
}

/// What a position does not see.
pub fn mask(body: &mut Body, value: ValueId, axes: [usize; 2], before: Option<u128>, after: Option<u128>) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, [row, column]) = (x.tokens(), axes.map(|axis| rank(axis + lead)));
    let [before, after] =
        [before, after].map(|limit| limit.map(integer).map_or_else(|| quote!(None), |limit| quote!(Some(#limit))));
    Expr::primary(quote!(band(#x, #row, #column, #before, #after)))
}

/// The largest entries.
pub fn top_k(body: &mut Body, value: ValueId, axis: usize, count: u128, rest: f64) -> Expr {
    let length = body.context.program.node(value).shape[axis].size;
    let (x, lead) = operand(body, value);
    let (x, axis, count, rest) = (x.tokens(), rank(axis + lead), integer(count.clamp(1, length)), number(rest));
    Expr::primary(quote!(largest(#x, #axis, #count, #rest)))
}

/// Rotary positions.
pub fn rotary(body: &mut Body, value: ValueId, axes: [usize; 2], base: f64, pairs: Pairs) -> Expr {
    let (x, lead) = operand(body, value);
    let (x, [position, axis], base) = (x.tokens(), axes.map(|axis| rank(axis + lead)), number(base));
    let halves = match pairs {
        Pairs::Halves => true,
        Pairs::Interleaved => false,
    };
    Expr::primary(quote!(rotary(#x, #position, #axis, #base, #halves)))
}
