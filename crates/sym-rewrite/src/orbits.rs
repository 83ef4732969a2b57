//! `rank(P_G)` by counting orbits of parameter entries.

use crate::strata::{AxisMap, Position, each_index, vanishes};
use sym_ir::Program;

/// The dimension of Fix(G): signed union–find over the entries of all trainable parameters. A generator joins x with ±gx; an orbit that
/// holds both x and −x, or an entry that a sign or scale moves alone, is zero.
///
/// The generators are those that swap a unit with the next of its class (with their relative sign) on all axes of the space at once, and
/// those that flip or scale vanishing units.
pub fn fixed_dimension(reduction: &crate::Reduction) -> u128 {
    dimension(reduction.full(), reduction.axes())
}

pub(crate) fn dimension(program: &Program, axes: &[Vec<AxisMap>]) -> u128 {
    let trainable = program.parameters.iter().zip(axes).filter(|(parameter, _)| parameter.trainable);
    // No units of a masked parameter are merged: each of its trained entries is an orbit.
    trainable.map(|(parameter, axes)| (orbits(axes) as u128).saturating_sub(parameter.masked_entries())).sum()
}

fn orbits(axes: &[AxisMap]) -> usize {
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.positions.len()).collect();
    // The next unit of the same class, for every axis and unit.
    let next: Vec<Vec<Option<usize>>> = axes
        .iter()
        .map(|axis| {
            let mut last = vec![None; axis.multiplicities.len()];
            let mut next = vec![None; axis.positions.len()];
            for (unit, position) in axis.positions.iter().enumerate().rev() {
                if let Position::Kept { class, .. } = position {
                    next[unit] = last[*class].replace(unit);
                }
            }
            next
        })
        .collect();
    let negative = |axis: usize, unit: usize| matches!(axes[axis].positions[unit], Position::Kept { negative: true, .. });
    let mut orbits = SignedOrbits::new(sizes.iter().product());
    let mut entry = 0;
    each_index(&sizes, |index| {
        if vanishes(axes, index) {
            orbits.join(entry, entry, true);
        }
        for axis in 0..axes.len() {
            let Some(other) = next[axis][index[axis]] else { continue };
            let (mut at, mut opposite) = (0, false);
            for (along, &unit) in index.iter().enumerate() {
                let together = along == axis || axes[axis].units.is_some() && axes[along].units == axes[axis].units;
                let moved = match unit {
                    unit if together && unit == index[axis] => other,
                    unit if together && unit == other => index[axis],
                    unit => unit,
                };
                opposite ^= negative(along, unit) != negative(along, moved);
                at = at * sizes[along] + moved;
            }
            orbits.join(entry, at, opposite);
        }
        entry += 1;
    });
    orbits.count()
}

/// Union–find where every element equals ± its root.
struct SignedOrbits {
    parent: Vec<usize>,
    negative: Vec<bool>,
    zero: Vec<bool>,
}

impl SignedOrbits {
    fn new(size: usize) -> Self {
        Self { parent: (0..size).collect(), negative: vec![false; size], zero: vec![false; size] }
    }

    fn root(&self, mut at: usize) -> (usize, bool) {
        let mut negative = false;
        while self.parent[at] != at {
            negative ^= self.negative[at];
            at = self.parent[at];
        }
        (at, negative)
    }

    /// States that `one` equals `other`, or its negative.
    fn join(&mut self, one: usize, other: usize, opposite: bool) {
        let ((one, first), (other, second)) = (self.root(one), self.root(other));
        let opposite = opposite ^ first ^ second;
        if one == other {
            self.zero[one] |= opposite;
            return;
        }
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
        self.negative[high] = opposite;
        self.zero[low] |= self.zero[high];
    }

    fn count(&self) -> usize {
        (0..self.parent.len()).filter(|&at| self.parent[at] == at && !self.zero[at]).count()
    }
}

#[cfg(test)]
mod tests {
    use super::SignedOrbits;

    #[test]
    fn an_orbit_that_holds_an_entry_and_its_negative_is_zero() {
        let mut orbits = SignedOrbits::new(4);
        orbits.join(0, 1, true);
        orbits.join(1, 2, false);
        assert_eq!(orbits.count(), 2);
        orbits.join(0, 2, false);
        assert_eq!(orbits.count(), 1);
    }
}
