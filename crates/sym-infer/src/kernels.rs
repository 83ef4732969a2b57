//! Axis kernels: directions n of a parameter's axis for which every change n ⊗ z is invisible.
//!
//! Such directions exist where what stands behind the axis has a kernel (a product of bounded rank, a softmax, which forgets shifts), or
//! where what is contracted with the axis never leaves a subspace. Ranks are bounded from the sizes alone: one pass forwards for the span
//! of every axis, one backwards for the number of conditions on it.

use crate::class::FunctionClass;
use crate::graph::{Graph, Use};
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

/// What a reader does with a change n ⊗ z along an axis of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It shows every change.
    Seen,
    /// It shows none.
    Nothing,
    /// The result changes along this axis by the same n.
    Passes(usize),
    /// It sums against ones.
    Ones,
    /// It forgets shifts along the axis.
    Shift,
    /// It contracts the axis with one of another operand.
    Contracted {
        /// The other operand.
        other: ValueId,
        /// Its contracted axis.
        place: usize,
        /// Of a matrix its other axis, and the axis of the result along which that runs.
        image: Option<(usize, usize)>,
        /// Whether the other operand depends on weights alone.
        weights: bool,
    },
}

/// The step of one reader.
pub fn step(program: &Program, classes: &BTreeMap<ValueId, FunctionClass>, reader: Use, axis: usize) -> Step {
    match &program.node(reader.by).operation {
        Operation::Einsum { operands, output, .. } => {
            let own = &operands[reader.slot];
            let label = own.labels[axis];
            let mut others =
                operands.iter().enumerate().filter(|(slot, other)| *slot != reader.slot && other.labels.contains(&label));
            let target = output.iter().position(|other| *other == label);
            match (others.next(), others.next(), target) {
                _ if repeats(&own.labels) => Step::Seen,
                (None, _, Some(target)) => Step::Passes(target),
                (None, _, None) => Step::Ones,
                (Some((_, other)), None, None) if !repeats(&other.labels) => {
                    let place = other.labels.iter().position(|own| *own == label).expect("it bears the label");
                    let image = other.labels.iter().position(|own| *own != label).filter(|&image| {
                        let shared = operands.iter().filter(|operand| operand.labels.contains(&other.labels[image])).count();
                        other.labels.len() == 2 && shared == 1
                    });
                    let image = image.and_then(|image| Some((image, output.iter().position(|own| *own == other.labels[image])?)));
                    Step::Contracted { other: other.value, place, image, weights: !program.node(other.value).batched }
                }
                _ => Step::Seen,
            }
        }
        Operation::Add { terms, .. } => Step::Passes(terms[reader.slot].axes[axis]),
        Operation::Map { .. } => match classes.get(&reader.by) {
            Some(class) if class.linear.is_some() => Step::Passes(axis),
            Some(class) if class.constant.is_some() => Step::Nothing,
            _ => Step::Seen,
        },
        Operation::Softmax { axis: normal, .. } if *normal == axis => Step::Shift,
        Operation::Reshape { from, to, .. } => {
            unsplit_axes(from, to).iter().find(|pair| pair.0 == axis).map_or(Step::Seen, |pair| Step::Passes(pair.1))
        }
        Operation::Concat { axis: special, .. } | Operation::Slice { axis: special, .. } if *special != axis => {
            Step::Passes(axis)
        }
        Operation::Input(_)
        | Operation::Parameter(_)
        | Operation::Softmax { .. }
        | Operation::Reduce { .. }
        | Operation::Concat { .. }
        | Operation::Slice { .. } => Step::Seen,
    }
}

/// Where the vectors along an axis of a computed value come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Any vector.
    Whole,
    /// The span of the vectors along these axes of operands, with the vector of ones where the flag is set.
    Of(Vec<(ValueId, usize)>, bool),
    /// A matrix of weights applied to vectors along an axis of another operand.
    Mapped {
        /// The matrix.
        matrix: ValueId,
        /// Its summed axis.
        summed: usize,
        /// The vectors.
        other: (ValueId, usize),
    },
}

/// The source of an axis.
pub fn source(program: &Program, classes: &BTreeMap<ValueId, FunctionClass>, value: ValueId, axis: usize) -> Source {
    match &program.node(value).operation {
        Operation::Einsum { operands, output, .. } => {
            let label = output[axis];
            let mut bearers = operands.iter().filter(|operand| operand.labels.contains(&label));
            let (Some(bearer), None) = (bearers.next(), bearers.next()) else { return Source::Whole };
            if repeats(&bearer.labels) {
                return Source::Whole;
            }
            let own = bearer.labels.iter().position(|other| *other == label).expect("the bearer has the label");
            let mapped = (bearer.labels.len() == 2 && !program.node(bearer.value).batched)
                .then(|| {
                    let summed = 1 - own;
                    let inner = bearer.labels[summed];
                    let mut others =
                        operands.iter().filter(|operand| operand.value != bearer.value && operand.labels.contains(&inner));
                    let (Some(other), None) = (others.next(), others.next()) else { return None };
                    let place = other.labels.iter().position(|own| *own == inner)?;
                    let contracted = !output.contains(&inner) && !repeats(&other.labels);
                    contracted.then_some(Source::Mapped { matrix: bearer.value, summed, other: (other.value, place) })
                })
                .flatten();
            mapped.unwrap_or(Source::Of(vec![(bearer.value, own)], false))
        }
        Operation::Add { terms, constant } => {
            let uneven = *constant != 0.0 || terms.iter().any(|term| !term.axes.contains(&axis));
            let parts = terms.iter().filter_map(|term| Some((term.value, term.axes.iter().position(|target| *target == axis)?)));
            Source::Of(parts.collect(), uneven)
        }
        Operation::Map { value: inner, .. } if classes.get(&value).is_some_and(|class| class.linear.is_some()) => {
            Source::Of(vec![(*inner, axis)], false)
        }
        Operation::Reshape { value, from, to, .. } => unsplit_axes(from, to)
            .iter()
            .find(|pair| pair.1 == axis)
            .map_or(Source::Whole, |pair| Source::Of(vec![(*value, pair.0)], false)),
        Operation::Concat { values, axis: joined } if *joined != axis => {
            Source::Of(values.iter().map(|value| (*value, axis)).collect(), false)
        }
        Operation::Slice { value, axis: cut, .. } if *cut != axis => Source::Of(vec![(*value, axis)], false),
        Operation::Input(_)
        | Operation::Parameter(_)
        | Operation::Map { .. }
        | Operation::Softmax { .. }
        | Operation::Reduce { .. }
        | Operation::Concat { .. }
        | Operation::Slice { .. } => Source::Whole,
    }
}

fn spans(program: &Program, spaces: &Spaces, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<u128> {
    let mut span: Vec<u128> = Vec::with_capacity(spaces.place_count() as usize);
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        for axis in 0..node.shape.len() {
            let size = node.shape[axis].size;
            let at = |place: (ValueId, usize)| span[spaces.place_number(place.0, place.1) as usize];
            let bound = match &node.operation {
                Operation::Input(id) => {
                    let input = &program.inputs[id.0 as usize];
                    input.rank.filter(|_| input.shape.len() == 1).unwrap_or(size)
                }
                Operation::Parameter(_) => {
                    let others = node.shape.iter().enumerate().filter(|(other, _)| *other != axis);
                    others.fold(1u128, |product, (_, other)| product.saturating_mul(other.size))
                }
                _ => match source(program, classes, result, axis) {
                    Source::Whole => size,
                    Source::Of(parts, uneven) => parts.into_iter().map(at).fold(u128::from(uneven), u128::saturating_add),
                    Source::Mapped { matrix, summed, other } => at((matrix, 1 - summed)).min(at(other)),
                },
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
                let own = match step(program, classes, *reader, axis) {
                    Step::Seen => Conditions { count: size, origin: Origin::Unread },
                    Step::Nothing => Conditions { count: 0, origin: Origin::Unread },
                    Step::Passes(target) => at(target),
                    Step::Ones => Conditions { count: 1, origin: Origin::Sum(reader.by) },
                    Step::Shift => Conditions { count: size.saturating_sub(1), origin: Origin::Softmax(reader.by) },
                    Step::Contracted { other, place, image, weights } => {
                        let bound = span[spaces.place_number(other, place) as usize];
                        match image {
                            Some((_, target)) if weights => {
                                Conditions { count: bound.min(at(target).count), origin: Origin::Product(reader.by) }
                            }
                            _ if weights => Conditions { count: bound, origin: Origin::Product(reader.by) },
                            _ => Conditions { count: bound, origin: Origin::Span(reader.by) },
                        }
                    }
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
