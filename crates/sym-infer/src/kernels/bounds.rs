//! Rank bounds from the sizes alone: the span of every axis forwards, the conditions on every axis backwards.

use super::{AxisKernel, FixedKernel, Ones, Origin, Source, Step, source, step};
use crate::class::FunctionClass;
use crate::frames::union::{Gains, product};
use crate::graph::{Graph, Use};
use crate::paths::Paths;
use crate::relations::Subset;
use crate::spaces::Spaces;
use std::collections::BTreeMap;
use sym_ir::{Operation, Program, ValueId};

/// The dimension of the span of all vectors along an axis, over other indices and all inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Of the vectors.
    pub all: u128,
    /// Of their differences: less where a vector that no input changes is added.
    pub varying: u128,
}

/// Conditions on directions of an axis that come from one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    /// Which subspace of covectors: conditions of one key are the same.
    key: Key,
    /// The covectors are multiplied by these, entry by entry.
    gains: Gains,
    /// How many independent ones at most.
    count: u128,
    /// How many more there would be if biases did not take constants back.
    constants: u128,
    /// The operation.
    origin: Origin,
    /// Where the change itself, not only its absence, meets another operand.
    meets: Option<Meeting>,
}

/// A contraction that shows no change to first order. Where the change reaches its other operand as well, by another way from the same
/// value, a whole step shows: |z + n|² is not |z|², though n ⟂ z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meeting {
    /// Whether the other operand depends on weights alone.
    weights: bool,
    /// Whether an operation carries the change to it.
    carried: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Every covector.
    All,
    /// Those whose entries sum to zero.
    Differences,
    /// The ones.
    Ones,
    /// Those of a reader alone.
    Reader(Use),
}

/// Conditions on directions of one axis.
#[derive(Debug, Clone, Default)]
struct Conditions {
    parts: Vec<Condition>,
}

impl Conditions {
    fn all(size: u128) -> Self {
        let parts = vec![Condition {
            key: Key::All,
            gains: Gains::new(),
            count: size,
            constants: 0,
            origin: Origin::Unread,
            meets: None,
        }];
        Self { parts }
    }

    fn one(key: Key, count: u128, origin: Origin) -> Self {
        Self { parts: vec![Condition { key, gains: Gains::new(), count, constants: 0, origin, meets: None }] }
    }

    fn count(&self) -> u128 {
        self.parts.iter().map(|part| part.count).fold(0, u128::saturating_add)
    }

    fn add(&mut self, other: &Self, size: u128) {
        for part in &other.parts {
            let known = self.parts.iter().any(|own| own.key == part.key && own.gains == part.gains);
            if !known {
                self.parts.push(part.clone());
            }
        }
        // Nothing is left to tell apart once every direction is seen.
        if self.count() >= size {
            *self = Self::all(size);
        }
    }

    /// The kernel of conditions none of which depends on weights.
    fn fixed_kernel(&self) -> Option<FixedKernel> {
        match self.parts.as_slice() {
            [Condition { key: Key::Differences, gains, .. }] if gains.is_empty() => Some(FixedKernel::Ones),
            [Condition { key: Key::Ones, gains, .. }] if gains.is_empty() => Some(FixedKernel::Differences),
            _ => None,
        }
    }

    /// The conditions on a change that an operation passes on.
    fn carried(&self) -> Self {
        let carry = |part: &Condition| {
            let meets = part.meets.map(|meeting| Meeting { carried: true, ..meeting });
            Condition { meets, ..part.clone() }
        };
        Self { parts: self.parts.iter().map(carry).collect() }
    }

    /// Whether the change may reach both operands of a contraction from a value with several readers: operands made of weights alone only
    /// from weights.
    fn may_meet_itself(&self, batched: bool) -> bool {
        let danger = |meeting: Meeting| meeting.carried && !(batched && meeting.weights);
        self.parts.iter().filter_map(|part| part.meets).any(danger)
    }

    fn scaled(&self, gain: ValueId) -> Self {
        let scale = |part: &Condition| Condition { gains: product(&part.gains, &vec![(gain, 1)], false), ..part.clone() };
        Self { parts: self.parts.iter().map(scale).collect() }
    }
}

/// Rank bounds of a program by axis ([`Spaces::place_number`]).
#[derive(Debug)]
pub struct RankBounds {
    /// Spans.
    pub span: Vec<Span>,
    conditions: Vec<Conditions>,
}

impl RankBounds {
    /// Both passes. With `logits`, outputs are read as logits along their last axis, as a cross-entropy reads them.
    pub fn of(
        program: &Program,
        spaces: &Spaces,
        graph: &Graph,
        classes: &BTreeMap<ValueId, FunctionClass>,
        paths: &Paths,
        logits: bool,
    ) -> Self {
        let span = spans(program, spaces, classes);
        let conditions = Pass { program, spaces, graph, classes, paths, span: &span, logits }.run();
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
                let conditions = &self.conditions[spaces.place_number(value, axis) as usize];
                let count = conditions.count().min(size);
                let rest: u128 = parameter.shape[axis + 1..].iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
                let dimension = size - count;
                let origin = conditions.parts.iter().map(|part| part.origin).find(|origin| *origin != Origin::Unread);
                if let Some(origin) = origin.filter(|_| dimension > 0) {
                    let directions = dimension.saturating_mul(lead).saturating_mul(rest);
                    if directions > 0 {
                        let constants = conditions.parts.iter().map(|part| part.constants).fold(0, u128::saturating_add);
                        kernels.push(AxisKernel {
                            parameter: id,
                            value,
                            axis,
                            dimension,
                            directions,
                            constants: constants.min(dimension),
                            origin,
                            fixed: conditions.fixed_kernel(),
                        });
                    }
                }
                lead = lead.saturating_mul(count);
            }
        }
        kernels
    }
}

/// The spans of all axes, by [`Spaces::place_number`].
pub fn spans(program: &Program, spaces: &Spaces, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<Span> {
    let mut span: Vec<Span> = Vec::with_capacity(spaces.place_count() as usize);
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        for axis in 0..node.shape.len() {
            let size = node.shape[axis].size;
            let at = |place: (ValueId, usize)| span[spaces.place_number(place.0, place.1) as usize];
            let bound = match &node.operation {
                Operation::Input(id) => {
                    let input = &program.inputs[id.0 as usize];
                    let all = input.rank.filter(|_| input.shape.len() == 1).unwrap_or(size);
                    Span { all, varying: all }
                }
                Operation::Parameter(_) => {
                    let others = node.shape.iter().enumerate().filter(|(other, _)| *other != axis);
                    let all = others.fold(1u128, |product, (_, other)| product.saturating_mul(other.size));
                    Span { all, varying: if node.shape.len() == 1 { 0 } else { all } }
                }
                _ => match source(program, classes, result, axis) {
                    Source::Whole => Span { all: size, varying: size },
                    Source::SumsToOne => Span { all: size, varying: size.saturating_sub(1) },
                    Source::Scaled { of, .. } => at(of),
                    Source::Of(parts, ones) => {
                        let start = Span { all: u128::from(ones > Ones::Absent), varying: u128::from(ones == Ones::Varying) };
                        parts.into_iter().map(at).fold(start, |sum, part| Span {
                            all: sum.all.saturating_add(part.all),
                            varying: sum.varying.saturating_add(part.varying),
                        })
                    }
                    Source::Centred(of) => {
                        let all = at(of).all.min(size.saturating_sub(1));
                        Span { all, varying: all }
                    }
                    Source::Mixed(of) => Span { varying: at(of).all, ..at(of) },
                    Source::Joined(parts) => {
                        let all = parts.into_iter().map(|part| at(part).all).fold(0, u128::saturating_add);
                        Span { all, varying: all }
                    }
                    Source::Mapped { matrix, summed, other, alone } => {
                        let (rank, other) = (at((matrix, 1 - summed)).all, at(other));
                        Span { all: rank.min(other.all), varying: rank.min(if alone { other.varying } else { other.all }) }
                    }
                },
            };
            span.push(Span { all: bound.all.min(size), varying: bound.varying.min(size) });
        }
    }
    span
}

/// A vector that no input changes, among those along an axis.
#[derive(Debug, Clone, Copy, Default)]
struct Constant {
    /// Whether there is one that is generic beside what varies.
    some: bool,
    /// Whether the weights that the vectors are made with are read nowhere else.
    fresh: bool,
    /// Whether multiples of the ones vary.
    ones: bool,
}

/// By [`Spaces::place_number`] whether a vector that no input changes is added that does not lie in the span of the differences by the way
/// it is made: the sizes alone, [`Span`], do not tell where two terms of a sum are made with the same weights.
pub fn constants(program: &Program, spaces: &Spaces, graph: &Graph, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<bool> {
    let mut known: Vec<Constant> = Vec::with_capacity(spaces.place_count() as usize);
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        for axis in 0..node.shape.len() {
            let at = |place: (ValueId, usize)| known[spaces.place_number(place.0, place.1) as usize];
            let own = match &node.operation {
                Operation::Input(_) => Constant::default(),
                Operation::Parameter(id) => {
                    let fresh = graph.is_read_once(*id, result);
                    Constant { some: fresh && node.shape.len() == 1, fresh, ones: false }
                }
                _ => match source(program, classes, result, axis) {
                    Source::SumsToOne => Constant { some: true, fresh: true, ones: false },
                    Source::Whole | Source::Joined(_) | Source::Centred(_) => Constant::default(),
                    Source::Mixed(of) => Constant { some: false, ..at(of) },
                    Source::Scaled { of, .. } => Constant { ones: false, ..at(of) },
                    Source::Of(parts, ones) => {
                        let alone = parts.len() == 1 && ones != Ones::Varying;
                        let parts: Vec<Constant> = parts.into_iter().map(at).collect();
                        let vary = ones == Ones::Varying || parts.iter().any(|part| part.ones);
                        Constant {
                            some: parts.iter().any(|part| part.some && (alone || part.fresh))
                                || (ones == Ones::Constant && !vary),
                            fresh: parts.iter().all(|part| part.fresh),
                            ones: vary,
                        }
                    }
                    Source::Mapped { matrix, summed, other, alone } => {
                        let fresh = at((matrix, 1 - summed)).fresh;
                        let some = alone && at(other).some && (fresh || program.node(other.0).batched);
                        Constant { some, fresh, ones: false }
                    }
                },
            };
            known.push(own);
        }
    }
    known.into_iter().map(|constant| constant.some).collect()
}

/// Whether biases behind a contraction of a parameter with a value take back what a constant part of that value contributes.
pub fn constant_is_taken_back(program: &Program, paths: &Paths, parameter: ValueId, reader: Use) -> bool {
    let Operation::Einsum { operands, output, .. } = &program.node(reader.by).operation else { return false };
    let is_parameter = matches!(program.node(parameter).operation, Operation::Parameter(_));
    let along: Subset = operands[reader.slot]
        .labels
        .iter()
        .filter_map(|label| output.iter().position(|other| other == label))
        .fold(0, |mask, axis| mask | 1 << axis);
    is_parameter && operands.len() == 2 && paths.absorbs(reader.by, along)
}

struct Pass<'a> {
    program: &'a Program,
    spaces: &'a Spaces,
    graph: &'a Graph,
    classes: &'a BTreeMap<ValueId, FunctionClass>,
    paths: &'a Paths<'a>,
    span: &'a [Span],
    logits: bool,
}

impl Pass<'_> {
    fn run(&self) -> Vec<Conditions> {
        let mut conditions = vec![Conditions::default(); self.spaces.place_count() as usize];
        for (index, node) in self.program.nodes.iter().enumerate().rev() {
            let value = ValueId(index as u32);
            for (axis, size) in node.shape.iter().map(|axis| axis.size).enumerate() {
                let mut total = match self.graph.is_output(value) {
                    true if self.logits && axis + 1 == node.shape.len() => {
                        Conditions::one(Key::Differences, size.saturating_sub(1), Origin::Softmax(value))
                    }
                    true => Conditions::all(size),
                    false => Conditions::default(),
                };
                for reader in self.graph.uses(value) {
                    let own = self.of_reader(&conditions, value, *reader, axis, size);
                    total.add(&own, size);
                }
                if self.graph.uses(value).len() > 1 && total.may_meet_itself(node.batched) {
                    total = Conditions::all(size);
                }
                conditions[self.spaces.place_number(value, axis) as usize] = total;
            }
        }
        conditions
    }

    fn of_reader(&self, known: &[Conditions], value: ValueId, reader: Use, axis: usize, size: u128) -> Conditions {
        let at = |axis: usize| &known[self.spaces.place_number(reader.by, axis) as usize];
        match step(self.program, self.classes, reader, axis) {
            Step::Nothing => Conditions::default(),
            Step::Passes(target) => at(target).carried(),
            Step::Scaled { target, gain } => at(target).carried().scaled(gain),
            Step::Even(target) if at(target).parts.iter().all(|part| part.key == Key::Differences && part.gains.is_empty()) => {
                Conditions::one(Key::Differences, size.saturating_sub(1), Origin::Softmax(reader.by))
            }
            Step::Seen | Step::Even(_) => Conditions::all(size),
            Step::Ones => Conditions::one(Key::Ones, 1, Origin::Sum(reader.by)),
            Step::Shift => Conditions::one(Key::Differences, size.saturating_sub(1), Origin::Softmax(reader.by)),
            Step::Contracted { other, place, image, weights } => {
                let span = self.span[self.spaces.place_number(other, place) as usize];
                let behind = image.filter(|_| weights).map(|(_, target)| at(target));
                let passed = behind.into_iter().flat_map(|behind| &behind.parts).filter_map(|part| part.meets);
                let meets = match passed.reduce(|one, other| Meeting { weights: one.weights && other.weights, carried: true }) {
                    Some(meeting) => Meeting { carried: true, ..meeting },
                    None => Meeting { weights, carried: other == value },
                };
                let (count, origin) = match image {
                    Some((_, target)) if weights => (span.all.min(at(target).count()), Origin::Product(reader.by)),
                    _ if weights => (span.all, Origin::Product(reader.by)),
                    _ if span.varying < span.all && constant_is_taken_back(self.program, self.paths, value, reader) => {
                        (span.varying, Origin::Span(reader.by))
                    }
                    _ => (span.all, Origin::Span(reader.by)),
                };
                let key = Key::Reader(reader);
                let constants = if weights { 0 } else { span.all - count };
                Conditions { parts: vec![Condition { key, gains: Gains::new(), count, constants, origin, meets: Some(meets) }] }
            }
        }
    }
}
