//! One file per family of operations: each gives the expression of a value.

mod add;
mod arrange;
mod concat;
mod einsum;
mod map;
mod mask;
mod normalise;
mod one_hot;
mod reduce;
mod reshape;
mod rotary;
mod softmax;
mod top_k;
mod window;

use super::body::{Body, Context};
use super::expression::Expr;
use sym_ir::{Operation, ValueId};

/// The expression of an operation's result.
pub fn emit(body: &mut Body, value: ValueId) -> Expr {
    let node = body.context.program.node(value);
    match &node.operation {
        Operation::Adjoint(_) => unreachable!("models have no derivatives"),
        Operation::Input(_) | Operation::Parameter(_) => unreachable!("leaves have names"),
        Operation::Einsum { operands, output, coefficient } => einsum::emit(body, value, operands, output, *coefficient),
        Operation::Add { terms, constant } => add::emit(body, value, terms, *constant),
        Operation::Map { function, .. } => map::emit(body, value, function),
        Operation::Softmax { axis, .. } => softmax::emit(body, value, *axis),
        Operation::Reduce { kind, axes, .. } => reduce::emit(body, value, *kind, axes),
        Operation::Reshape { .. } => reshape::reshape(body, value),
        Operation::Concat { axis, .. } => concat::emit(body, value, *axis),
        Operation::Slice { axis, start, .. } => reshape::slice(body, value, *axis, *start),
        Operation::Normalise { axes, batch, centre, epsilon, .. } => {
            normalise::emit(body, value, axes, *batch, *centre, *epsilon)
        }
        Operation::Window { axis, stride, padding, dilation, rest, .. } => {
            window::emit(body, value, *axis, [*stride, *padding, *dilation], *rest)
        }
        Operation::OneHot { .. } => one_hot::emit(body, value),
        Operation::Mask { row, column, before, after, .. } => mask::emit(body, value, [*row, *column], *before, *after),
        Operation::TopK { axis, count, rest, .. } => top_k::emit(body, value, *axis, *count, *rest),
        Operation::Rotary { position, axis, base, pairs, .. } => rotary::emit(body, value, [*position, *axis], *base, *pairs),
    }
}

/// Whether an operation looks at its operands by name besides reading them.
pub fn names_operands(context: &Context, value: ValueId) -> bool {
    match &context.program.node(value).operation {
        Operation::Concat { .. } => true,
        Operation::Map { function, .. } => map::names_operand(&function.body),
        _ => false,
    }
}
