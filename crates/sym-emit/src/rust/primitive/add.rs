//! Weighted sums.

use super::arrange::{expanded, lay_out, shape};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, number};
use quote::quote;
use sym_ir::{Term, ValueId};

/// constant + ∑ coefficient · term.
pub fn emit(body: &mut Body, value: ValueId, terms: &[Term], constant: f64) -> Expr {
    let node = body.context.program.node(value);
    let lead = usize::from(node.batched);
    let rank = body.context.rank(value);
    let operands = body.context.fusion.operands[value.0 as usize].clone();
    let mut sum: Option<Expr> = None;
    let mut reached = vec![false; node.shape.len() + lead];
    for (term, operand) in terms.iter().zip(operands) {
        let own = body.context.program.node(operand).batched.then_some(0);
        let positions: Vec<usize> = own.into_iter().chain(term.axes.iter().map(|&axis| axis + lead)).collect();
        for &position in &positions {
            reached[position] = true;
        }
        let read = body.read(operand);
        let read = lay_out(body, operand, &read, &positions, rank);
        sum = Some(match sum {
            None => read.scaled(term.coefficient),
            Some(sum) if term.coefficient < 0.0 => sum.minus(&read.scaled(-term.coefficient)),
            Some(sum) => sum.plus(&read.scaled(term.coefficient)),
        });
    }
    let Some(sum) = sum else {
        let (rank, shape, constant, options) = (super::arrange::rank(rank), shape(body, value), number(constant), body.options());
        return Expr::primary(quote!(Tensor::<#rank>::full(#shape, #constant, #options)));
    };
    let sum = sum.shifted(constant);
    if reached.iter().all(|reached| *reached) { sum } else { expanded(body, value, &sum) }
}
