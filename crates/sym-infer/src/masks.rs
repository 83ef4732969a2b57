//! Masked parameters: what entries that stay where they are leave of a model's symmetries.
//!
//! What moves no masked parameter is a symmetry of the model with those parameters frozen as wholes. Of the groups that move one, in the
//! model with all its entries trained, those elements survive that leave the frozen entries where they are (`symmetry.md` §2):
//!
//! | module | idea |
//! |---|---|
//! | `units` | permutations of the units that no frozen entry touches; scales and signs by the components that frozen entries join |
//! | `directions` | generators that are zero at the frozen entries, which depend on θ |

mod directions;
mod units;

use crate::symmetries::{Action, Frame, Generators, Group, Space, Surviving, Symmetries};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{MaskRule, Parameter, ParameterId, Program};

/// Frozen entries of a program that are looked at one by one.
const LISTED: u128 = 1 << 17;

/// The symmetries of a program with masks, by those of programs without.
pub(crate) fn with_masks(program: &Program, infer: impl Fn(&Program) -> Symmetries) -> Symmetries {
    if !program.has_masks() {
        return infer(program);
    }
    let Symmetries { spaces: mut frozen, .. } = infer(&program.with_masked_frozen());
    if let Some(entries) = program.trainable_entries() {
        let states = frozen.iter_mut().flat_map(|space| &mut space.states);
        states.for_each(|state| state.rank = entries.saturating_sub(state.removed));
    }
    let whole = infer(&program.without_masks()).spaces;
    let mut masks = Masks { program, left: LISTED, places: BTreeMap::new() };
    let touching = whole.iter().filter(|space| space.acts_on.iter().any(|action| masks.is_masked(action.parameter)));
    let (units, others): (Vec<Space>, Vec<Space>) = touching.cloned().partition(|space| units::are_plain(program, space));
    let mut cut = masks.of_units(units);
    cut.extend(masks.of_directions(others));
    // What a frozen tensor leaves of a group that crosses it is a part of what its mask leaves.
    let same = |one: &Space, other: &Space| one.group == other.group && one.acts_on == other.acts_on;
    frozen.retain(|space| {
        let replaced = cut.iter().any(|row| row.name == space.name && space.group == Group::Trivial);
        let part = cut.iter().any(|row| is_shared(row) && moved(space).is_subset(&moved(row)));
        !(replaced || part && space.continuous_dim > 0 && !whole.iter().any(|row| same(row, space)))
    });
    for mut space in cut {
        if frozen.iter().any(|other| other.name == space.name) {
            space.name = format!("{}.untouched", space.name);
        }
        frozen.push(space);
    }
    let continuous_dim = frozen.iter().map(|space| space.continuous_dim).fold(0, u128::saturating_add);
    Symmetries { spaces: frozen, continuous_dim }
}

fn moved(space: &Space) -> BTreeSet<ParameterId> {
    space.acts_on.iter().map(|action| action.parameter).collect()
}

/// Whether a row may hold more than what is left of each thing that it moves alone.
fn is_shared(space: &Space) -> bool {
    matches!(space.generators, Generators::Masked { surviving: Surviving::Directions | Surviving::Factors { .. }, .. })
}

/// Whether masks freeze more entries than are looked at one by one. Then units that no frozen entry touches, and directions that depend on
/// which columns the entries lie in, are not looked for.
pub fn has_unlisted(program: &Program) -> bool {
    program.masked_entries() > LISTED
}

/// The masks of a program, with the places of frozen entries as far as they were asked for.
struct Masks<'a> {
    program: &'a Program,
    /// How many more entries may be listed.
    left: u128,
    places: BTreeMap<ParameterId, Option<Vec<usize>>>,
}

impl Masks<'_> {
    fn is_masked(&self, parameter: ParameterId) -> bool {
        let parameter = self.program.parameter(parameter);
        parameter.trainable && parameter.role.mask.is_some()
    }

    /// The masked parameters among those that rows move.
    fn masked_by(&self, rows: &[Space]) -> BTreeSet<ParameterId> {
        rows.iter().flat_map(moved).filter(|&parameter| self.is_masked(parameter)).collect()
    }

    /// The frozen entries of a parameter; `None` where they are too many to be listed.
    fn places(&mut self, parameter: ParameterId) -> Option<&[usize]> {
        let own = self.program.parameter(parameter);
        let left = &mut self.left;
        let listed = self.places.entry(parameter).or_insert_with(|| {
            let count = own.masked_entries();
            let fits = count <= *left && own.entries().is_some_and(|entries| entries <= usize::MAX as u128);
            fits.then(|| {
                *left -= count;
                own.frozen_entries().places
            })
        });
        listed.as_deref()
    }
}

/// Whether axes are among those that output rows run over.
fn in_rows(parameter: &Parameter, axes: &[usize]) -> bool {
    let rows = parameter.row_axes().0;
    axes.iter().all(|axis| rows.contains(axis))
}

/// The number of frozen entries of each row, where it is the same for all.
fn frozen_a_row(parameter: &Parameter) -> Option<u128> {
    let mask = parameter.role.mask.as_ref()?;
    match mask.rule {
        MaskRule::Count { .. } => Some(parameter.masked_entries() / parameter.rows().0.max(1)),
        MaskRule::Densest => None,
    }
}

/// The position of an entry along an axis.
fn position(parameter: &Parameter, axis: usize, place: usize) -> usize {
    let inner: usize = parameter.shape[axis + 1..].iter().map(|axis| axis.size as usize).product();
    place / inner % parameter.shape[axis].size as usize
}

/// What moves entries as wholes: of a row that acts on single entries.
fn as_shift(space: &Space) -> Vec<Action> {
    let shift = |action: &Action| Action { axis: None, frame: Frame::Shift, ..action.clone() };
    space.acts_on.iter().map(shift).collect()
}
