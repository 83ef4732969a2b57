//! Independent scale and sign fields: the solutions of [`crate::relations`], grouped by the spaces that they depend on.
//!
//! A field that may depend on more indices includes those that depend on fewer, and a full matrix group includes the scales on its space;
//! what remains after these is new.

use crate::frames::{Frames, Kind};
use crate::nullspace::{Echelon, Solutions, Sparse};
use crate::relations::{Coefficients, Component, Part, Relations, members};
use crate::spaces::{SpaceId, Spaces};
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
        let Relations { system, components, .. } = relations;
        let solutions = system.solve();
        let kind_of = |unknown: u32| {
            let component = components[unknown as usize];
            let mut kind: Vec<SpaceId> = members(component.axes).map(|axis| spaces.of_axis(component.value, axis)).collect();
            kind.sort_unstable();
            kind
        };
        let supports = transpose(&solutions);
        let mut free_unknowns = vec![false; components.len()];
        solutions.free.iter().for_each(|&free| free_unknowns[free as usize] = true);
        let mut by_kind: BTreeMap<Vec<SpaceId>, Vec<u32>> = BTreeMap::new();
        for &free in &solutions.free {
            by_kind.entry(kind_of(free)).or_default().push(free);
        }
        let mut kinds: Vec<Vec<SpaceId>> = by_kind.keys().cloned().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.len()));
        let number: BTreeMap<_, u32> = components.iter().enumerate().map(|(at, component)| (*component, at as u32)).collect();
        let mut echelons: BTreeMap<Vec<SpaceId>, Echelon<F>> = BTreeMap::new();
        let mut fields = Vec::new();
        for (kind, vector) in of_matrices(spaces, frames, &components, &number) {
            let own: Sparse<F> = vector.into_iter().filter(|(unknown, _)| free_unknowns[*unknown as usize]).collect();
            echelons.entry(kind).or_insert_with(Echelon::new).insert(&own);
        }
        for kind in &kinds {
            for &free in &by_kind[kind] {
                let vector = &supports[&free];
                let own = Sparse::from([(free, F::unit())]);
                let is_new = echelons.entry(kind.clone()).or_insert_with(Echelon::new).insert(&own);
                if is_new {
                    fields.push(field(kind, vector, &components, spaces));
                }
                // The same field, constant along one of its indices.
                for dropped in kind {
                    let Some(lower) = drop_index(vector, *dropped, &components, spaces, &number) else { continue };
                    let rest: Vec<SpaceId> = kind.iter().copied().filter(|space| space != dropped).collect();
                    let coordinates: Sparse<F> =
                        lower.into_iter().filter(|(unknown, _)| free_unknowns[*unknown as usize]).collect();
                    echelons.entry(rest).or_insert_with(Echelon::new).insert(&coordinates);
                }
            }
        }
        fields.sort_by_key(|field| field.support.first().map(|support| support.value));
        Self { fields }
    }
}

/// For each free unknown its solution: unknown to coefficient.
fn transpose<F: Coefficients>(solutions: &Solutions<F>) -> BTreeMap<u32, Sparse<F>> {
    let mut supports: BTreeMap<u32, Sparse<F>> = solutions.free.iter().map(|&free| (free, Sparse::new())).collect();
    for (unknown, expression) in solutions.value.iter().enumerate() {
        for (free, coefficient) in expression {
            if let Some(support) = supports.get_mut(free) {
                support.insert(unknown as u32, coefficient.clone());
            }
        }
    }
    supports
}

fn field<F: Coefficients>(kind: &[SpaceId], vector: &Sparse<F>, components: &[Component], spaces: &Spaces) -> Field<F> {
    let support = vector
        .iter()
        .map(|(&unknown, coefficient)| {
            let component = components[unknown as usize];
            let mut axes: Vec<usize> = members(component.axes).collect();
            axes.sort_by_key(|&axis| spaces.of_axis(component.value, axis));
            Support { value: component.value, axes, part: component.part, coefficient: coefficient.clone() }
        })
        .collect();
    Field { spaces: kind.to_vec(), support }
}

/// The fields that the matrix groups contain, by kind: scales in GL and ℂ^×, signs in O as well.
fn of_matrices<F: Coefficients>(
    spaces: &Spaces,
    frames: &Frames,
    components: &[Component],
    number: &BTreeMap<Component, u32>,
) -> Vec<(Vec<SpaceId>, Sparse<F>)> {
    let mut carried: BTreeMap<ValueId, Vec<SpaceId>> = BTreeMap::new();
    for component in components {
        let known = carried.entry(component.value).or_default();
        for axis in members(component.axes) {
            known.resize(known.len().max(axis + 1), SpaceId::MAX);
            known[axis] = spaces.of_axis(component.value, axis);
        }
    }
    let mut all = Vec::new();
    for (&space, over) in &frames.dependence {
        let Kind::Matrix(family) = frames.kinds[space as usize] else { continue };
        let (units, whole) = F::in_family(family);
        for subset in 0..1u32 << over.len().min(4) {
            let chosen: Vec<SpaceId> = members(subset).map(|at| over[at]).collect();
            for with in [true, false].into_iter().filter(|&with| if with { units } else { whole }) {
                let mut kind = chosen.clone();
                kind.extend(with.then_some(space));
                kind.sort_unstable();
                let mut vector = Sparse::new();
                for place in &spaces.places[space as usize] {
                    let at = spaces.place_number(place.value, place.axis) as usize;
                    let Some(own) = carried.get(&place.value).filter(|_| !frames.gain[at]) else { continue };
                    let axes = chosen.iter().try_fold(if with { 1 << place.axis } else { 0 }, |mask: u32, other| {
                        Some(mask | 1 << own.iter().position(|each| each == other)?)
                    });
                    let component = axes.map(|axes| Component { value: place.value, axes, part: Part::Scale });
                    let Some(&unknown) = component.and_then(|component| number.get(&component)) else { continue };
                    let sign = if frames.links[at].dual { F::unit().minus_over(&F::unit()) } else { Some(F::unit()) };
                    let Some(sign) = sign else { continue };
                    if crate::nullspace::add_scaled(&mut vector, &Sparse::from([(unknown, sign)]), &F::unit()).is_none() {
                        vector.clear();
                        break;
                    }
                }
                all.push((kind, vector));
            }
        }
    }
    all
}

fn drop_index<F: Coefficients>(
    vector: &Sparse<F>,
    dropped: SpaceId,
    components: &[Component],
    spaces: &Spaces,
    number: &BTreeMap<Component, u32>,
) -> Option<Sparse<F>> {
    let mut lower = Sparse::new();
    for (&unknown, coefficient) in vector {
        let component = components[unknown as usize];
        let axis = members(component.axes).find(|&axis| spaces.of_axis(component.value, axis) == dropped)?;
        let target = Component { axes: component.axes & !(1 << axis), ..component };
        let unknown = *number.get(&target)?;
        crate::nullspace::add_scaled(&mut lower, &Sparse::from([(unknown, coefficient.clone())]), &F::unit())?;
    }
    Some(lower)
}
