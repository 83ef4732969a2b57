//! Joining along an axis.

use super::arrange::rank;
use crate::rust::body::Body;
use crate::rust::expression::Expr;
use quote::{format_ident, quote};
use sym_ir::ValueId;

/// Joins parts; those without a batch are repeated along the batch of the others.
pub fn emit(body: &mut Body, value: ValueId, axis: usize) -> Expr {
    let node = body.context.program.node(value);
    let axis = rank(axis + usize::from(node.batched));
    let operands = body.context.fusion.operands[value.0 as usize].clone();
    let batched = |operand: ValueId| body.context.program.node(operand).batched;
    let with_batch = operands.iter().copied().find(|&operand| batched(operand));
    let repeats = node.batched && operands.iter().any(|&operand| !batched(operand));
    let flags: Vec<bool> = operands.iter().map(|&operand| batched(operand)).collect();
    if let Some(example) = with_batch.filter(|_| repeats) {
        let example = body.look(example);
        let example = example.tokens();
        body.before(quote!(let batch = #example.dims()[0];));
    }
    let target = rank(body.context.rank(value));
    let parts: Vec<_> = operands
        .iter()
        .zip(flags)
        .map(|(&operand, batched)| {
            let part = body.read(operand);
            if node.batched && !batched {
                let batch = format_ident!("batch");
                part.call(quote!(unsqueeze::<#target>().repeat_dim(0, #batch))).tokens().clone()
            } else {
                part.tokens().clone()
            }
        })
        .collect();
    Expr::primary(quote!(Tensor::cat(vec![#(#parts),*], #axis)))
}
