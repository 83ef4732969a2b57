//! `rank(P_G)` by counting orbits of parameter entries.

use crate::coordinates::EntryMap;
use sym_ir::Program;

/// The dimension of Fix(G): signed union–find over the entries of all trainable parameters. A generator joins x with ±gx; an orbit that
/// holds both x and −x, or an entry that a sign or scale moves alone, is zero.
///
/// The generators are those that swap a unit with the next of its class (with their relative sign) and those that flip or scale a
/// vanishing unit.
pub fn fixed_dimension(reduction: &crate::Reduction) -> u128 {
    dimension(reduction.full(), reduction.maps())
}

pub(crate) fn dimension(program: &Program, maps: &[EntryMap]) -> u128 {
    let trainable = program.parameters.iter().zip(maps).filter(|(parameter, _)| parameter.trainable);
    trainable.map(|(_, map)| orbits(map) as u128).sum()
}

fn orbits(map: &EntryMap) -> usize {
    let sizes: Vec<usize> = map.axes.iter().map(|axis| axis.positions.len()).collect();
    let strides: Vec<usize> = (0..sizes.len()).map(|axis| sizes[axis + 1..].iter().product()).collect();
    // The next unit of the same class, for every axis and unit.
    let next: Vec<Vec<Option<usize>>> = map
        .axes
        .iter()
        .map(|axis| {
            let mut last = vec![None; axis.multiplicities.len()];
            let mut next = vec![None; axis.positions.len()];
            for (unit, position) in axis.positions.iter().enumerate().rev() {
                if let Some((class, _)) = position {
                    next[unit] = last[*class].replace(unit);
                }
            }
            next
        })
        .collect();
    let mut orbits = SignedOrbits::new(sizes.iter().product());
    for entry in 0..orbits.parent.len() {
        for (axis, &stride) in strides.iter().enumerate() {
            let unit = entry / stride % sizes[axis];
            let positions = &map.axes[axis].positions;
            match (positions[unit], next[axis][unit]) {
                (None, _) => orbits.join(entry, entry, true),
                (Some((_, sign)), Some(other)) => {
                    let other_sign = positions[other].is_some_and(|(_, sign)| sign);
                    orbits.join(entry, entry + (other - unit) * stride, sign != other_sign);
                }
                (Some(_), None) => {}
            }
        }
    }
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
