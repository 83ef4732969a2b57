//! Axis kernels: directions n of a parameter's axis for which every change n ⊗ z is invisible.
//!
//! Such directions exist where what stands behind the axis has a kernel (a product of bounded rank, a softmax, which forgets shifts), or
//! where what is contracted with the axis never leaves a subspace. Ranks are bounded from the sizes alone: one pass forwards for the span
//! of every axis, one backwards for the number of conditions on it.

use crate::class::FunctionClass;
use crate::graph::Graph;
use crate::spaces::{Spaces, repeats, unsplit_axes};
use std::collections::BTreeMap;
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// What makes a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// No operation reads it.
    Unread,
    /// A softmax forgets shifts along its axis.
    Softmax(ValueId),
    /// The operation's product has a smaller rank than the axis.
    Product(ValueId),
    /// The operation sums against ones.
    Sum(ValueId),
    /// What the operation contracts with the axis never leaves a subspace.
    Span(ValueId),
}

/// The number of conditions on directions of one axis, and what they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// How many independent ones at most.
    pub count: u128,
    /// The operation that makes them fewer than the axis is long.
    pub origin: Origin,
}

/// An axis of a parameter with a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisKernel {
    /// The parameter; it is read once.
    pub parameter: ParameterId,
    /// Its value.
    pub value: ValueId,
    /// The axis.
    pub axis: usize,
    /// The least dimension of the kernel.
    pub dimension: u128,
    /// The number of directions in the parameter that earlier axes of it do not give.
    pub directions: u128,
    /// What makes it.
    pub origin: Origin,
}

/// Rank bounds of a program by axis ([`Spaces::place_number`]).
#[derive(Debug)]
pub struct RankBounds {
    /// The dimension of the span of all vectors along the axis, over other indices and all inputs.
    pub span: Vec<u128>,
    /// Conditions on changes along the axis.
    pub conditions: Vec<Conditions>,
}

impl RankBounds {
    /// Both passes. With `logits`, outputs are read as logits along their last axis, as a cross-entropy reads them.
    pub fn of(
        program: &Program,
        spaces: &Spaces,
        graph: &Graph,
        classes: &BTreeMap<ValueId, FunctionClass>,
        logits: bool,
    ) -> Self {
        let span = spans(program, spaces, classes);
        let conditions = conditions(program, spaces, graph, classes, &span, logits);
        Self { span, conditions }
    }

    /// All axes of trainable parameters with a kernel.
    pub fn kernels(&self, program: &Program, spaces: &Spaces, graph: &Graph) -> Vec<AxisKernel> {
        let mut kernels = Vec::new();
        for (index, node) in program.nodes.iter().enumerate() {
            let value = ValueId(index as u32);
            let Operation::Parameter(id) = node.operation else { continue };
            let parameter = program.parameter(id);
            if !parameter.trainable || !graph.is_read_once(id, value) {
                continue;
            }
            let mut lead = 1u128;
            for (axis, size) in parameter.shape.iter().map(|axis| axis.size).enumerate() {
                let conditions = self.conditions[spaces.place_number(value, axis) as usize];
                let rest: u128 = parameter.shape[axis + 1..].iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
                let dimension = size.saturating_sub(conditions.count);
                if dimension > 0 && conditions.origin != Origin::Unread {
                    let directions = dimension.saturating_mul(lead).saturating_mul(rest);
                    if directions > 0 {
                        kernels.push(AxisKernel { parameter: id, value, axis, dimension, directions, origin: conditions.origin });
                    }
                }
                lead = lead.saturating_mul(conditions.count.min(size));
            }
        }
        kernels
    }
}

fn spans(program: &Program, spaces: &Spaces, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<u128> {
    let mut span: Vec<u128> = Vec::with_capacity(spaces.place_count() as usize);
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        for axis in 0..node.shape.len() {
            let size = node.shape[axis].size;
            let at = |value: ValueId, axis: usize| span[spaces.place_number(value, axis) as usize];
            let bound = match &node.operation {
                Operation::Input(id) => {
                    let input = &program.inputs[id.0 as usize];
                    input.rank.filter(|_| input.shape.len() == 1).unwrap_or(size)
                }
                Operation::Parameter(_) => node
                    .shape
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != axis)
                    .fold(1u128, |product, (_, other)| product.saturating_mul(other.size)),
                Operation::Einsum { operands, output, .. } => {
                    let label = output[axis];
                    let bearers: Vec<_> = operands.iter().filter(|operand| operand.labels.contains(&label)).collect();
                    match bearers.as_slice() {
                        [] => 1,
                        [bearer] if !repeats(&bearer.labels) => {
                            let place = bearer.labels.iter().position(|other| *other == label).expect("the bearer has the label");
                            let own = at(bearer.value, place);
                            // A matrix of weights maps the span of what it is contracted with.
                            let mapped = bearer.labels.iter().find(|other| **other != label).and_then(|summed| {
                                let others: Vec<_> = operands.iter().filter(|operand| operand.labels.contains(summed)).collect();
                                let is_matrix =
                                    bearer.labels.len() == 2 && !program.node(bearer.value).batched && !output.contains(summed);
                                let other = others.iter().find(|operand| operand.value != bearer.value)?;
                                let place = other.labels.iter().position(|other| other == summed)?;
                                (is_matrix && others.len() == 2 && !repeats(&other.labels)).then(|| at(other.value, place))
                            });
                            own.min(mapped.unwrap_or(own))
                        }
                        _ => size,
                    }
                }
                Operation::Add { terms, constant } => {
                    let uneven =
                        terms.iter().filter(|term| !term.axes.contains(&axis)).count() as u128 + u128::from(*constant != 0.0);
                    terms
                        .iter()
                        .filter_map(|term| Some(at(term.value, term.axes.iter().position(|target| *target == axis)?)))
                        .fold(uneven.min(1), u128::saturating_add)
                }
                Operation::Map { value, .. } if classes[&result].linear.is_some() => at(*value, axis),
                Operation::Reshape { value, from, to, .. } => {
                    unsplit_axes(from, to).iter().find(|pair| pair.1 == axis).map_or(size, |pair| at(*value, pair.0))
                }
                Operation::Concat { values, axis: joined } if *joined != axis => {
                    values.iter().fold(0u128, |sum, value| sum.saturating_add(at(*value, axis)))
                }
                Operation::Slice { value, axis: cut, .. } if *cut != axis => at(*value, axis),
                Operation::Map { .. }
                | Operation::Softmax { .. }
                | Operation::Reduce { .. }
                | Operation::Concat { .. }
                | Operation::Slice { .. } => size,
            };
            span.push(bound.min(size));
        }
    }
    span
}

fn conditions(
    program: &Program,
    spaces: &Spaces,
    graph: &Graph,
    classes: &BTreeMap<ValueId, FunctionClass>,
    span: &[u128],
    logits: bool,
) -> Vec<Conditions> {
    let mut conditions = vec![Conditions { count: 0, origin: Origin::Unread }; spaces.place_count() as usize];
    for (index, node) in program.nodes.iter().enumerate().rev() {
        let value = ValueId(index as u32);
        for (axis, size) in node.shape.iter().map(|axis| axis.size).enumerate() {
            let mut total = match graph.is_output(value) {
                true if logits && axis + 1 == node.shape.len() => {
                    Conditions { count: size.saturating_sub(1), origin: Origin::Softmax(value) }
                }
                true => Conditions { count: size, origin: Origin::Unread },
                false => Conditions { count: 0, origin: Origin::Unread },
            };
            for reader in graph.uses(value) {
                let at = |axis: usize| conditions[spaces.place_number(reader.by, axis) as usize];
                let seen = Conditions { count: size, origin: Origin::Unread };
                let own = match &program.node(reader.by).operation {
                    Operation::Einsum { operands, output, .. } => {
                        let label = operands[reader.slot].labels[axis];
                        let others: Vec<_> = operands
                            .iter()
                            .enumerate()
                            .filter(|(slot, other)| *slot != reader.slot && other.labels.contains(&label))
                            .collect();
                        let target = output.iter().position(|other| *other == label);
                        match (others.as_slice(), target) {
                            _ if repeats(&operands[reader.slot].labels) => seen,
                            ([], Some(target)) => at(target),
                            ([], None) => Conditions { count: 1, origin: Origin::Sum(reader.by) },
                            ([(_, other)], None) if !repeats(&other.labels) => {
                                let place = other.labels.iter().position(|own| *own == label).expect("it bears the label");
                                let bound = span[spaces.place_number(other.value, place) as usize];
                                let image = other
                                    .labels
                                    .iter()
                                    .find(|own| **own != label)
                                    .filter(|image| {
                                        let shared = operands.iter().filter(|operand| operand.labels.contains(image)).count();
                                        other.labels.len() == 2 && shared == 1 && !program.node(other.value).batched
                                    })
                                    .and_then(|image| output.iter().position(|own| own == image))
                                    .map_or(u128::MAX, |target| at(target).count);
                                if program.node(other.value).batched {
                                    Conditions { count: bound, origin: Origin::Span(reader.by) }
                                } else {
                                    Conditions { count: bound.min(image), origin: Origin::Product(reader.by) }
                                }
                            }
                            _ => seen,
                        }
                    }
                    Operation::Add { terms, .. } => at(terms[reader.slot].axes[axis]),
                    Operation::Map { .. } if classes[&reader.by].linear.is_some() => at(axis),
                    Operation::Map { .. } if classes[&reader.by].constant.is_some() => {
                        Conditions { count: 0, origin: Origin::Unread }
                    }
                    Operation::Softmax { axis: normal, .. } if *normal == axis => {
                        Conditions { count: size.saturating_sub(1), origin: Origin::Softmax(reader.by) }
                    }
                    Operation::Reshape { from, to, .. } => {
                        unsplit_axes(from, to).iter().find(|pair| pair.0 == axis).map_or(seen, |pair| at(pair.1))
                    }
                    Operation::Concat { axis: special, .. } | Operation::Slice { axis: special, .. } if *special != axis => {
                        at(axis)
                    }
                    Operation::Input(_)
                    | Operation::Parameter(_)
                    | Operation::Map { .. }
                    | Operation::Softmax { .. }
                    | Operation::Reduce { .. }
                    | Operation::Concat { .. }
                    | Operation::Slice { .. } => seen,
                };
                total.count = total.count.saturating_add(own.count);
                if total.origin == Origin::Unread {
                    total.origin = own.origin;
                }
            }
            total.count = total.count.min(size);
            conditions[spaces.place_number(value, axis) as usize] = total;
        }
    }
    conditions
}
