//! The orbits of a parameter's entries under the group of a symmetric state, and where the reduced program keeps them.
//!
//! A group that permutes the units of a space moves all axes of that space together. So a weight W between units of one space (residual,
//! recurrent) has for a class of m ≥ 2 merged units two orbits in its diagonal block: a Wᵢᵢ and b Wᵢⱼ, i ≠ j. In general the entries
//! fall into strata, one for each [`Partition`] of the axes into those that stand at one unit; an orbit is a stratum with a class for each
//! block, and it exists where no class has more blocks than units.

use crate::coordinates::{Coordinates, EntryMap, Slot};
use crate::partition::Partition;
use std::collections::HashMap;
use sym_infer::Degree;

/// What a state does to one position of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// It belongs to a class; whether it is the negative of the class's value on this axis.
    Kept { class: usize, negative: bool },
    /// It vanishes: a reflection (or scale) changes its sign, that of this number.
    Dropped { reflection: usize },
}

/// One axis of a parameter at a state.
#[derive(Debug, Clone)]
pub(crate) struct AxisMap {
    /// The position of the state's map of units; `None` for an axis that stays as it is.
    pub units: Option<usize>,
    pub positions: Vec<Position>,
    pub multiplicities: Vec<usize>,
    /// Whether a reflection changes signs along this axis.
    pub odd: bool,
    /// The exponents of the unit's scales along this axis.
    pub degrees: Vec<Degree>,
}

impl AxisMap {
    /// An axis that stays as it is.
    pub fn whole(size: usize) -> Self {
        Self {
            units: None,
            positions: (0..size).map(|class| Position::Kept { class, negative: false }).collect(),
            multiplicities: vec![1; size],
            odd: false,
            degrees: Vec::new(),
        }
    }
}

/// Whether an entry is zero at the state: some reflection or scale of vanishing units moves it alone. Two such axes at one unit take each
/// other's sign back.
pub(crate) fn vanishes(axes: &[AxisMap], index: &[usize]) -> bool {
    let dropped = |axis: usize| match axes[axis].positions[index[axis]] {
        Position::Dropped { reflection } => Some((axes[axis].units, reflection)),
        Position::Kept { .. } => None,
    };
    (0..axes.len()).any(|axis| {
        let Some(reflection) = dropped(axis) else { return false };
        let moved = (0..axes.len()).filter(|&other| dropped(other) == Some(reflection));
        let moved: Vec<&AxisMap> = moved.map(|other| &axes[other]).collect();
        let scales = moved.iter().map(|axis| axis.degrees.len()).max().unwrap_or(0);
        let scaled = (0..scales).any(|scale| {
            let degrees = moved.iter().filter_map(|axis| axis.degrees.get(scale));
            let sum = degrees.fold((0i64, 1i64), |(numerator, denominator), degree| {
                (numerator * degree.denominator + degree.numerator * denominator, denominator * degree.denominator)
            });
            sum.0 != 0
        });
        scaled || moved.iter().filter(|axis| axis.odd).count() % 2 == 1
    })
}

/// A tensor of the reduced program for entries whose axes stand at one unit, beside the tensor for all others.
#[derive(Debug, Clone)]
pub(crate) struct Stratum {
    pub partition: Partition,
    /// Classes of each block.
    pub sizes: Vec<usize>,
    /// For each tuple of classes, row-major, its position in the vector that holds the stratum; `None` for orbits that do not exist or have
    /// their place in the first tensor, where no other orbit claims it.
    pub places: Vec<Option<usize>>,
}

impl Stratum {
    /// The length of its vector.
    pub fn entries(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// Whether the vector holds every tuple.
    pub fn is_whole(&self) -> bool {
        self.places.iter().all(Option::is_some)
    }
}

/// The orbits of one parameter.
#[derive(Debug, Clone)]
pub(crate) struct Orbits {
    /// The classes of each axis: the shape of the first tensor.
    pub sizes: Vec<usize>,
    /// Parts 1, 2, …: strata beside the first tensor.
    pub strata: Vec<Stratum>,
    /// The entries of a last part, which no output depends on: weights between vanishing units that the state does not make zero.
    pub unread: usize,
    pub map: EntryMap,
}

/// Finds the orbits.
pub(crate) fn orbits(axes: &[AxisMap], coordinates: Coordinates) -> Orbits {
    let units: Vec<Option<usize>> = axes.iter().map(|axis| axis.units).collect();
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.multiplicities.len()).collect();
    let partitions = Partition::all(&units);
    let mut strata: Vec<Stratum> = Vec::new();
    let mut claimed = vec![false; sizes.iter().product()];
    let mut slots: Vec<Vec<Option<Slot>>> = Vec::new();
    for partition in &partitions {
        let first = partition.first_axes();
        let block_sizes: Vec<usize> = first.iter().map(|&axis| sizes[axis]).collect();
        let mut places = Vec::new();
        let mut found = Vec::new();
        let mut count = 0;
        each_index(&block_sizes, |classes| {
            let exists = (0..classes.len()).all(|block| {
                let axis = &axes[first[block]];
                let alike = |other: &usize| units[first[*other]] == axis.units && classes[*other] == classes[block];
                axis.units.is_none() || (0..classes.len()).filter(alike).count() <= axis.multiplicities[classes[block]]
            });
            let entry = (0..sizes.len()).fold(0, |at, axis| at * sizes[axis] + classes[partition.block(axis)]);
            let (slot, place) = if !exists {
                (None, None)
            } else if claimed[entry] {
                count += 1;
                (Some(Slot { part: strata.len() + 1, entry: count - 1 }), Some(count - 1))
            } else {
                claimed[entry] = true;
                (Some(Slot { part: 0, entry }), None)
            };
            found.push(slot);
            places.push(place);
        });
        slots.push(found);
        if count > 0 {
            strata.push(Stratum { partition: partition.clone(), sizes: block_sizes, places });
        }
    }
    let last = strata.len() + 1;
    let mut unread: HashMap<Vec<(bool, usize, usize)>, usize> = HashMap::new();
    let full: Vec<usize> = axes.iter().map(|axis| axis.positions.len()).collect();
    let mut targets = Vec::with_capacity(full.iter().product());
    each_index(&full, |index| {
        if vanishes(axes, index) {
            return targets.push(None);
        }
        let mut negative = false;
        let mut classes = Vec::with_capacity(index.len());
        for (axis, &at) in axes.iter().zip(index) {
            if let Position::Kept { class, negative: other } = axis.positions[at] {
                negative ^= other;
                classes.push(Some(class));
            } else {
                classes.push(None);
            }
        }
        let keys: Vec<(Option<usize>, usize, usize)> =
            (0..index.len()).map(|axis| (units[axis], index[axis], if units[axis].is_some() { 0 } else { axis })).collect();
        let partition = Partition::of(&keys);
        let slot = if let Some(classes) = classes.iter().copied().collect::<Option<Vec<usize>>>() {
            let number = partitions.iter().position(|other| *other == partition);
            let blocks = partition.first_axes();
            let at = blocks.iter().fold(0, |at, &axis| at * sizes[axis] + classes[axis]);
            number.and_then(|number| slots[number][at])
        } else {
            // Between vanishing units: an orbit for each of them, with the classes and coincidences of the other axes.
            let at = |axis: usize| classes[axis].map_or((true, index[axis]), |class| (false, class));
            let key = (0..index.len()).map(|axis| (at(axis).0, at(axis).1, partition.block(axis))).collect();
            let next = unread.len();
            Some(Slot { part: last, entry: *unread.entry(key).or_insert(next) })
        };
        targets.push(slot.map(|slot| (slot, negative)));
    });
    let parts = std::iter::once(sizes.iter().product()).chain(strata.iter().map(Stratum::entries));
    let parts: Vec<usize> = parts.chain((!unread.is_empty()).then_some(unread.len())).collect();
    Orbits { sizes, strata, unread: unread.len(), map: EntryMap::new(targets, &parts, coordinates) }
}

/// Calls `visit` for every index of a shape in row-major order.
pub(crate) fn each_index(sizes: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut index = vec![0usize; sizes.len()];
    for _ in 0..sizes.iter().product() {
        visit(&index);
        for (at, &size) in index.iter_mut().zip(sizes).rev() {
            *at += 1;
            if *at < size {
                break;
            }
            *at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AxisMap, Position, orbits};
    use crate::coordinates::Coordinates;

    fn merged(multiplicities: &[usize]) -> AxisMap {
        let positions = multiplicities
            .iter()
            .enumerate()
            .flat_map(|(class, &count)| std::iter::repeat_n(Position::Kept { class, negative: false }, count));
        AxisMap {
            units: Some(0),
            positions: positions.collect(),
            multiplicities: multiplicities.to_vec(),
            odd: true,
            degrees: Vec::new(),
        }
    }

    #[test]
    fn a_square_weight_has_two_orbits_in_the_diagonal_block_of_every_merged_class() {
        let axes = [merged(&[3, 1, 2]), merged(&[3, 1, 2])];
        let found = orbits(&axes, Coordinates::Orthonormal);
        assert_eq!(found.strata.len(), 1);
        assert_eq!(found.strata[0].places, [Some(0), None, Some(1)]);
        assert_eq!(found.map.copies, [vec![6.0, 3.0, 6.0, 3.0, 1.0, 2.0, 6.0, 2.0, 2.0], vec![3.0, 2.0]]);
    }

    #[test]
    fn three_axes_of_one_space_have_an_orbit_for_each_pattern_that_the_class_has_room_for() {
        let three =
            |count: usize| orbits(&[merged(&[count]), merged(&[count]), merged(&[count])], Coordinates::Copies).map.copies;
        assert_eq!(three(1).concat(), [1.0]);
        assert_eq!(three(2).concat().len(), 4);
        assert_eq!(three(3).concat(), [6.0, 6.0, 6.0, 6.0, 3.0]);
    }
}
