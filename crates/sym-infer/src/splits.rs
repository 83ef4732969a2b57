//! Split axes: the axes that reshapes merge and split, as the axes that they consist of.
//!
//! An axis that a reshape splits, or merges others into, is a product of index spaces: rows of a weight behind `[c, h, w]` → `[(c h w)]` have
//! an index of channels, and linear maps in front of `[(h k)]` → `[h, k]` one of heads. The program with these axes written out is the same
//! function of the same entries, in the same order; its spaces are the finest ones.

use crate::spaces::{Segment, SpaceId, Spaces, segments};
use crate::symmetries::{Action, Generators, Space, Symmetries};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Axis, Label, Operand, Operation, ParameterId, Program, Term, ValueId};

/// A program whose axes are split.
#[derive(Debug, Clone)]
pub struct Splits {
    /// That program. Values and parameters keep their numbers, entries their order.
    pub program: Program,
    /// For each parameter with split axes the axis of the given program for each of its axes.
    pub axes: BTreeMap<ParameterId, Vec<usize>>,
}

/// Splits within splits that are followed.
const NESTED: usize = 4;

impl Splits {
    /// `None` where no axis is to be split.
    pub fn of(program: &Program) -> Option<Self> {
        let mut found = Self::once(program)?;
        for _ in 1..NESTED {
            let Some(next) = Self::once(&found.program) else { break };
            let mut axes = found.axes;
            for (parameter, own) in next.axes {
                let composed = match axes.get(&parameter) {
                    Some(outer) => own.iter().map(|axis| outer[*axis]).collect(),
                    None => own,
                };
                axes.insert(parameter, composed);
            }
            found = Self { program: next.program, axes };
        }
        Some(found)
    }

    fn once(program: &Program) -> Option<Self> {
        if !program.nodes.iter().any(|node| matches!(node.operation, Operation::Reshape { .. })) {
            return None;
        }
        let spaces = Spaces::whole(program);
        let atoms = factors(program, &spaces);
        if atoms.is_empty() {
            return None;
        }
        let writer = Writer { program, spaces: &spaces, atoms: &atoms };
        let mut split = program.clone();
        let mut axes = BTreeMap::new();
        for index in 0..program.nodes.len() {
            let value = ValueId(index as u32);
            let node = &mut split.nodes[index];
            node.operation = writer.operation(value);
            node.shape = writer.shape(value);
            if let Operation::Parameter(id) = node.operation {
                let places: Vec<usize> =
                    (0..program.node(value).shape.len()).flat_map(|axis| vec![axis; writer.pieces(value, axis)]).collect();
                if places.len() != program.parameter(id).shape.len() {
                    // All uses of a parameter must see the same axes.
                    if axes.insert(id, places.clone()).is_some_and(|known| known != places) {
                        return None;
                    }
                    split.parameters[id.0 as usize].shape.clone_from(&node.shape);
                }
            }
        }
        let consistent = split.nodes.iter().all(|node| match node.operation {
            Operation::Parameter(id) => split.parameter(id).shape.len() == node.shape.len(),
            _ => true,
        });
        consistent.then_some(Self { program: split, axes })
    }

    /// A row of this program as one of the given program.
    pub fn translated(&self, space: Space) -> Space {
        let touched = space.acts_on.iter().any(|action| self.axes.contains_key(&action.parameter));
        let of_program = match &space.generators {
            Generators::Matrices { .. } | Generators::Parallel { .. } => false,
            Generators::Units { scales, signs, .. } => {
                scales.iter().chain(signs).any(|field| !field.complements.is_empty() || !field.offsets.is_empty())
            }
            _ => true,
        };
        if !touched && !of_program {
            return space;
        }
        let whole = |action: &Action| match (self.axes.get(&action.parameter), action.axis) {
            (Some(axes), Some(axis)) => (axes.iter().filter(|own| **own == axes[axis]).count() == 1).then_some(axes[axis]),
            (_, axis) => axis,
        };
        // Units that are a part of an axis are not its positions.
        let parts = space.acts_on.iter().any(|action| action.axis.is_some() && whole(action).is_none());
        let acts_on =
            space.acts_on.iter().map(|action| Action { axis: if parts { None } else { whole(action) }, ..action.clone() });
        Space {
            acts_on: acts_on.collect(),
            states: if parts { Vec::new() } else { space.states },
            generators: Generators::Split { inner: Box::new(space.generators) },
            ..space
        }
    }
}

/// The symmetries that `analyse` finds, of the program with its axes split.
pub fn with_splits(program: &Program, analyse: impl FnOnce(&Program) -> Symmetries) -> Symmetries {
    let Some(splits) = Splits::of(program) else { return analyse(program) };
    let Symmetries { spaces, continuous_dim } = analyse(&splits.program);
    Symmetries { spaces: spaces.into_iter().map(|space| splits.translated(space)).collect(), continuous_dim }
}

/// The program and rows on which an action runs: where a row is about split axes, all are taken to those.
pub fn unfolded(program: &Program, symmetries: &Symmetries) -> Option<(Program, Symmetries)> {
    let is_split = |space: &Space| matches!(space.generators, Generators::Split { .. });
    if !symmetries.spaces.iter().any(is_split) {
        return None;
    }
    let splits = Splits::of(program)?;
    let mut unfolded = symmetries.clone();
    for space in &mut unfolded.spaces {
        if let Generators::Split { inner } = &space.generators {
            space.generators = (**inner).clone();
        }
    }
    Some((splits.program, unfolded))
}

/// The axes that a split axis consists of, by space: those that every reshape of it agrees on, and of which one at least is not fixed.
fn factors(program: &Program, spaces: &Spaces) -> BTreeMap<SpaceId, Vec<Axis>> {
    let mut atoms: BTreeMap<SpaceId, Vec<Axis>> = BTreeMap::new();
    let mut useful: BTreeSet<SpaceId> = BTreeSet::new();
    let mut whole = inseparable(program, spaces);
    for (index, node) in program.nodes.iter().enumerate() {
        let Operation::Reshape { value, atoms: all, from, to } = &node.operation else { continue };
        let result = ValueId(index as u32);
        for Segment { from: sources, to: targets } in segments(from, to) {
            let free = |place: (ValueId, usize, usize)| {
                place.2 == 1 && spaces.fixed[spaces.of_axis(place.0, place.1) as usize].is_none()
            };
            let sides = sources.map(|axis| (*value, axis, from[axis])).chain(targets.map(|axis| (result, axis, to[axis])));
            let places: Vec<(ValueId, usize, usize)> = sides.collect();
            let normed = places.iter().any(|place| place.2 == 1 && is_normed(program, spaces, spaces.of_axis(place.0, place.1)));
            let some = normed || places.iter().any(|place| free(*place));
            for &(at, axis, count) in places.iter().filter(|place| place.2 > 1) {
                let counts = if at == result { to } else { from };
                let first: usize = counts[..axis].iter().sum();
                let own = all[first..first + count].to_vec();
                let space = spaces.of_axis(at, axis);
                let sizes = |axes: &[Axis]| axes.iter().map(|axis| axis.size).collect::<Vec<_>>();
                if atoms.get(&space).is_some_and(|known| sizes(known) != sizes(&own)) {
                    whole.insert(space);
                }
                atoms.entry(space).or_insert(own);
                if some {
                    useful.insert(space);
                }
            }
        }
    }
    atoms.retain(|space, _| useful.contains(space) && !whole.contains(space));
    atoms
}

/// Whether a norm runs over a space.
fn is_normed(program: &Program, spaces: &Spaces, space: SpaceId) -> bool {
    spaces.places[space as usize].iter().any(
        |place| matches!(&program.node(place.value).operation, Operation::Normalise { axes, .. } if axes.contains(&place.axis)),
    )
}

/// Spaces along which an operation runs that knows axes only as wholes.
fn inseparable(program: &Program, spaces: &Spaces) -> BTreeSet<SpaceId> {
    let mut whole = BTreeSet::new();
    let mut keep = |value: ValueId, axis: usize| {
        whole.insert(spaces.of_axis(value, axis));
    };
    for (index, node) in program.nodes.iter().enumerate() {
        let result = ValueId(index as u32);
        match &node.operation {
            Operation::Input(_) => (0..node.shape.len()).for_each(|axis| keep(result, axis)),
            Operation::Softmax { axis, .. } | Operation::TopK { axis, .. } | Operation::Concat { axis, .. } => {
                keep(result, *axis);
                if let Operation::Concat { values, .. } = &node.operation {
                    values.iter().for_each(|value| keep(*value, *axis));
                }
            }
            Operation::Slice { value, axis, .. } => {
                keep(*value, *axis);
                keep(result, *axis);
            }
            Operation::Window { value, axis, .. } => {
                keep(*value, *axis);
                keep(result, *axis);
                keep(result, axis + 1);
            }
            Operation::OneHot { .. } => keep(result, node.shape.len() - 1),
            Operation::Mask { row, column, .. } => {
                keep(result, *row);
                keep(result, *column);
            }
            Operation::Rotary { position, axis, .. } => {
                keep(result, *position);
                keep(result, *axis);
            }
            Operation::Adjoint(adjoint) => {
                for value in adjoint.operand().into_iter().chain([result]) {
                    (0..program.node(value).shape.len()).for_each(|axis| keep(value, axis));
                }
            }
            Operation::Parameter(_)
            | Operation::Einsum { .. }
            | Operation::Add { .. }
            | Operation::Map { .. }
            | Operation::Reduce { .. }
            | Operation::Reshape { .. }
            | Operation::Normalise { .. } => {}
        }
    }
    for output in &program.outputs {
        (0..program.node(output.value).shape.len()).for_each(|axis| keep(output.value, axis));
    }
    whole
}

struct Writer<'a> {
    program: &'a Program,
    spaces: &'a Spaces,
    atoms: &'a BTreeMap<SpaceId, Vec<Axis>>,
}

impl Writer<'_> {
    fn atoms(&self, value: ValueId, axis: usize) -> Option<&Vec<Axis>> {
        self.atoms.get(&self.spaces.of_axis(value, axis))
    }

    /// How many axes an axis becomes.
    fn pieces(&self, value: ValueId, axis: usize) -> usize {
        self.atoms(value, axis).map_or(1, Vec::len)
    }

    /// The first axis that an axis becomes.
    fn start(&self, value: ValueId, axis: usize) -> usize {
        (0..axis).map(|before| self.pieces(value, before)).sum()
    }

    /// All axes that an axis becomes.
    fn places(&self, value: ValueId, axis: usize) -> std::ops::Range<usize> {
        let start = self.start(value, axis);
        start..start + self.pieces(value, axis)
    }

    fn shape(&self, value: ValueId) -> Vec<Axis> {
        let shape = &self.program.node(value).shape;
        let axes = shape.iter().enumerate().flat_map(|(axis, own)| match self.atoms(value, axis) {
            Some(atoms) => atoms.clone(),
            None => vec![own.clone()],
        });
        axes.collect()
    }

    fn operation(&self, result: ValueId) -> Operation {
        let all = |value: ValueId, axes: &[usize]| axes.iter().flat_map(|axis| self.places(value, *axis)).collect::<Vec<_>>();
        let mut operation = self.program.node(result).operation.clone();
        match &mut operation {
            Operation::Einsum { operands, output, .. } => {
                for Operand { value, labels } in operands {
                    *labels = self.labels(*value, labels);
                }
                *output = self.labels(result, output);
            }
            Operation::Add { terms, .. } => {
                for Term { axes, .. } in terms {
                    *axes = all(result, axes);
                }
            }
            Operation::Reduce { value, axes, .. } | Operation::Normalise { value, axes, .. } => *axes = all(*value, axes),
            Operation::Reshape { value, atoms, from, to } => {
                let finer = self.finer_atoms((*value, from), (result, to), atoms);
                *from = self.counts(*value, from, &finer);
                *to = self.counts(result, to, &finer);
                *atoms = finer.concat();
            }
            Operation::Softmax { axis, .. } | Operation::TopK { axis, .. } | Operation::Concat { axis, .. } => {
                *axis = self.start(result, *axis);
            }
            Operation::Slice { value, axis, .. } | Operation::Window { value, axis, .. } => *axis = self.start(*value, *axis),
            Operation::Mask { row, column, .. } => {
                *row = self.start(result, *row);
                *column = self.start(result, *column);
            }
            Operation::Rotary { position, axis, .. } => {
                *position = self.start(result, *position);
                *axis = self.start(result, *axis);
            }
            Operation::Input(_)
            | Operation::Parameter(_)
            | Operation::Map { .. }
            | Operation::OneHot { .. }
            | Operation::Adjoint(_) => {}
        }
        operation
    }

    /// Labels of the axes that labelled ones become: equal ones stay equal.
    fn labels(&self, value: ValueId, labels: &[Label]) -> Vec<Label> {
        let most = self.atoms.values().map(Vec::len).max().unwrap_or(1) as u32;
        let pieces = labels
            .iter()
            .enumerate()
            .flat_map(|(axis, label)| (0..self.pieces(value, axis) as u32).map(move |piece| Label(label.0 * most + piece)));
        pieces.collect()
    }

    /// For each atom of a reshape what it consists of: the pieces of an axis that passes whole, where its space is split elsewhere.
    fn finer_atoms(&self, argument: (ValueId, &[usize]), result: (ValueId, &[usize]), atoms: &[Axis]) -> Vec<Vec<Axis>> {
        let mut finer: Vec<Vec<Axis>> = atoms.iter().map(|atom| vec![atom.clone()]).collect();
        for (value, counts) in [argument, result] {
            let mut first = 0;
            for (axis, &count) in counts.iter().enumerate() {
                if let (1, Some(pieces)) = (count, self.atoms(value, axis)) {
                    finer[first].clone_from(pieces);
                }
                first += count;
            }
        }
        finer
    }

    /// How many of the finer atoms each axis merges that the axes of a reshape's argument or result become.
    fn counts(&self, value: ValueId, counts: &[usize], finer: &[Vec<Axis>]) -> Vec<usize> {
        let mut first = 0;
        let mut result = Vec::new();
        for (axis, &count) in counts.iter().enumerate() {
            let own = finer[first..first + count].iter().map(Vec::len);
            match self.atoms(value, axis) {
                Some(atoms) if count == 1 => result.extend(vec![1; atoms.len()]),
                Some(_) => result.extend(own),
                None => result.push(own.sum()),
            }
            first += count;
        }
        result
    }
}
