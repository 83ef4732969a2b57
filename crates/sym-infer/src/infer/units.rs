//! Spaces of units: permutations with scales and signs, and what fixes a space.

use super::derivation::passes;
use super::lookup::OnAxes;
use super::turns::in_turns;
use super::{Analysis, Claimed};
use crate::conserved::conserved;
use crate::frames::Kind;
use crate::names;
use crate::names::Names;
use crate::spaces::SpaceId;
use crate::states::states;
use crate::symmetries::{Action, Class, Field as Moves, Frame, Generators, Group, Reason, Space, Status, UnitAxis};
use std::collections::BTreeSet;
use sym_ir::{Operation, ValueId};

impl Analysis<'_> {
    pub(super) fn units(&self, id: SpaceId, names: &mut Names, claimed: &mut Claimed) -> Option<Space> {
        let axes = self.axes_of(id);
        if axes.is_empty() || !claimed.spaces.insert(id) {
            return None;
        }
        let dependence = self.dependence(id);
        // Spaces that always occur together number the units together.
        let together = |other: &SpaceId| {
            self.frames.kinds[*other as usize] == Kind::Monomial
                && !self.own_fields.contains_key(other)
                && self.dependence(*other).contains(&id)
        };
        let mut joined = vec![id];
        if !self.own_fields.contains_key(&id) {
            joined.extend(dependence.iter().copied().filter(together));
        }
        claimed.spaces.extend(&joined);
        let size = joined.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let (own_scales, own_signs) = self.own_fields.get(&id).cloned().unwrap_or_default();
        let approximate = own_scales.iter().any(|&at| self.is_approximate(&self.scales.fields[at]));
        let scales: Vec<Moves> = own_scales.into_iter().map(|at| self.moves(&self.scales.fields[at])).collect();
        let signs: Vec<Moves> = own_signs.into_iter().map(|at| self.sign_moves(&self.signs.fields[at])).collect();
        // Scales and signs that are common to all positions of another space tie the permutations at these.
        let mut over = if scales.is_empty() && signs.is_empty() { dependence } else { Vec::new() };
        over.retain(|other| !joined.contains(other));
        let copies = over.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let unit = Group::of_units(size, scales.len() as u128, signs.len() as u128);
        let group = if copies > 1 && unit != Group::Trivial {
            Group::Wreath { inner: Box::new(unit.clone()), copies, permuted: false }
        } else {
            unit.clone()
        };
        if group == Group::Trivial {
            return None;
        }
        let affine = scales.iter().any(|field| field.entries.iter().any(|entry| entry.shift))
            || scales.iter().chain(&signs).any(|field| !field.offsets.is_empty())
            || signs.iter().any(|field| !field.complements.is_empty());
        let (scaling, flipping) = (OnAxes::of(&scales), OnAxes::of(&signs));
        let acts_on = axes
            .iter()
            .map(|&(parameter, _, axis)| Action {
                parameter,
                axis: Some(axis),
                frame: if scaling.shifts(parameter, axis) {
                    Frame::Shift
                } else {
                    Frame::Monomial { degrees: scaling.degrees(parameter, axis), sign: flipping.scales(parameter, axis) }
                },
            })
            .collect();
        let moved = |parameter, axis| (flipping.scales(parameter, axis), scaling.scales(parameter, axis));
        let orbits = self.orbits(&axes, &joined, moved);
        let symbol = joined.iter().map(|space| self.symbol(*space)).collect::<Vec<_>>().join("·");
        // Shifts have no fixed points, and the fixed points of affine signs are not kept by gradient descent.
        let linear = if affine { Group::of_units(size, 0, 0) } else { unit };
        let mut reasons: Vec<Reason> = self.frames.reasons[id as usize]
            .iter()
            .filter(|(value, _)| !matches!(self.program.node(*value).operation, Operation::Map { .. }))
            .map(|(value, text)| self.reason(*value, text))
            .collect();
        reasons.extend(self.function_reasons(id));
        let axes_in = |value: ValueId, spaces: &[SpaceId]| -> Vec<usize> {
            let rank = self.program.node(value).shape.len();
            spaces.iter().filter_map(|space| (0..rank).find(|&axis| self.spaces.of_axis(value, axis) == *space)).collect()
        };
        let permuted = axes
            .iter()
            .map(|&(parameter, value, axis)| UnitAxis {
                parameter,
                axes: if joined.len() == 1 { vec![axis] } else { axes_in(value, &joined) },
                over: axes_in(value, &over),
            })
            .collect();
        let generators = Generators::Units { permuted, scales, signs };
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, id)),
            size,
            class: if affine { Class::Affine } else { Class::Linear },
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            states: states(self.entries, &linear, size, &symbol, &orbits),
            conserved: conserved(self.program, size, &generators),
            kept: None,
            generators,
            status: if approximate { Status::Approximate } else { Status::Derived },
            reasons,
            group,
        })
    }

    /// A hidden space whose positions frozen tensors or reshapes tell apart: a row that says so.
    pub(super) fn fixed(&self, id: SpaceId, names: &mut Names) -> Option<Space> {
        let (value, text) = self.spaces.fixed[id as usize].as_ref()?;
        let outer = self.spaces.places[id as usize].iter().any(|place| {
            matches!(self.program.node(place.value).operation, Operation::Input(_)) || self.graph.is_output(place.value)
        });
        if outer || self.axes_of(id).len() < 2 {
            return None;
        }
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, id)),
            size: self.spaces.sizes[id as usize],
            group: Group::Trivial,
            class: Class::Linear,
            continuous_dim: 0,
            log10_order: 0.0,
            acts_on: Vec::new(),
            states: Vec::new(),
            conserved: Vec::new(),
            kept: None,
            generators: Generators::Units { permuted: Vec::new(), scales: Vec::new(), signs: Vec::new() },
            status: Status::Derived,
            reasons: vec![self.reason(*value, text)],
        })
    }

    pub(super) fn reason(&self, value: ValueId, text: &str) -> Reason {
        Reason { span: self.program.node(value).span, text: text.to_string() }
    }

    /// What the elementwise functions on a space let through.
    pub(super) fn function_reasons(&self, id: SpaceId) -> Vec<Reason> {
        let mut seen = BTreeSet::new();
        let mut reasons = Vec::new();
        for place in &self.spaces.places[id as usize] {
            let (Operation::Map { function, .. }, Some(class)) =
                (&self.program.node(place.value).operation, self.classes.get(&place.value))
            else {
                continue;
            };
            if class.linear.is_some() || !seen.insert(&function.name) {
                continue;
            }
            let passes = passes(class);
            let turns = class.half_turn.map_or(String::new(), |turn| format!("; a shift by {} changes its sign", in_turns(turn)));
            reasons.push(self.reason(place.value, &format!("`{}` is {}: {passes}{turns}", function.name, class.words())));
        }
        reasons
    }
}
