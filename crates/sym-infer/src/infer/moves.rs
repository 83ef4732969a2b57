//! What fields of scales and signs do to parameters.

use super::{Analysis, least_common_multiple};
use crate::fields::Field;
use crate::nullspace::{Parity, Rational};
use crate::relations::{Part, is_frozen};
use crate::spaces::SpaceId;
use crate::states::Orbit;
use crate::symmetries::{Degree, Field as Moves, FieldEntry, Offset};
use std::collections::BTreeMap;
use sym_ir::{Operation, ParameterId, ValueId};

impl Analysis<'_> {
    /// How a space's group acts on each parameter, for one position of the spaces `apart`.
    pub(super) fn orbits(
        &self,
        axes: &[(ParameterId, ValueId, usize)],
        apart: &[SpaceId],
        moves: impl Fn(ParameterId, usize) -> (bool, bool),
    ) -> Vec<Orbit> {
        let mut orbits: Vec<Orbit> = Vec::new();
        let mut known: BTreeMap<ParameterId, usize> = BTreeMap::new();
        for &(parameter, value, axis) in axes {
            let (signed, scaled) = moves(parameter, axis);
            let at = *known.entry(parameter).or_insert(orbits.len());
            if let Some(orbit) = orbits.get_mut(at) {
                orbit.axes += 1;
                orbit.signed += u32::from(signed);
                orbit.scaled += u32::from(scaled);
                continue;
            }
            let space = self.spaces.of_axis(value, axis);
            let rest: Vec<&sym_ir::Axis> = self
                .program
                .parameter(parameter)
                .shape
                .iter()
                .enumerate()
                .filter(|(other, _)| {
                    let other = self.spaces.of_axis(value, *other);
                    other != space && !apart.contains(&other)
                })
                .map(|(_, axis)| axis)
                .collect();
            let symbol: Vec<&str> = rest.iter().map(|axis| &*axis.symbol).collect();
            orbits.push(Orbit {
                parameter,
                axes: 1,
                signed: u32::from(signed),
                scaled: u32::from(scaled),
                multiplicity: rest.iter().map(|axis| axis.size).fold(1, u128::saturating_mul),
                symbol: if symbol.is_empty() { "1".to_string() } else { symbol.join("·") },
            });
        }
        orbits
    }

    pub(super) fn entries<'f, F>(&self, field: &'f Field<F>, degree: impl Fn(&F) -> Degree) -> Vec<FieldEntry> {
        field
            .support
            .iter()
            .filter_map(|support: &'f crate::fields::Support<F>| match self.program.node(support.value).operation {
                Operation::Parameter(parameter) if self.graph.is_read(support.value) && support.part != Part::Turn => {
                    Some(FieldEntry {
                        parameter,
                        axes: support.axes.clone(),
                        degree: degree(&support.coefficient),
                        shift: support.part == Part::Shift,
                    })
                }
                _ => None,
            })
            .collect()
    }

    /// Whether a norm forgets the scale only up to its ε.
    pub(super) fn is_approximate(&self, field: &Field<Rational>) -> bool {
        field.support.iter().filter(|support| support.part == Part::Scale).any(|support| {
            self.graph.uses(support.value).iter().any(|reader| {
                matches!(&self.program.node(reader.by).operation, Operation::Normalise { axes, epsilon, .. }
                    if *epsilon != 0.0 && !axes.iter().any(|axis| support.axes.contains(axis)))
            })
        })
    }

    pub(super) fn field_sizes<F>(&self, field: &Field<F>) -> Vec<u128> {
        field.spaces.iter().map(|space| self.spaces.sizes[*space as usize]).collect()
    }

    pub(super) fn moves(&self, field: &Field<Rational>) -> Moves {
        let degree_of =
            |coefficient: &Rational| Degree { numerator: *coefficient.numer() as i64, denominator: *coefficient.denom() as i64 };
        let entries = self.entries(field, degree_of);
        // Degrees are written as integers, and so that what comes first is multiplied.
        let common = entries.iter().fold(1i64, |all, entry| least_common_multiple(all, entry.degree.denominator));
        let sign = if entries.first().is_some_and(|entry| entry.degree.numerator < 0) { -1 } else { 1 };
        let scaled =
            |degree: Degree| Degree { numerator: sign * degree.numerator * (common / degree.denominator), denominator: 1 };
        let entries = entries.into_iter().map(|entry| FieldEntry { degree: scaled(entry.degree), ..entry }).collect();
        let offsets = self.offsets(field, degree_of);
        let offsets = offsets.into_iter().map(|offset| Offset { degree: scaled(offset.degree), ..offset }).collect();
        Moves { sizes: self.field_sizes(field), entries, complements: Vec::new(), offsets }
    }

    pub(super) fn sign_moves(&self, field: &Field<Parity>) -> Moves {
        let once = |_: &Parity| Degree { numerator: 1, denominator: 1 };
        let entries = self.entries(field, once);
        let complements = field
            .support
            .iter()
            .filter(|support| support.part == Part::Scale)
            .filter_map(|support| Some((support.value, support.axes.clone(), self.classes.get(&support.value)?.complement?)))
            .collect();
        Moves { sizes: self.field_sizes(field), entries, complements, offsets: self.offsets(field, once) }
    }

    /// The sums with frozen terms that a field scales.
    fn offsets<F>(&self, field: &Field<F>, degree: impl Fn(&F) -> Degree) -> Vec<Offset> {
        let scaled = field.support.iter().filter(|support| support.part == Part::Scale);
        scaled
            .filter_map(|support| {
                let Operation::Add { terms, constant } = &self.program.node(support.value).operation else { return None };
                let frozen: Vec<ValueId> =
                    terms.iter().map(|term| term.value).filter(|value| is_frozen(self.program, *value)).collect();
                (self.graph.is_read(support.value) && (!frozen.is_empty() || *constant != 0.0)).then(|| Offset {
                    value: support.value,
                    axes: support.axes.clone(),
                    degree: degree(&support.coefficient),
                    frozen,
                })
            })
            .collect()
    }
}
