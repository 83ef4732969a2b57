//! Small values for the sizes of a program: the first assignment that keeps what its structure depends on.

use super::sizes::{LEAST, Relation, Size, Sizes};
use std::collections::{BTreeMap, BTreeSet};

/// Values tried for one size beyond the least possible one.
const TRIED: u128 = 6;
/// Values looked at for one that has to meet conditions.
const SCANNED: u128 = 400;
/// Assignments of a single size tried in all.
const STEPS: usize = 20_000;

/// Values by size.
pub type Assignment = BTreeMap<Size, u128>;

/// What an assignment keeps beside order, sums and products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// The sign of a + b − c for all sizes of weights, and that of ∏ others − axis for the axes of a parameter's block.
    Sums,
    /// The latter.
    Blocks,
    /// Nothing.
    Order,
}

/// An assignment whose free sizes start so much above their least values: those of parts of split axes, and all others. `None` where the
/// search finds none.
pub fn assign(sizes: &Sizes, offsets: (u128, u128), rules: Rules) -> Option<Assignment> {
    let order: Vec<Size> = sizes.unknowns.iter().copied().collect();
    let mut search = Search { sizes, order, offsets, rules, steps: 0, values: Assignment::new() };
    search.extend(0).then_some(search.values)
}

struct Search<'a> {
    sizes: &'a Sizes,
    order: Vec<Size>,
    offsets: (u128, u128),
    rules: Rules,
    steps: usize,
    values: Assignment,
}

impl Search<'_> {
    fn extend(&mut self, at: usize) -> bool {
        let Some(&size) = self.order.get(at) else { return self.holds() };
        for value in self.candidates(size) {
            self.steps += 1;
            if self.steps > STEPS {
                return false;
            }
            self.values.insert(size, value);
            if self.extend(at + 1) {
                return true;
            }
            self.values.remove(&size);
        }
        false
    }

    /// Values of a size that fit the smaller ones, ascending.
    fn candidates(&self, size: Size) -> Vec<u128> {
        if size.value <= 1 || self.sizes.fixed.contains(&size) {
            return vec![size.value];
        }
        let forced: BTreeSet<u128> = self.determined(size).collect();
        let (low, high) = self.bounds(size);
        if let Some(&value) = forced.first() {
            let fits = forced.len() == 1 && (low..=high).contains(&value);
            return if fits { vec![value] } else { Vec::new() };
        }
        let conditions: Vec<_> = self.sizes.conditions.iter().filter(|condition| condition.concerns(size)).collect();
        let known = |of: Size, value: u128| if of == size { Some(value) } else { self.values.get(&of).copied() };
        let meets = |value: &u128| conditions.iter().all(|condition| condition.holds(|of| known(of, *value)));
        let least = self.sizes.least[&size];
        let offset = if least < LEAST { self.offsets.0 } else { self.offsets.1 };
        let start = low.max((least + offset).min(size.value));
        let last = high.min(start.saturating_add(if conditions.is_empty() { TRIED } else { SCANNED }));
        let mut values: Vec<u128> = (start..=last).filter(meets).take(TRIED as usize).collect();
        values.extend((high == size.value && start <= high && !values.contains(&high)).then_some(high));
        values
    }

    /// What relations with known parts make of a size.
    fn determined(&self, size: Size) -> impl Iterator<Item = u128> {
        let relations = self.sizes.relations.iter().filter(move |relation| relation.total() == size);
        relations.filter_map(|relation: &Relation| relation.evaluate(|part| self.values.get(&part).copied()))
    }

    /// The range that order, and sums of two sizes, leave: no size grows.
    fn bounds(&self, size: Size) -> (u128, u128) {
        let (mut low, mut high) = (self.sizes.least[&size].min(size.value), size.value);
        let smaller: Vec<(Size, u128)> =
            self.values.iter().filter(|(other, _)| other.weights == size.weights).map(|(size, value)| (*size, *value)).collect();
        for (other, value) in &smaller {
            if other.value < size.value {
                low = low.max(value + 1);
            }
        }
        if self.rules == Rules::Sums && size.weights {
            for (at, (one, own)) in smaller.iter().enumerate() {
                for (other, value) in &smaller[at..] {
                    let sum = own + value;
                    match one.value.saturating_add(other.value).cmp(&size.value) {
                        std::cmp::Ordering::Less => low = low.max(sum + 1),
                        std::cmp::Ordering::Equal => (low, high) = (low.max(sum), high.min(sum)),
                        std::cmp::Ordering::Greater => high = high.min(sum - 1),
                    }
                }
            }
        }
        (low, high)
    }

    /// What could not be tested size by size.
    fn holds(&self) -> bool {
        let of = |size: Size| self.values.get(&size).copied();
        let exact = |relation: &Relation| relation.evaluate(of) == of(relation.total());
        let signs = |(axis, others): &(Size, Vec<Size>)| {
            let before = others.iter().map(|size| size.value).fold(1, u128::saturating_mul).cmp(&axis.value);
            let after = others.iter().map(|size| self.values[size]).fold(1, u128::saturating_mul).cmp(&self.values[axis]);
            before == after
        };
        self.sizes.relations.iter().all(exact)
            && self.sizes.conditions.iter().all(|condition| condition.holds(of))
            && (self.rules == Rules::Order || self.sizes.blocks.iter().all(signs))
    }
}
