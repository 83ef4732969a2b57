//! Independent scale and sign fields: the solutions of [`crate::relations`], grouped by the spaces that they depend on.
//!
//! A field that may depend on more indices includes those that depend on fewer, and a full matrix group includes the scales on its space;
//! what remains after these is new.

use crate::frames::{Frames, Kind};
use crate::nullspace::{Echelon, Sparse, collected};
use crate::relations::{Coefficients, Component, Part, Relations, Subset, Unknowns, members};
use crate::spaces::{Place, SpaceId, Spaces};
use std::collections::BTreeMap;
use sym_ir::ValueId;

/// A component of a field on one value: which axes, in the order of the field's spaces, and with which coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Support<F> {
    /// Value.
    pub value: ValueId,
    /// Axes, ordered as [`Field::spaces`].
    pub axes: Vec<usize>,
    /// Scale or shift.
    pub part: Part,
    /// Coefficient.
    pub coefficient: F,
}

/// An independent field: one free number (or sign) for each tuple of positions of its spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<F> {
    /// The spaces on whose indices it depends, ascending.
    pub spaces: Vec<SpaceId>,
    /// Where it acts, in program order.
    pub support: Vec<Support<F>>,
}

/// All independent fields.
#[derive(Debug)]
pub struct Fields<F> {
    /// Fields that no larger one includes.
    pub fields: Vec<Field<F>>,
}

impl<F: Coefficients> Fields<F> {
    /// Solves the relations.
    pub fn of(relations: Relations<F>, spaces: &Spaces, frames: &Frames) -> Self {
        let Relations { system, unknowns, .. } = relations;
        let solutions = system.solve();
        let mut is_free = vec![false; unknowns.count()];
        solutions.free.iter().for_each(|&free| is_free[free as usize] = true);
        let coordinates = |mut vector: Sparse<F>| {
            vector.retain(|(unknown, _)| is_free[*unknown as usize]);
            vector
        };
        let mut by_kind: BTreeMap<Vec<SpaceId>, Vec<usize>> = BTreeMap::new();
        for (at, &free) in solutions.free.iter().enumerate() {
            by_kind.entry(unknowns.kind(free, spaces)).or_default().push(at);
        }
        // Fields of more indices first.
        let mut kinds: Vec<(Vec<SpaceId>, Vec<usize>)> = by_kind.into_iter().collect();
        kinds.sort_by_key(|(kind, _)| std::cmp::Reverse(kind.len()));
        // Fields of different kinds have no coordinates in common.
        let mut known = Echelon::new(unknowns.count());
        let mut fields = Vec::new();
        for vector in of_matrices(spaces, frames, &unknowns) {
            known.insert(coordinates(vector));
        }
        for (kind, members) in kinds {
            for at in members {
                let vector = &solutions.basis[at];
                if known.insert(vec![(solutions.free[at], F::unit())]) {
                    fields.push(field(&kind, vector, &unknowns, spaces));
                }
                // The same field, constant along one of its indices.
                for dropped in &kind {
                    if let Some(lower) = drop_index(vector, *dropped, &unknowns, spaces) {
                        known.insert(coordinates(lower));
                    }
                }
            }
        }
        fields.sort_by_key(|field| field.support.first().map(|support| support.value));
        Self { fields }
    }
}

fn field<F: Coefficients>(kind: &[SpaceId], vector: &Sparse<F>, unknowns: &Unknowns, spaces: &Spaces) -> Field<F> {
    let support = vector
        .iter()
        .map(|(unknown, coefficient)| {
            let component = unknowns.component(*unknown);
            let mut axes: Vec<usize> = members(component.axes).collect();
            axes.sort_by_key(|&axis| spaces.of_axis(component.value, axis));
            Support { value: component.value, axes, part: component.part, coefficient: coefficient.clone() }
        })
        .collect();
    Field { spaces: kind.to_vec(), support }
}

/// The fields that the matrix groups contain: scales in GL and ℂ^×, signs in O as well.
fn of_matrices<F: Coefficients>(spaces: &Spaces, frames: &Frames, unknowns: &Unknowns) -> Vec<Sparse<F>> {
    let mut all = Vec::new();
    for (&space, over) in &frames.dependence {
        let Kind::Matrix(family) = frames.kinds[space as usize] else { continue };
        let (units, whole) = F::in_family(family);
        for subset in 0..1u32 << over.len().min(4) {
            let chosen: Vec<SpaceId> = members(subset).map(|at| over[at]).collect();
            for with in [true, false].into_iter().filter(|&with| if with { units } else { whole }) {
                let of_place = |place: &Place| {
                    let at = spaces.place_number(place.value, place.axis) as usize;
                    let own = spaces.of_value(place.value);
                    if frames.gain[at] {
                        return None;
                    }
                    let axes = chosen.iter().try_fold(if with { 1 << place.axis } else { 0 }, |mask: Subset, other| {
                        Some(mask | 1 << own.iter().position(|each| each == other)?)
                    })?;
                    let unknown = unknowns.number(Component { value: place.value, axes, part: Part::Scale })?;
                    Some((unknown, if frames.links[at].dual { F::minus() } else { F::unit() }))
                };
                let terms = spaces.places[space as usize].iter().filter_map(of_place).collect();
                all.push(collected(terms).unwrap_or_default());
            }
        }
    }
    all
}

fn drop_index<F: Coefficients>(vector: &Sparse<F>, dropped: SpaceId, unknowns: &Unknowns, spaces: &Spaces) -> Option<Sparse<F>> {
    let without = |(unknown, coefficient): &(u32, F)| {
        let component = unknowns.component(*unknown);
        let axis = members(component.axes).find(|&axis| spaces.of_axis(component.value, axis) == dropped)?;
        let lower = unknowns.number(Component { axes: component.axes & !(1 << axis), ..component })?;
        Some((lower, coefficient.clone()))
    };
    collected(vector.iter().map(without).collect::<Option<_>>()?)
}
