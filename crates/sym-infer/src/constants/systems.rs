//! Independent systems of conditions, with a lower bound on the dimension of their solutions from the sizes alone.

use super::expressions::{ExpressionId, Form, Part, entries};
use super::{Condition, Constants};
use crate::spaces::Union;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::ValueId;

/// Products that are looked through.
const NESTED: usize = 6;

/// Unknowns that share conditions, and those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// Numbers of the unknowns, ascending.
    pub unknowns: Vec<usize>,
    /// Numbers of the conditions, ascending.
    pub conditions: Vec<usize>,
    /// The least dimension of the solutions.
    pub dimension: u128,
    /// The operation that asks the last condition.
    pub by: Option<ValueId>,
}

impl Constants {
    /// All systems with at least one unknown, by their first.
    pub fn systems(&self) -> Vec<System> {
        let count = self.expressions.len();
        let mut needed = vec![false; count];
        self.conditions.iter().for_each(|condition| needed[condition.expression as usize] = true);
        for id in (0..count).rev() {
            if needed[id] {
                self.expressions.get(id as u32).form.operands().iter().for_each(|operand| needed[*operand as usize] = true);
            }
        }
        let vanishing = self.vanishing();
        let mut union = Union::new(count as u32);
        for id in (0..count).filter(|&id| needed[id] && !vanishing[id]) {
            for operand in self.expressions.get(id as u32).form.operands() {
                if !vanishing[operand as usize] {
                    union.join(id as u32, operand);
                }
            }
        }
        let mut systems: BTreeMap<u32, System> = BTreeMap::new();
        for (number, unknown) in self.unknowns.iter().enumerate().filter(|(_, unknown)| !vanishing[unknown.expression as usize]) {
            let none = || System { unknowns: Vec::new(), conditions: Vec::new(), dimension: 0, by: None };
            let system = systems.entry(union.root(unknown.expression)).or_insert_with(none);
            system.unknowns.push(number);
            system.dimension = system.dimension.saturating_add(self.expressions.get(unknown.expression).entries());
        }
        let ranks = self.ranks(&vanishing);
        let mut settled = Settled { constants: self, vanishing: &vanishing, ranks: &ranks, known: BTreeSet::new() };
        for (number, condition) in self.conditions.iter().enumerate() {
            if vanishing[condition.expression as usize] {
                continue;
            }
            let Some(system) = systems.get_mut(&union.root(condition.expression)) else { continue };
            let asked = match condition.even.as_deref() {
                None => settled.rest(condition.expression, None, NESTED),
                Some([axis]) => settled.rest(condition.expression, Some(*axis), NESTED),
                Some(axes) => {
                    let sizes = &self.expressions.get(condition.expression).sizes;
                    let kept: Vec<u128> = (0..sizes.len()).filter(|axis| !axes.contains(axis)).map(|axis| sizes[axis]).collect();
                    entries(sizes).saturating_sub(entries(&kept)).min(settled.ranks[condition.expression as usize])
                }
            };
            settled.add(condition);
            system.conditions.push(number);
            system.dimension = system.dimension.saturating_sub(asked);
            system.by = Some(condition.by);
        }
        systems.into_values().collect()
    }

    /// The expressions that vanish as their unknowns do, one by one.
    fn vanishing(&self) -> Vec<bool> {
        let mut vanishing = vec![false; self.expressions.len()];
        for condition in self.conditions.iter().filter(|condition| condition.even.is_none()) {
            if matches!(self.expressions.get(condition.expression).form, Form::Unknown { .. }) {
                vanishing[condition.expression as usize] = true;
            }
        }
        for id in 0..self.expressions.len() as ExpressionId {
            let operands = self.expressions.get(id).form.operands();
            if !operands.is_empty() && operands.iter().all(|operand| vanishing[*operand as usize]) {
                vanishing[id as usize] = true;
            }
        }
        vanishing
    }

    /// Bounds on the dimensions of the values of all expressions where some vanish.
    fn ranks(&self, vanishing: &[bool]) -> Vec<u128> {
        let mut ranks: Vec<u128> = Vec::with_capacity(self.expressions.len());
        for id in 0..self.expressions.len() as ExpressionId {
            let expression = self.expressions.get(id);
            let below = expression.form.operands().iter().map(|operand| ranks[*operand as usize]).fold(0, u128::saturating_add);
            let rank = match &expression.form {
                _ if vanishing[id as usize] => 0,
                Form::Unknown { .. } => expression.entries(),
                Form::Sum(parts) => {
                    let along = (0..expression.sizes.len()).map(|axis| self.rank_of_sum(&ranks, vanishing, id, parts, axis));
                    along.fold(below, u128::min)
                }
                _ => below,
            };
            ranks.push(rank.min(expression.entries()));
        }
        ranks
    }

    /// The rank of a sum as the ranks of what is the same along an axis and of what has mean zero along it: parts that lack the axis add
    /// nothing to the second.
    fn rank_of_sum(&self, ranks: &[u128], vanishing: &[bool], id: ExpressionId, parts: &[Part], axis: usize) -> u128 {
        let (mut even, mut uneven) = (0u128, 0u128);
        for part in parts.iter().filter(|part| !vanishing[part.of as usize]) {
            let (own_even, own_uneven) = match part.axes.iter().position(|own| *own == axis) {
                Some(own) => self.rank_along(ranks, part.of, own, NESTED),
                None => (ranks[part.of as usize], 0),
            };
            even = even.saturating_add(own_even);
            uneven = uneven.saturating_add(own_uneven);
        }
        let expression = self.expressions.get(id);
        let all = expression.entries() / expression.sizes[axis].max(1);
        even.min(all).saturating_add(uneven)
    }

    /// Bounds on the dimensions of the part of an expression that is the same along an axis, and of the part of mean zero.
    fn rank_along(&self, ranks: &[u128], id: ExpressionId, axis: usize, depth: usize) -> (u128, u128) {
        let expression = self.expressions.get(id);
        let rank = ranks[id as usize];
        match &expression.form {
            Form::Unknown { .. } => {
                let even = expression.entries() / expression.sizes[axis].max(1);
                (even, expression.entries() - even)
            }
            // Weights along other axes mix neither part with the other.
            Form::Product { of, labels, others, output, .. } => {
                let label = output[axis];
                let mixed = others.iter().any(|(_, own)| own.contains(&label));
                match labels.iter().position(|own| *own == label) {
                    Some(own) if !mixed && depth > 0 => {
                        let (even, uneven) = self.rank_along(ranks, *of, own, depth - 1);
                        (even.min(rank), uneven.min(rank))
                    }
                    _ => (rank, rank),
                }
            }
            _ => (rank, rank),
        }
    }
}

/// Conditions that hold already: of what is asked next only the rest is new.
struct Settled<'a> {
    constants: &'a Constants,
    vanishing: &'a [bool],
    ranks: &'a [u128],
    /// Expressions that vanish, or that are the same along an axis.
    known: BTreeSet<(ExpressionId, Option<usize>)>,
}

impl Settled<'_> {
    fn add(&mut self, condition: &Condition) {
        match condition.even.as_deref() {
            None => self.known.extend([(condition.expression, None)]),
            Some([axis]) => self.known.extend([(condition.expression, Some(*axis))]),
            Some(_) => {}
        }
    }

    /// A bound on the number of conditions that are new where an expression is to vanish, or to be the same along an axis.
    fn rest(&self, id: ExpressionId, along: Option<usize>, depth: usize) -> u128 {
        let holds = |along| self.known.contains(&(id, along));
        if self.vanishing[id as usize] || holds(None) || holds(along) {
            return 0;
        }
        let expression = self.constants.expressions.get(id);
        let all = expression.entries();
        let most = along.map_or(all, |axis| all - all / expression.sizes[axis].max(1)).min(self.ranks[id as usize]);
        let part = |part: &Part| {
            let own = along.map(|axis| part.axes.iter().position(|own| *own == axis));
            match own {
                // What lacks the axis is the same along it.
                Some(None) => 0,
                own => self.rest(part.of, own.flatten(), depth - 1),
            }
        };
        let inner = match &expression.form {
            _ if depth == 0 => most,
            Form::Sum(parts) => parts.iter().map(part).fold(0, u128::saturating_add),
            Form::Product { of, labels, others, output, .. } => match along {
                None => self.rest(*of, None, depth - 1),
                // Weights along other axes keep what is the same along this one.
                Some(axis) if others.iter().all(|(_, own)| !own.contains(&output[axis])) => {
                    labels.iter().position(|own| *own == output[axis]).map_or(0, |own| self.rest(*of, Some(own), depth - 1))
                }
                Some(_) => most,
            },
            Form::Piece { of, axis, .. } if along != Some(*axis) => self.rest(*of, along, depth - 1),
            Form::Joined { axis, parts } if along != Some(*axis) => {
                parts.iter().map(|joined| part(&joined.0)).fold(0, u128::saturating_add)
            }
            Form::Unknown { .. } | Form::Piece { .. } | Form::Joined { .. } | Form::Regrouped { .. } => most,
        };
        inner.min(most)
    }
}
