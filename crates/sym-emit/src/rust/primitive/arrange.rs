//! Bringing operands to the axes of a result.

use crate::rust::body::Body;
use crate::rust::expression::{Expr, integer};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use sym_ir::ValueId;

/// The sizes of a tensor as an array; the batch is left open.
pub fn shape(body: &Body, value: ValueId) -> TokenStream {
    let node = body.context.program.node(value);
    let batch = node.batched.then(|| quote!(-1));
    let sizes = node.shape.iter().map(|axis| {
        let size = integer(axis.size);
        quote!(#size)
    });
    let all: Vec<TokenStream> = batch.into_iter().chain(sizes).collect();
    if all.is_empty() { quote!([1]) } else { quote!([#(#all),*]) }
}

/// A number of axes.
pub fn rank(count: usize) -> Literal {
    Literal::usize_unsuffixed(count)
}

/// Lays the axes of the tensor of `value` along those of a tensor of `rank` axes: axis `i` goes to `positions[i]`, all others get size 1.
pub fn lay_out(body: &Body, value: ValueId, expression: &Expr, positions: &[usize], rank: usize) -> Expr {
    let rank = rank.max(1);
    let node = body.context.program.node(value);
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|&axis| positions[axis]);
    let in_order = order.iter().copied().eq(0..positions.len());
    let expression = if in_order { expression.clone() } else { permuted(expression, &order) };
    let sorted: Vec<usize> = order.iter().map(|&axis| positions[axis]).collect();
    let own = positions.len().max(1);
    if positions.is_empty() || sorted.iter().copied().eq(rank - own..rank) {
        return if own == rank { expression } else { unsqueezed(&expression, rank) };
    }
    let sizes = (0..rank).map(|position| match sorted.iter().position(|&taken| taken == position) {
        None => quote!(1),
        Some(at) if node.batched && order[at] == 0 => quote!(-1),
        // Without its size, blocks of all sizes can share it.
        Some(_) if positions.len() == 1 => quote!(-1),
        Some(at) => {
            let size = integer(node.shape[order[at] - usize::from(node.batched)].size);
            quote!(#size)
        }
    });
    expression.call(quote!(reshape([#(#sizes),*])))
}

fn unsqueezed(expression: &Expr, rank: usize) -> Expr {
    let rank = self::rank(rank);
    expression.call(quote!(unsqueeze::<#rank>()))
}

/// Axis `i` of the result is axis `order[i]`.
pub fn permuted(expression: &Expr, order: &[usize]) -> Expr {
    let moved: Vec<usize> = (0..order.len()).filter(|&axis| order[axis] != axis).collect();
    if let [first, second] = moved[..] {
        let (first, second) = (rank(first), rank(second));
        return expression.call(quote!(swap_dims(#first, #second)));
    }
    let order = order.iter().map(|&axis| rank(axis));
    expression.call(quote!(permute([#(#order),*])))
}

/// Repeats axes of size 1 up to the sizes of a value.
pub fn expanded(body: &Body, value: ValueId, expression: &Expr) -> Expr {
    let shape = shape(body, value);
    expression.call(quote!(expand(#shape)))
}

/// The only operand, and how many axes its tensor has in front of its own.
pub fn operand(body: &mut Body, value: ValueId) -> (Expr, usize) {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    (body.read(operand), usize::from(body.context.program.node(operand).batched))
}
