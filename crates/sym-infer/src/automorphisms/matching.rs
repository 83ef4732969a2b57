//! Grows a swap from a pair of values: what makes them is paired down to shared values and parameters, what reads them up to operations that
//! read both.

use super::colours::Colours;
use super::operation::{commutes, maps_to, roles};
use crate::graph::Graph;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, Program, ValueId};

/// An automorphism of order two.
#[derive(Debug, Clone)]
pub(super) struct Swap {
    /// Values that change places, the first of each pair on the side of the first given value.
    pub pairs: Vec<(ValueId, ValueId)>,
    /// Images of all values that were looked at, those that stay included.
    images: BTreeMap<ValueId, ValueId>,
}

impl Swap {
    /// The image of a value.
    pub(super) fn image(&self, value: ValueId) -> ValueId {
        *self.images.get(&value).unwrap_or(&value)
    }

    /// Whether it moves a value.
    pub(super) fn moves(&self, value: ValueId) -> bool {
        self.image(value) != value
    }

    /// The values on the side of the first.
    pub(super) fn left(&self) -> BTreeSet<ValueId> {
        self.pairs.iter().map(|pair| pair.0).collect()
    }

    /// Whether the two sides have no value in common.
    pub(super) fn is_disjoint(&self) -> bool {
        let left = self.left();
        !self.pairs.iter().any(|pair| left.contains(&pair.1))
    }

    /// Pairs two values; `None` where one has another image already.
    fn pair(&mut self, one: ValueId, other: ValueId) -> Option<()> {
        match (self.images.get(&one), self.images.get(&other)) {
            (None, None) => {
                self.images.insert(one, other);
                self.images.insert(other, one);
                if one != other {
                    self.pairs.push((one, other));
                }
                Some(())
            }
            (Some(image), _) => (*image == other).then_some(()),
            (None, Some(_)) => None,
        }
    }
}

/// Steps that the search may take per operation of the program, so that its cost stays linear. What it has not found by then is not claimed.
const STEPS: usize = 64;

/// Finds swaps.
pub(super) struct Matcher<'a> {
    program: &'a Program,
    graph: &'a Graph,
    colours: &'a Colours,
    steps: usize,
}

/// An operand or a reader with what tells it from others.
type Marked = ((u64, u64), ValueId);

impl<'a> Matcher<'a> {
    pub(super) fn new(program: &'a Program, graph: &'a Graph, colours: &'a Colours) -> Self {
        Self { program, graph, colours, steps: STEPS * program.nodes.len() }
    }

    /// The swap that exchanges two values and little else; `None` if the search finds none.
    pub(super) fn swap(&mut self, one: ValueId, other: ValueId) -> Option<Swap> {
        let mut swap = Swap { pairs: Vec::new(), images: BTreeMap::new() };
        swap.pair(one, other)?;
        let (mut made, mut read) = (0, 0);
        // Operands first: their roles are certain, where readers of equal colour may be many.
        while read < swap.pairs.len() {
            self.steps = self.steps.checked_sub(1)?;
            if made < swap.pairs.len() {
                let (one, other) = swap.pairs[made];
                made += 1;
                self.operands(&mut swap, one, other)?;
            } else {
                let (one, other) = swap.pairs[read];
                read += 1;
                self.readers(&mut swap, one, other)?;
            }
        }
        self.is_automorphism(&swap).then_some(swap)
    }

    /// Pairs what two values are made of.
    fn operands(&mut self, swap: &mut Swap, one: ValueId, other: ValueId) -> Option<()> {
        if self.colours.of_value(one) != self.colours.of_value(other) {
            return None;
        }
        let marked = |value: ValueId| -> Vec<Marked> {
            let operation = &self.program.node(value).operation;
            let roles = roles(operation, &self.colours.forward);
            let operands = operation.operands().into_iter().zip(roles);
            operands.map(|(operand, role)| ((self.colours.of_value(operand), role), operand)).collect()
        };
        let (left, right) = (marked(one), marked(other));
        self.steps = self.steps.checked_sub(left.len())?;
        let ordered = !commutes(&self.program.node(one).operation);
        assign(swap, left, right, ordered)
    }

    /// Pairs what reads two values, apart from what reads both alike.
    fn readers(&mut self, swap: &mut Swap, one: ValueId, other: ValueId) -> Option<()> {
        if self.graph.is_output(one) || self.graph.is_output(other) {
            return None;
        }
        let marked = |value: ValueId| -> Vec<Marked> {
            let uses = self.graph.uses(value).iter().map(|reader| {
                let role = roles(&self.program.node(reader.by).operation, &self.colours.forward)[reader.slot];
                ((self.colours.of_value(reader.by), role), reader.by)
            });
            uses.collect()
        };
        let (left, right) = (marked(one), marked(other));
        self.steps = self.steps.checked_sub(left.len() + right.len())?;
        assign(swap, left, right, false)
    }

    /// Whether every operation that the swap touches is mapped to an equal one.
    fn is_automorphism(&self, swap: &Swap) -> bool {
        let image = |value: ValueId| swap.image(value);
        let holds = |from: ValueId| {
            let (source, target) = (self.program.node(from), self.program.node(swap.image(from)));
            let sizes = |node: &sym_ir::Node| node.shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
            let equal = match (&source.operation, &target.operation) {
                (Operation::Parameter(one), Operation::Parameter(other)) => {
                    one == other || (self.program.parameter(*one).trainable && self.program.parameter(*other).trainable)
                }
                (one, other) => maps_to(one, other, &image),
            };
            equal && sizes(source) == sizes(target)
        };
        let moved = || swap.pairs.iter().flat_map(|&(one, other)| [one, other]);
        moved().all(|value| !self.graph.is_output(value) && holds(value))
            && moved().flat_map(|value| self.graph.uses(value)).all(|reader| holds(reader.by))
    }
}

/// Pairs values of equal marks: by images that are known, then what stands on both sides with itself, then in order.
fn assign(swap: &mut Swap, mut left: Vec<Marked>, mut right: Vec<Marked>, ordered: bool) -> Option<()> {
    if left.len() != right.len() {
        return None;
    }
    if ordered {
        return left.into_iter().zip(right).try_for_each(|((_, one), (_, other))| swap.pair(one, other));
    }
    left.sort_by_key(|(mark, _)| *mark);
    right.sort_by_key(|(mark, _)| *mark);
    if left.iter().zip(&right).any(|(one, other)| one.0 != other.0) {
        return None;
    }
    let mut at = 0;
    while at < left.len() {
        let end = at + left[at..].iter().take_while(|(mark, _)| *mark == left[at].0).count();
        let mut ours: Vec<ValueId> = left[at..end].iter().map(|(_, value)| *value).collect();
        let mut theirs: Vec<ValueId> = right[at..end].iter().map(|(_, value)| *value).collect();
        at = end;
        let mut remove = |ours: &mut Vec<ValueId>, wanted: &dyn Fn(ValueId) -> Option<ValueId>| {
            let mut pairs = Vec::new();
            ours.retain(|&one| {
                let found = wanted(one).and_then(|other| theirs.iter().position(|each| *each == other));
                found.is_none_or(|found| {
                    pairs.push((one, theirs.remove(found)));
                    false
                })
            });
            pairs
        };
        let known = remove(&mut ours, &|one| swap.images.get(&one).copied());
        let shared = remove(&mut ours, &|one| (!swap.images.contains_key(&one)).then_some(one));
        for (one, other) in known.into_iter().chain(shared).chain(ours.into_iter().zip(theirs)) {
            swap.pair(one, other)?;
        }
    }
    Some(())
}
