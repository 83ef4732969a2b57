//! What may be swapped as wholes: the operands of a product or sum together with all that makes them, such as the two branches of a bilinear
//! gate, the members of an ensemble written as a loop, or two factors of one weight.
//!
//! An automorphism maps the program onto itself: operations to equal operations, trainable tensors to trainable tensors of the same shape,
//! inputs, outputs and frozen tensors to themselves. Applied to the weights it leaves every output alone. Candidates come from
//! operands of equal colour ([`colours`]) of one commutative operation; a swap is grown from such a pair ([`matching`]) and then tested
//! against every operation that it touches ([`operation`]), so that nothing rests on colours. Each position of an axis that all of
//! the branches pass along may be swapped for itself ([`slices`]).
//!
//! | module | idea |
//! |---|---|
//! | [`colours`] | a number for each value that automorphisms keep |
//! | [`matching`] | the swap that exchanges two values, if there is one |
//! | [`operation`] | when one operation is the image of another |
//! | [`slices`] | axes along which a swap acts position by position |

mod colours;
mod matching;
mod operation;
mod slices;

use crate::graph::Graph;
use colours::Colours;
use matching::{Matcher, Swap};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// Branches that may be permuted as wholes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branches {
    /// The operation in which they meet.
    pub at: ValueId,
    /// The parameters of each branch; those of equal position correspond.
    pub parameters: Vec<Vec<ParameterId>>,
    /// For each parameter of a branch the axes whose positions are permuted independently, those of equal position in all parameters
    /// being one index.
    pub over: Vec<Vec<usize>>,
}

/// How often blocks of branches are looked at as branches themselves.
const NESTED: usize = 4;

/// All branches of a program that may be permuted, in the order of the operations in which they meet.
pub fn branches(program: &Program) -> Vec<Branches> {
    let program = unified(program);
    let graph = Graph::of(&program);
    let live = colours::live(&program);
    if !has_candidates(&program, &live) {
        return Vec::new();
    }
    let colours = Colours::of(&program, &graph, &live);
    let mut search = Search {
        program: &program,
        graph: &graph,
        colours: &colours,
        matcher: Matcher::new(&program, &graph, &colours),
        found: Vec::new(),
        placed: BTreeMap::new(),
    };
    for index in (0..program.nodes.len()).filter(|&index| live[index]) {
        search.meeting(ValueId(index as u32));
    }
    search.found
}

/// Whether two operands of one product or sum can be images of each other at all.
fn has_candidates(program: &Program, live: &[bool]) -> bool {
    let several = |(_, node): (usize, &sym_ir::Node)| operation::commutes(&node.operation) && node.operation.operands().len() > 1;
    program.nodes.iter().enumerate().filter(|(index, _)| live[*index]).any(several)
}

/// The program with one node for each parameter and input.
fn unified(program: &Program) -> Cow<'_, Program> {
    let mut first: BTreeMap<(bool, u32), ValueId> = BTreeMap::new();
    let mut again: BTreeMap<ValueId, ValueId> = BTreeMap::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let key = match node.operation {
            Operation::Parameter(id) => (true, id.0),
            Operation::Input(id) => (false, id.0),
            _ => continue,
        };
        let value = ValueId(index as u32);
        let known = *first.entry(key).or_insert(value);
        if known != value {
            again.insert(value, known);
        }
    }
    if again.is_empty() {
        return Cow::Borrowed(program);
    }
    let mut unified = program.clone();
    let operands = unified.nodes.iter_mut().flat_map(|node| node.operation.operands_mut());
    let outputs = unified.outputs.iter_mut().map(|output| &mut output.value);
    operands.chain(outputs).for_each(|value| *value = *again.get(value).unwrap_or(value));
    Cow::Owned(unified)
}

struct Search<'a> {
    program: &'a Program,
    graph: &'a Graph,
    colours: &'a Colours,
    matcher: Matcher<'a>,
    found: Vec<Branches>,
    /// Where a value lies in known branches: their number, and the value of the first branch that it corresponds to.
    placed: BTreeMap<ValueId, Vec<(usize, ValueId)>>,
}

impl Search<'_> {
    /// The branches that meet in one operation.
    fn meeting(&mut self, at: ValueId) {
        let operation = &self.program.node(at).operation;
        let operands = operation.operands();
        if !operation::commutes(operation) || operands.len() < 2 {
            return;
        }
        let roles = operation::roles(operation, &self.colours.forward);
        let mut alike: BTreeMap<(u64, u64), Vec<ValueId>> = BTreeMap::new();
        for (value, role) in operands.into_iter().zip(roles).filter(|(value, _)| self.colours.trains[value.0 as usize]) {
            let class = alike.entry((self.colours.of_value(value), role)).or_default();
            if !class.contains(&value) {
                class.push(value);
            }
        }
        let mut classes: Vec<Vec<ValueId>> = alike.into_values().filter(|class| class.len() > 1).collect();
        classes.sort();
        for class in classes {
            let mut left = class.clone();
            for round in 0..NESTED {
                left = self.orbits(at, &class, &left, round == 0);
                if left.len() < 2 {
                    break;
                }
            }
        }
    }

    /// Reports the orbits among operands and returns one operand of each. `alone`: a swap of two must leave all others of the class.
    fn orbits(&mut self, at: ValueId, class: &[ValueId], among: &[ValueId], alone: bool) -> Vec<ValueId> {
        let mut rest = among.to_vec();
        let mut firsts = Vec::new();
        while !rest.is_empty() {
            let first = rest.remove(0);
            firsts.push(first);
            let mut orbit = Orbit::default();
            let mut others = Vec::new();
            for other in std::mem::take(&mut rest) {
                if self.are_known(first, other) {
                    continue;
                }
                let swap = self.matcher.swap(first, other);
                let swap = swap.filter(|swap| !alone || class.iter().filter(|value| swap.moves(**value)).count() == 2);
                if !swap.is_some_and(|swap| orbit.take(swap)) {
                    others.push(other);
                }
            }
            rest = others;
            self.report(at, &orbit);
        }
        firsts
    }

    fn are_known(&self, one: ValueId, other: ValueId) -> bool {
        let (Some(left), Some(right)) = (self.placed.get(&one), self.placed.get(&other)) else { return false };
        left.iter().any(|place| right.contains(place))
    }

    fn report(&mut self, at: ValueId, orbit: &Orbit) {
        let Some(first) = orbit.swaps.first() else { return };
        let number = self.found.len();
        for (one, other) in orbit.swaps.iter().flat_map(|swap| &swap.pairs) {
            // Where branches share values, either side stands for both.
            let stands = if first.is_disjoint() { *one } else { *one.min(other) };
            for value in [one, other] {
                let places = self.placed.entry(*value).or_default();
                if !places.contains(&(number, stands)) {
                    places.push((number, stands));
                }
            }
        }
        let is_first = |one: ValueId, other: ValueId| first.is_disjoint() || one < other;
        let mut own: Vec<(ParameterId, ValueId)> = first
            .pairs
            .iter()
            .flat_map(|&(one, other)| if first.is_disjoint() { vec![(one, other)] } else { vec![(one, other), (other, one)] })
            .filter(|&(one, other)| is_first(one, other))
            .filter_map(|(one, _)| Some((self.parameter(one)?, one)))
            .collect();
        own.sort_unstable();
        own.dedup();
        let image = |swap: &Swap| own.iter().filter_map(|(_, value)| self.parameter(swap.image(*value))).collect::<Vec<_>>();
        let mut parameters = vec![own.iter().map(|(id, _)| *id).collect::<Vec<_>>()];
        parameters.extend(orbit.swaps.iter().map(image));
        let values: Vec<ValueId> = own.iter().map(|(_, value)| *value).collect();
        let over = slices::independent(self.program, self.graph, first, &values);
        self.found.push(Branches { at, parameters, over });
    }

    fn parameter(&self, value: ValueId) -> Option<ParameterId> {
        match self.program.node(value).operation {
            Operation::Parameter(id) => Some(id),
            _ => None,
        }
    }
}

/// Swaps of one branch with others, which together generate all permutations of them.
#[derive(Default)]
struct Orbit {
    swaps: Vec<Swap>,
    taken: BTreeSet<ValueId>,
}

impl Orbit {
    /// Adds a swap if the branches so far and the new one are the same, apart from each other.
    fn take(&mut self, swap: Swap) -> bool {
        let right: BTreeSet<ValueId> = swap.pairs.iter().map(|pair| pair.1).collect();
        if let Some(first) = self.swaps.first() {
            let same = first.is_disjoint() && swap.is_disjoint() && first.left() == swap.left();
            if !same || right.iter().any(|value| self.taken.contains(value)) {
                return false;
            }
        }
        self.taken.extend(right);
        self.taken.extend(swap.pairs.iter().map(|pair| pair.0));
        self.swaps.push(swap);
        true
    }
}
