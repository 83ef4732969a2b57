//! Dependence sets: a frame may differ from position to position of another space when every value that carries the one carries the other
//! at the same index.

use super::{Frames, Kind};
use crate::spaces::{SpaceId, Spaces};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Label, Operation, Program, ValueId};

/// For each space of matrices or permutations the spaces that all its values carry along, ascending.
pub fn of(program: &Program, spaces: &Spaces, frames: &Frames) -> BTreeMap<SpaceId, Vec<SpaceId>> {
    let kind = |space: SpaceId| frames.kinds[space as usize];
    let mut all = BTreeMap::new();
    for space in (0..spaces.sizes.len() as SpaceId).filter(|&space| kind(space) != Kind::Fixed) {
        let mut common: Option<BTreeSet<SpaceId>> = None;
        for place in &spaces.places[space as usize] {
            // Matrices leave gains alone, permutations move them.
            if kind(space) != Kind::Monomial && frames.gain[spaces.place_number(place.value, place.axis) as usize] {
                continue;
            }
            let carried: Vec<SpaceId> =
                (0..program.node(place.value).shape.len()).map(|axis| spaces.of_axis(place.value, axis)).collect();
            let once = |other: &SpaceId| *other != space && carried.iter().filter(|each| *each == other).count() == 1;
            let own: BTreeSet<SpaceId> = carried.iter().copied().filter(once).collect();
            common = Some(common.map_or(own.clone(), |known| known.intersection(&own).copied().collect()));
        }
        all.insert(space, common.unwrap_or_default());
    }
    for index in 0..program.nodes.len() {
        misaligned(program, spaces, ValueId(index as u32), &mut all);
        mixed(program, spaces, ValueId(index as u32), &mut all);
    }
    all.into_iter().map(|(space, others)| (space, others.into_iter().collect())).collect()
}

/// Removes spaces whose positions an operation mixes, from those of the other axes that it passes: a softmax or a norm over them, or
/// windows, which show other positions than their own.
fn mixed(program: &Program, spaces: &Spaces, result: ValueId, all: &mut BTreeMap<SpaceId, BTreeSet<SpaceId>>) {
    let node = program.node(result);
    let axes: &[usize] = match &node.operation {
        Operation::Softmax { axis, .. } | Operation::TopK { axis, .. } | Operation::Rotary { axis, .. } => {
            std::slice::from_ref(axis)
        }
        Operation::Normalise { axes, .. } => axes,
        // A later sum may be over windows and what they run over.
        Operation::Window { axis, .. } => std::slice::from_ref(axis),
        // What the others mix, their results do not carry.
        _ => return,
    };
    let mixed: Vec<SpaceId> = axes.iter().map(|&axis| spaces.of_axis(result, axis)).collect();
    for axis in 0..node.shape.len() {
        if let Some(others) = all.get_mut(&spaces.of_axis(result, axis)) {
            others.retain(|other| !mixed.contains(other));
        }
    }
}

/// Removes spaces that an einsum indexes differently on two values of the same frame.
fn misaligned(program: &Program, spaces: &Spaces, result: ValueId, all: &mut BTreeMap<SpaceId, BTreeSet<SpaceId>>) {
    let Operation::Einsum { operands, output, .. } = &program.node(result).operation else { return };
    let bearers: Vec<(ValueId, &[Label])> =
        operands.iter().map(|operand| (operand.value, operand.labels.as_slice())).chain([(result, output.as_slice())]).collect();
    let mut known: BTreeMap<(Label, SpaceId), Label> = BTreeMap::new();
    for (value, labels) in &bearers {
        for (axis, &label) in labels.iter().enumerate() {
            let Some(others) = all.get_mut(&spaces.of_axis(*value, axis)) else { continue };
            others.retain(|&other| {
                let own = (0..labels.len()).find(|&at| spaces.of_axis(*value, at) == other).map(|at| labels[at]);
                own.is_none_or(|own| *known.entry((label, other)).or_insert(own) == own)
            });
        }
    }
}
