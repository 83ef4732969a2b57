//! Operations along axes.

use super::declare::sizes;
use super::{Expression, Writer, number};
use crate::program::{Node, Operation, Pairs, ReduceKind};
use std::fmt::Display;

impl Writer<'_> {
    /// The call of a primitive. Inputs, parameters, products, sums and elementwise functions are not among them.
    pub fn along_axes(&mut self, node: &Node) -> Expression {
        let program = self.program;
        Expression::plain(match &node.operation {
            Operation::Softmax { value, axis } => format!("softmax({}, over: {axis})", self.name(*value)),
            Operation::Reduce { value, kind, axes } => {
                let kind = match kind {
                    ReduceKind::Max => "max",
                    ReduceKind::Min => "min",
                };
                format!("{kind}({}, over: {})", self.name(*value), list(axes))
            }
            Operation::Reshape { value, atoms, from, to } => {
                let mut argument = self.name(*value).to_string();
                // Splitting and merging at once is written as two steps.
                if from.iter().any(|&count| count > 1) && to.iter().any(|&count| count > 1) {
                    let split = self.names.fresh(&format!("{argument}_split"));
                    self.lines.push(format!("{split} = reshape({argument}, [{}])", sizes(atoms)));
                    argument = split;
                }
                format!("reshape({argument}, [{}])", sizes(&node.shape))
            }
            Operation::Concat { values, axis } => {
                let values: Vec<&str> = values.iter().map(|&value| self.name(value)).collect();
                format!("concat({}, over: {axis})", values.join(", "))
            }
            Operation::Slice { value, axis, start } => {
                let end = start + node.shape[*axis].size;
                format!("slice({}, {start}..{end}, over: {axis})", self.name(*value))
            }
            Operation::Normalise { value, axes, batch, centre, epsilon } => {
                let over = if axes.is_empty() { String::new() } else { format!(", over: {}", list(axes)) };
                let centre = if *centre { "" } else { ", centre: false" };
                let epsilon = setting("epsilon", number(*epsilon), *epsilon != 0.0);
                let batch = if *batch { ", batch: true" } else { "" };
                format!("normalise({}{over}{centre}{epsilon}{batch})", self.name(*value))
            }
            Operation::Window { value, axis, stride, padding, dilation, rest } => {
                let settings = [
                    setting("stride", stride, *stride != 1),
                    setting("padding", padding, *padding != 0),
                    setting("dilation", dilation, *dilation != 1),
                    setting("lowest", true, rest.is_infinite()),
                ];
                let taps = node.shape[axis + 1].size;
                format!("window({}, {taps}, over: {axis}{})", self.name(*value), settings.concat())
            }
            Operation::OneHot { value } => {
                let size = node.shape.last().map_or(0, |axis| axis.size);
                format!("one_hot({}, {size})", self.name(*value))
            }
            Operation::Mask { value, row, column, before, after } => {
                let limit = |word: &str, limit: &Option<u128>| limit.map_or_else(String::new, |limit| setting(word, limit, true));
                let limits = [limit("before", before), limit("after", after)].concat();
                format!("mask({}, over: {column}, rows: {row}{limits})", self.name(*value))
            }
            Operation::TopK { value, axis, count, rest } => {
                let lowest = setting("lowest", true, rest.is_infinite());
                format!("top_k({}, {count}, over: {axis}{lowest})", self.name(*value))
            }
            Operation::Rotary { value, position, axis, base, pairs } => {
                let halves = setting("halves", true, *pairs == Pairs::Halves);
                let base = number(*base);
                format!("rotary({}, over: {axis}, positions: {position}, base: {base}{halves})", self.name(*value))
            }
            Operation::Input(id) => program.inputs[id.0 as usize].name.clone(),
            Operation::Parameter(id) => self.names.parameter(*id),
            // Not in the language, as no model has one: text for a reader, not for the compiler.
            Operation::Adjoint(adjoint) => {
                format!("{}({})", adjoint.word(), adjoint.operand().map_or("", |value| self.name(value)))
            }
            Operation::Einsum { .. } | Operation::Add { .. } | Operation::Map { .. } => String::new(),
        })
    }
}

/// A setting where it is not the default.
fn setting(word: &str, value: impl Display, given: bool) -> String {
    if given { format!(", {word}: {value}") } else { String::new() }
}

fn list(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
    if let [axis] = axes.as_slice() { axis.clone() } else { format!("[{}]", axes.join(", ")) }
}
