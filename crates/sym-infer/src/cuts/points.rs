//! Where axes are cut, and which values must stay whole.

use crate::graph::Graph;
use crate::spaces::{SpaceId, Spaces, kept_axes, labelled, repeats, unsplit_axes};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// Parts of one axis that are told apart; of axes with more none is cut.
const MOST: usize = 64;

/// Cut points of a program.
#[derive(Debug)]
pub struct Points {
    pub(super) spaces: Spaces,
    pub(super) graph: Graph,
    /// Interior points by space.
    cuts: BTreeMap<SpaceId, BTreeSet<u128>>,
    /// Axes that stay whole, by [`Spaces::place_number`].
    whole: Vec<bool>,
}

impl Points {
    /// `None` where no axis is cut.
    pub fn of(program: &Program) -> Option<Self> {
        let joins = |node: &sym_ir::Node| matches!(node.operation, Operation::Concat { .. } | Operation::Slice { .. });
        if !program.nodes.iter().any(joins) {
            return None;
        }
        let spaces = Spaces::whole(program);
        let cuts = cuts(program, &spaces);
        if cuts.is_empty() {
            return None;
        }
        let whole = vec![false; spaces.place_count() as usize];
        let mut points = Self { spaces, graph: Graph::of(program), cuts, whole };
        points.keep_whole(program);
        let parts = |value: ValueId, axis: usize| points.graph.is_read(value) && points.ranges(program, value, axis).len() > 1;
        let vanishes = |index: usize| match &program.nodes[index].operation {
            Operation::Concat { axis, .. } => parts(ValueId(index as u32), *axis),
            Operation::Slice { value, axis, .. } => points.graph.is_read(ValueId(index as u32)) && parts(*value, *axis),
            _ => false,
        };
        (0..program.nodes.len()).any(vanishes).then_some(points)
    }

    /// The blocks of an axis.
    pub fn ranges(&self, program: &Program, value: ValueId, axis: usize) -> Vec<Range<u128>> {
        let place = self.spaces.place_number(value, axis) as usize;
        let size = program.node(value).shape[axis].size;
        let cuts = self.cuts.get(&self.spaces.of_axis(value, axis)).filter(|_| !self.whole[place]);
        let mut start = 0;
        let ends = cuts.into_iter().flatten().copied().chain([size]);
        ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
    }

    /// Marks the axes that operations know as wholes only, and whatever these ask to be whole.
    fn keep_whole(&mut self, program: &Program) {
        let mut stack = wholes(program);
        let mut values: BTreeMap<ParameterId, Vec<ValueId>> = BTreeMap::new();
        for (index, node) in program.nodes.iter().enumerate() {
            if let Operation::Parameter(id) = node.operation {
                values.entry(id).or_default().push(ValueId(index as u32));
            }
        }
        // All reads of a parameter see the same blocks.
        for reads in values.values().filter(|reads| reads.len() > 1) {
            for axis in 0..program.node(reads[0]).shape.len() {
                let cuts = |value: &ValueId| self.cuts.get(&self.spaces.of_axis(*value, axis));
                if reads.iter().any(|value| cuts(value) != cuts(&reads[0])) {
                    stack.extend(reads.iter().map(|value| (*value, axis)));
                }
            }
        }
        while let Some((value, axis)) = stack.pop() {
            let place = self.spaces.place_number(value, axis) as usize;
            if !self.cuts.contains_key(&self.spaces.of_axis(value, axis)) || std::mem::replace(&mut self.whole[place], true) {
                continue;
            }
            if let Operation::Parameter(id) = program.node(value).operation {
                stack.extend(values[&id].iter().map(|other| (*other, axis)));
            }
            stack.extend(asked(program, value, axis));
            // What is summed with something whole is whole.
            for reader in self.graph.uses(value) {
                if let Operation::Einsum { operands, output, .. } = &program.node(reader.by).operation
                    && !output.contains(&operands[reader.slot].labels[axis])
                {
                    let label = operands[reader.slot].labels[axis];
                    let bearing = labelled(operands, output, reader.by).filter(|(own, _)| *own == label);
                    stack.extend(bearing.map(|(_, place)| (place.value, place.axis)));
                }
            }
        }
    }
}

/// An axis that is a part of another one, as a slice of it or joined to it.
pub(super) struct Piece {
    pub whole: (ValueId, usize),
    /// Its first position there.
    pub start: u128,
    pub part: (ValueId, usize),
}

/// All parts of joined and sliced axes, in program order.
pub(super) fn pieces(program: &Program) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        match &node.operation {
            Operation::Concat { values, axis } => {
                let mut start = 0;
                for &value in values {
                    pieces.push(Piece { whole: (result, *axis), start, part: (value, *axis) });
                    start += program.node(value).shape[*axis].size;
                }
            }
            Operation::Slice { value, axis, start } => {
                pieces.push(Piece { whole: (*value, *axis), start: *start, part: (result, *axis) });
            }
            _ => {}
        }
    }
    pieces
}

/// The interior points of all spaces that are cut.
fn cuts(program: &Program, spaces: &Spaces) -> BTreeMap<SpaceId, BTreeSet<u128>> {
    let mut cuts: BTreeMap<SpaceId, BTreeSet<u128>> = BTreeMap::new();
    // An axis, a part of it with its first position: cut points of one are cut points of the other.
    let place = |(value, axis): (ValueId, usize)| spaces.of_axis(value, axis);
    let part = |Piece { whole, start, part }: Piece| (place(whole), start, place(part), program.node(part.0).shape[part.1].size);
    let mut parts: Vec<(SpaceId, u128, SpaceId, u128)> = pieces(program).into_iter().map(part).collect();
    let borne = borne(program, spaces, &parts);
    parts.retain(|(whole, ..)| borne.contains(whole));
    for &(whole, start, _, size) in &parts {
        let all = spaces.sizes[whole as usize];
        let ends = [start, start + size].into_iter().filter(|point| (1..all).contains(point));
        cuts.entry(whole).or_default().extend(ends);
    }
    cuts.retain(|_, points| (1..MOST).contains(&points.len()));
    loop {
        let before: usize = cuts.values().map(BTreeSet::len).sum();
        for &(whole, start, part, size) in &parts {
            let known = cuts.get(&whole).cloned().unwrap_or_default();
            let inner: BTreeSet<u128> =
                known.range(start + 1..).take_while(|point| **point < start + size).map(|point| point - start).collect();
            let own = cuts.entry(part).or_default();
            own.extend(inner);
            let outer: Vec<u128> = own.iter().map(|point| point + start).collect();
            cuts.entry(whole).or_default().extend(outer);
        }
        cuts.retain(|_, points| (1..MOST).contains(&points.len()));
        if cuts.values().map(BTreeSet::len).sum::<usize>() <= before {
            return cuts;
        }
    }
}

/// The spaces, with those that are parts of them, that weights have axes of. Others are steps of a recurrence and the like, along which
/// all positions meet the same weights: blocks would only hide that.
fn borne(program: &Program, spaces: &Spaces, parts: &[(SpaceId, u128, SpaceId, u128)]) -> BTreeSet<SpaceId> {
    let mut borne: BTreeSet<SpaceId> = BTreeSet::new();
    for (index, node) in program.nodes.iter().enumerate() {
        if matches!(node.operation, Operation::Parameter(_)) {
            borne.extend((0..node.shape.len()).map(|axis| spaces.of_axis(ValueId(index as u32), axis)));
        }
    }
    loop {
        let before = borne.len();
        for (whole, _, part, _) in parts {
            if borne.contains(whole) || borne.contains(part) {
                borne.extend([*whole, *part]);
            }
        }
        if borne.len() == before {
            return borne;
        }
    }
}

/// The axes along which operations run that know them as wholes only.
fn wholes(program: &Program) -> Vec<(ValueId, usize)> {
    let mut wholes: Vec<(ValueId, usize)> = Vec::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        let both = |value: ValueId, axis: usize| [(value, axis), (result, axis)];
        match &node.operation {
            Operation::Input(_) => wholes.extend((0..node.shape.len()).map(|axis| (result, axis))),
            Operation::Softmax { value, axis } | Operation::TopK { value, axis, .. } => wholes.extend(both(*value, *axis)),
            Operation::Normalise { value, axes, .. } => wholes.extend(axes.iter().flat_map(|axis| both(*value, *axis))),
            Operation::Reduce { value, axes, .. } => wholes.extend(axes.iter().map(|axis| (*value, *axis))),
            Operation::Reshape { value, from, to, .. } => {
                let pairs = whole_pairs(from, to);
                wholes.extend((0..from.len()).filter(|axis| pairs.iter().all(|pair| pair.0 != *axis)).map(|axis| (*value, axis)));
                wholes.extend((0..to.len()).filter(|axis| pairs.iter().all(|pair| pair.1 != *axis)).map(|axis| (result, axis)));
            }
            // Weights that are joined are as free as one: see `assembled`.
            Operation::Concat { axis, .. } if !node.batched => wholes.push((result, *axis)),
            Operation::Window { value, axis, .. } => wholes.extend([(*value, *axis), (result, *axis), (result, axis + 1)]),
            Operation::OneHot { .. } => wholes.push((result, node.shape.len() - 1)),
            Operation::Mask { value, row, column, .. } => {
                wholes.extend([*row, *column].into_iter().flat_map(|axis| both(*value, axis)));
            }
            Operation::Rotary { value, position, axis, .. } => {
                wholes.extend([*position, *axis].into_iter().flat_map(|axis| both(*value, axis)));
            }
            Operation::Adjoint(adjoint) => {
                let values = adjoint.operand().into_iter().chain([result]);
                wholes.extend(values.flat_map(|value| (0..program.node(value).shape.len()).map(move |axis| (value, axis))));
            }
            Operation::Einsum { operands, .. } => {
                for operand in operands.iter().filter(|operand| repeats(&operand.labels)) {
                    wholes.extend((0..operand.labels.len()).map(|axis| (operand.value, axis)));
                }
            }
            Operation::Parameter(_)
            | Operation::Add { .. }
            | Operation::Map { .. }
            | Operation::Concat { .. }
            | Operation::Slice { .. } => {}
        }
    }
    for output in &program.outputs {
        wholes.extend((0..program.node(output.value).shape.len()).map(|axis| (output.value, axis)));
    }
    wholes
}

/// The axes of operands that must be whole where an axis of the result is.
fn asked(program: &Program, result: ValueId, axis: usize) -> Vec<(ValueId, usize)> {
    match &program.node(result).operation {
        Operation::Input(_) | Operation::Parameter(_) | Operation::Adjoint(_) => Vec::new(),
        Operation::Einsum { operands, output, .. } => {
            let bearing =
                labelled(operands, output, result).filter(|(label, place)| *label == output[axis] && place.value != result);
            bearing.map(|(_, place)| (place.value, place.axis)).collect()
        }
        Operation::Add { terms, .. } => {
            terms.iter().filter_map(|term| Some((term.value, term.axes.iter().position(|target| *target == axis)?))).collect()
        }
        Operation::Map { value, .. }
        | Operation::Softmax { value, .. }
        | Operation::Normalise { value, .. }
        | Operation::TopK { value, .. }
        | Operation::Mask { value, .. }
        | Operation::Rotary { value, .. } => vec![(*value, axis)],
        Operation::Reduce { value, axes, .. } => {
            kept_axes(program.node(*value).shape.len(), axes).nth(axis).map(|own| (*value, own)).into_iter().collect()
        }
        Operation::Reshape { value, from, to, .. } => {
            whole_pairs(from, to).into_iter().filter(|pair| pair.1 == axis).map(|pair| (*value, pair.0)).collect()
        }
        Operation::Concat { values, .. } => values.iter().map(|value| (*value, axis)).collect(),
        Operation::Slice { value, axis: cut, .. } => {
            if axis == *cut {
                Vec::new()
            } else {
                vec![(*value, axis)]
            }
        }
        Operation::Window { value, axis: slid, .. } => match axis.cmp(slid) {
            std::cmp::Ordering::Less => vec![(*value, axis)],
            _ if axis > slid + 1 => vec![(*value, axis - 1)],
            _ => Vec::new(),
        },
        Operation::OneHot { value } => {
            if axis < program.node(*value).shape.len() {
                vec![(*value, axis)]
            } else {
                Vec::new()
            }
        }
    }
}

/// Pairs of axes of argument and result that a reshape passes whole, each of one atom.
pub(super) fn whole_pairs(from: &[usize], to: &[usize]) -> Vec<(usize, usize)> {
    unsplit_axes(from, to).into_iter().filter(|pair| from[pair.0] == 1).collect()
}
