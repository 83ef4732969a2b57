//! Axis kernels: directions n of a parameter's axis for which every change n ⊗ z is invisible.
//!
//! Such directions exist where what stands behind the axis has a kernel (a product of bounded rank, a softmax, which forgets shifts), or
//! where what is contracted with the axis never leaves a subspace. Ranks are bounded from the sizes alone: one pass forwards for the span
//! of every axis, one backwards for the conditions on it ([`bounds`]). Here stands what each operation contributes.

mod bounds;

pub use bounds::{RankBounds, Span, constant_is_taken_back, constants, spans};

use crate::class::FunctionClass;
use crate::graph::Use;
use crate::spaces::{repeats, unsplit_axes};
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
    /// How many of the dimensions are directions of a constant part alone, which biases take back.
    pub constants: u128,
    /// What makes it.
    pub origin: Origin,
    /// What the kernel is whatever the weights are, where it is the same for all.
    pub fixed: Option<FixedKernel>,
}

/// A kernel that does not depend on weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedKernel {
    /// The multiples of the vector of ones.
    Ones,
    /// The vectors whose entries sum to zero.
    Differences,
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
    /// The result changes along this axis by n times a vector of weights, entry by entry.
    Scaled {
        /// The result's axis.
        target: usize,
        /// The vector.
        gain: ValueId,
    },
    /// The result changes along this axis by the same n where that is a multiple of the ones, and shows every other change.
    Even(usize),
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
                (Some((_, other)), None, Some(target)) if is_vector(program, other.value) => {
                    Step::Scaled { target, gain: other.value }
                }
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
        // The chosen stay chosen where all shift together; what is not chosen is −∞ before and after.
        Operation::TopK { axis: compared, rest, .. } if *compared == axis && *rest == f64::NEG_INFINITY => Step::Even(axis),
        Operation::Reshape { from, to, .. } => {
            unsplit_axes(from, to).iter().find(|pair| pair.0 == axis).map_or(Step::Seen, |pair| Step::Passes(pair.1))
        }
        Operation::Concat { axis: special, .. } | Operation::Slice { axis: special, .. } if *special != axis => {
            Step::Passes(axis)
        }
        Operation::Normalise { axes, centre: true, batch: false, .. } if axes.as_slice() == [axis] => Step::Shift,
        Operation::Window { axis: slid, rest: 0.0, .. } if *slid != axis => Step::Passes(axis + usize::from(axis > *slid)),
        Operation::Mask { row, column, .. } if ![row, column].contains(&&axis) => Step::Passes(axis),
        Operation::Rotary { position, axis: turned, .. } if ![position, turned].contains(&&axis) => Step::Passes(axis),
        Operation::Input(_)
        | Operation::Parameter(_)
        | Operation::Softmax { .. }
        | Operation::Reduce { .. }
        | Operation::Concat { .. }
        | Operation::Slice { .. }
        | Operation::Normalise { .. }
        | Operation::Window { .. }
        | Operation::OneHot { .. }
        | Operation::Mask { .. }
        | Operation::TopK { .. }
        | Operation::Rotary { .. }
        | Operation::Adjoint(_) => Step::Seen,
    }
}

/// Which multiples of the vector of ones are added along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ones {
    /// None.
    Absent,
    /// One that no input changes.
    Constant,
    /// Any.
    Varying,
}

/// Where the vectors along an axis of a computed value come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Any vector.
    Whole,
    /// The span of the vectors along these axes of operands, with a multiple of the vector of ones.
    Of(Vec<(ValueId, usize)>, Ones),
    /// The vectors along these axes of operands, each of which has a constant part of its own.
    Joined(Vec<(ValueId, usize)>),
    /// The vectors along an axis of an operand, times a vector of weights, entry by entry.
    Scaled {
        /// The vector of weights.
        gain: ValueId,
        /// The operand's axis.
        of: (ValueId, usize),
    },
    /// Vectors whose entries sum to one.
    SumsToOne,
    /// The vectors along an axis of an operand less their mean, with coefficients that an input changes.
    Centred((ValueId, usize)),
    /// Combinations, with coefficients that an input may change, of the vectors along an axis of an operand.
    Mixed((ValueId, usize)),
    /// A matrix of weights applied to vectors along an axis of another operand.
    Mapped {
        /// The matrix.
        matrix: ValueId,
        /// Its summed axis.
        summed: usize,
        /// The vectors.
        other: (ValueId, usize),
        /// Whether nothing else enters, so that a constant part stays one.
        alone: bool,
    },
}

/// The source of an axis.
pub fn source(program: &Program, classes: &BTreeMap<ValueId, FunctionClass>, value: ValueId, axis: usize) -> Source {
    match &program.node(value).operation {
        Operation::Einsum { operands, output, .. } => {
            let label = output[axis];
            let mut bearers = operands.iter().filter(|operand| operand.labels.contains(&label));
            let (Some(bearer), second, None) = (bearers.next(), bearers.next(), bearers.next()) else { return Source::Whole };
            if let Some(second) = second {
                let (gain, of) = if is_vector(program, bearer.value) { (bearer, second) } else { (second, bearer) };
                let own = of.labels.iter().position(|other| *other == label);
                return match own {
                    Some(own) if is_vector(program, gain.value) && !repeats(&of.labels) => {
                        Source::Scaled { gain: gain.value, of: (of.value, own) }
                    }
                    _ => Source::Whole,
                };
            }
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
                    let alone = operands.len() == 2 && other.labels.iter().all(|own| *own == inner || output.contains(own));
                    let other = (other.value, place);
                    contracted.then_some(Source::Mapped { matrix: bearer.value, summed, other, alone })
                })
                .flatten();
            mapped.unwrap_or(match operands.len() {
                1 => Source::Of(vec![(bearer.value, own)], Ones::Absent),
                _ => Source::Mixed((bearer.value, own)),
            })
        }
        Operation::Add { terms, constant } => {
            let ones = |term: &sym_ir::Term| match program.node(term.value).batched {
                _ if term.axes.contains(&axis) => Ones::Absent,
                false if program.node(term.value).shape.is_empty() => Ones::Constant,
                _ => Ones::Varying,
            };
            let added = if *constant == 0.0 { Ones::Absent } else { Ones::Constant };
            let uneven = terms.iter().map(ones).fold(added, Ones::max);
            let parts = terms.iter().filter_map(|term| Some((term.value, term.axes.iter().position(|target| *target == axis)?)));
            Source::Of(parts.collect(), uneven)
        }
        Operation::Map { value: inner, .. } if classes.get(&value).is_some_and(|class| class.linear.is_some()) => {
            Source::Of(vec![(*inner, axis)], Ones::Absent)
        }
        Operation::Reshape { value, from, to, .. } => unsplit_axes(from, to)
            .iter()
            .find(|pair| pair.1 == axis)
            .map_or(Source::Whole, |pair| Source::Of(vec![(*value, pair.0)], Ones::Absent)),
        Operation::Concat { values, axis: joined } if *joined != axis => {
            Source::Joined(values.iter().map(|value| (*value, axis)).collect())
        }
        Operation::Slice { value, axis: cut, .. } if *cut != axis => Source::Of(vec![(*value, axis)], Ones::Absent),
        Operation::Softmax { axis: normal, .. } if *normal == axis => Source::SumsToOne,
        Operation::OneHot { .. } if axis + 1 == program.node(value).shape.len() => Source::SumsToOne,
        Operation::Normalise { value, axes, batch: false, centre, .. } if axes.as_slice() == [axis] => match centre {
            true => Source::Centred((*value, axis)),
            false => Source::Mixed((*value, axis)),
        },
        Operation::Window { value, axis: slid, padding, rest, .. } if ![*slid, slid + 1].contains(&axis) && *rest == 0.0 => {
            let of = (*value, if axis > *slid { axis - 1 } else { axis });
            if *padding == 0 { Source::Of(vec![of], Ones::Absent) } else { Source::Mixed(of) }
        }
        Operation::Rotary { value, position, axis: turned, .. } if ![*position, *turned].contains(&axis) => {
            Source::Of(vec![(*value, axis)], Ones::Absent)
        }
        Operation::Input(_)
        | Operation::Parameter(_)
        | Operation::Map { .. }
        | Operation::Softmax { .. }
        | Operation::Reduce { .. }
        | Operation::Concat { .. }
        | Operation::Slice { .. }
        | Operation::Normalise { .. }
        | Operation::Window { .. }
        | Operation::OneHot { .. }
        | Operation::Mask { .. }
        | Operation::TopK { .. }
        | Operation::Rotary { .. }
        | Operation::Adjoint(_) => Source::Whole,
    }
}

/// Whether a value is a vector of weights alone.
fn is_vector(program: &Program, value: ValueId) -> bool {
    let node = program.node(value);
    !node.batched && node.shape.len() == 1
}
