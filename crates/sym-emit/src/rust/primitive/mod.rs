//! One file per family of operations: each gives the expression of a value.

mod add;
mod arrange;
mod concat;
mod einsum;
mod map;
mod others;
mod reshape;
mod window;

use super::body::{Body, Context};
use super::expression::Expr;
use sym_ir::{Operation, ValueId};

/// The expression of an operation's result.
pub fn emit(body: &mut Body, value: ValueId) -> Expr {
    let node = body.context.program.node(value);
    match &node.operation {
        Operation::Input(_) | Operation::Parameter(_) => unreachable!("leaves have names"),
        Operation::Einsum { operands, output, coefficient } => einsum::emit(body, value, operands, output, *coefficient),
        Operation::Add { terms, constant } => add::emit(body, value, terms, *constant),
        Operation::Map { function, .. } => map::emit(body, value, function),
        Operation::Softmax { axis, .. } => others::softmax(body, value, *axis),
        Operation::Reduce { kind, axes, .. } => others::reduce(body, value, *kind, axes),
        Operation::Reshape { .. } => reshape::reshape(body, value),
        Operation::Concat { axis, .. } => concat::emit(body, value, *axis),
        Operation::Slice { axis, start, .. } => reshape::slice(body, value, *axis, *start),
        Operation::Normalise { axes, batch, centre, epsilon, .. } => {
            others::normalise(body, value, axes, *batch, *centre, *epsilon)
        }
        Operation::Window { axis, stride, padding, dilation, rest, .. } => {
            window::emit(body, value, *axis, [*stride, *padding, *dilation], *rest)
        }
        Operation::OneHot { .. } => others::one_hot(body, value),
        Operation::Mask { row, column, before, after, .. } => others::mask(body, value, [*row, *column], *before, *after),
        Operation::TopK { axis, count, rest, .. } => others::top_k(body, value, *axis, *count, *rest),
        Operation::Rotary { position, axis, base, pairs, .. } => others::rotary(body, value, [*position, *axis], *base, *pairs),
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
