//! Small values for the sizes of a program: the first assignment that keeps what its structure depends on.

use super::sizes::{Condition, Kind, LEAST, LEAST_PART, Relation, Size, Sizes};
use std::collections::{BTreeMap, BTreeSet};

/// Values tried for one size beyond the least possible one.
const TRIED: u128 = 6;
/// Values looked at for one that has to meet conditions.
const SCANNED: u128 = 400;
/// So many times as many words as units are kept in a table, if there were.
const WORDS: u128 = 2;
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
    /// The order of heads, groups, experts and colours among themselves, and that of all other sizes; of those that one parameter has no order
    /// turns round.
    Parts,
    /// The order of sizes that one parameter has.
    Linked,
}

/// Where a search starts.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// What is kept.
    pub rules: Rules,
    /// How far above their least values sizes start: those of parts of split axes, and all others but positions.
    pub offsets: (u128, u128),
    /// Whether images become lines of pixels.
    pub lines: bool,
}

/// The first assignment from a start on. `None` where the search finds none.
pub fn assign(sizes: &Sizes, start: Start) -> Option<Assignment> {
    let order: Vec<Size> = sizes.unknowns.iter().copied().collect();
    let demands = order.iter().map(|&size| Demands::of(sizes, size)).collect();
    let mut search = Search { sizes, order, demands, start, steps: 0, values: Assignment::new() };
    search.extend(0).then_some(search.values)
}

/// What concerns one size.
struct Demands<'a> {
    /// Relations that determine it.
    totals: Vec<&'a Relation>,
    /// Relations that it is a part of.
    parts: Vec<&'a Relation>,
    conditions: Vec<&'a Condition>,
    blocks: Vec<&'a (Size, Vec<Size>)>,
}

impl<'a> Demands<'a> {
    fn of(sizes: &'a Sizes, size: Size) -> Self {
        Self {
            totals: sizes.relations.iter().filter(|relation| relation.total() == size).collect(),
            parts: sizes.relations.iter().filter(|relation| relation.parts().contains(&size)).collect(),
            conditions: sizes.conditions.iter().filter(|condition| condition.concerns(size)).collect(),
            blocks: sizes.blocks.iter().filter(|(axis, others)| *axis == size || others.contains(&size)).collect(),
        }
    }
}

struct Search<'a> {
    sizes: &'a Sizes,
    order: Vec<Size>,
    demands: Vec<Demands<'a>>,
    start: Start,
    steps: usize,
    values: Assignment,
}

impl Search<'_> {
    fn extend(&mut self, at: usize) -> bool {
        let Some(&size) = self.order.get(at) else { return true };
        for value in self.candidates(at) {
            self.steps += 1;
            if self.steps > STEPS {
                return false;
            }
            self.values.insert(size, value);
            if self.holds(at) && self.extend(at + 1) {
                return true;
            }
            self.values.remove(&size);
        }
        false
    }

    /// Values of a size that fit the smaller ones, ascending.
    fn candidates(&self, at: usize) -> Vec<u128> {
        let (size, demands) = (self.order[at], &self.demands[at]);
        if size.value <= 1 {
            return vec![size.value];
        }
        if self.start.lines && self.sizes.flattened.contains(&size) {
            return vec![1];
        }
        let known = |part: Size| self.values.get(&part).copied();
        let forced: BTreeSet<u128> = demands.totals.iter().filter_map(|relation| relation.evaluate(known)).collect();
        let (low, high) = self.bounds(size);
        if let Some(&value) = forced.first() {
            let fits = forced.len() == 1 && (low..=high).contains(&value);
            return if fits { vec![value] } else { Vec::new() };
        }
        let with = |of: Size, value: u128| if of == size { Some(value) } else { known(of) };
        let meets = |value: &u128| demands.conditions.iter().all(|condition| condition.holds(|of| with(of, *value)));
        let least = self.least(size);
        let pixels = matches!(size.kind, Kind::Windowed(_)) && !self.sizes.is_patch(size);
        let offset = match least {
            _ if pixels => 0,
            ..LEAST => self.start.offsets.0,
            _ => self.start.offsets.1,
        };
        let start = low.max((least + offset).min(size.value));
        let last = high.min(start.saturating_add(if demands.conditions.is_empty() { TRIED } else { SCANNED }));
        let tried = if pixels { SCANNED } else { TRIED };
        let mut values: Vec<u128> = (start..=last).filter(meets).take(tried as usize).collect();
        values.extend((high == size.value && start <= high && !values.contains(&high)).then_some(high));
        values
    }

    /// Whether a size counts heads, groups, experts or colours: there are few of them, and none is compared with a width.
    fn is_part(&self, size: Size) -> bool {
        size.kind == Kind::Weights && (self.sizes.least[&size] < LEAST || size.value <= LEAST)
    }

    /// The least value of a size.
    fn least(&self, size: Size) -> u128 {
        if matches!(self.start.rules, Rules::Parts | Rules::Linked) && self.is_part(size) {
            LEAST_PART
        } else {
            self.sizes.least[&size]
        }
    }

    /// The range that order, and sums of two sizes, leave: no size grows.
    fn bounds(&self, size: Size) -> (u128, u128) {
        let (mut low, mut high) = (self.least(size).min(size.value), size.value);
        if matches!(size.kind, Kind::Windowed(_)) {
            return (low, high);
        }
        let smaller: Vec<(Size, u128)> =
            self.values.iter().filter(|(other, _)| other.kind == size.kind).map(|(size, value)| (*size, *value)).collect();
        let compared = |other: Size| match self.start.rules {
            Rules::Sums | Rules::Blocks | Rules::Order => true,
            Rules::Parts => self.is_part(other) == self.is_part(size),
            Rules::Linked => self.sizes.linked.contains(&(other, size)),
        };
        for (other, value) in &smaller {
            if other.value < size.value && compared(*other) {
                low = low.max(value + 1);
            }
            if self.start.rules == Rules::Parts && self.sizes.linked.contains(&(*other, size)) {
                low = low.max(*value);
            }
            if self.sizes.tables.contains(&(*other, size)) {
                low = low.max((size.value / other.value).min(WORDS) * value + 1);
                let forms = self.sizes.forms(*other, |of| self.values.get(&of).copied());
                low = low.max(forms.map(|(_, count)| count.min(size.value)).max().unwrap_or(0));
            }
        }
        if self.start.rules == Rules::Sums && size.kind == Kind::Weights {
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

    /// Whether what concerns a size that has just got its value holds, as far as other sizes are known.
    fn holds(&self, at: usize) -> bool {
        let of = |size: Size| self.values.get(&size).copied();
        let exact = |relation: &&Relation| match (relation.evaluate(of), of(relation.total())) {
            (Some(value), Some(total)) => value == total,
            _ => true,
        };
        let product = |sizes: &[Size]| sizes.iter().try_fold(1u128, |product, &size| Some(product.saturating_mul(of(size)?)));
        let signs = |(axis, others): &&(Size, Vec<Size>)| {
            let (Some(after), Some(own)) = (product(others), of(*axis)) else { return true };
            let before = others.iter().map(|size| size.value).fold(1, u128::saturating_mul);
            before.cmp(&axis.value) == after.cmp(&own)
        };
        let demands = &self.demands[at];
        demands.totals.iter().chain(&demands.parts).all(exact)
            && demands.conditions.iter().all(|condition| condition.holds(of))
            && (matches!(self.start.rules, Rules::Order | Rules::Parts | Rules::Linked) || demands.blocks.iter().all(signs))
    }
}
