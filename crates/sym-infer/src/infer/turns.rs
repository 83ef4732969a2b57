//! Rows of shifts of periodic functions.

use super::Analysis;
use crate::fields::Field;
use crate::names;
use crate::names::Names;
use crate::nullspace::{Echelon, Parity, Sparse};
use crate::relations::Part;
use crate::symmetries::{Action, Class, Frame, Generators, Group, HalfTurn, Space, Status};
use crate::turns::Phase;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::ParameterId;

impl Analysis<'_> {
    /// One row for each parameter that shifts periodic functions.
    pub(super) fn turn_rows(&self, names: &mut Names) -> Vec<Space> {
        let fields = self.half_turns();
        self.phases.iter().filter_map(|phase| self.turn_row(phase, &fields, names)).collect()
    }

    /// The fields of signs with half turns, independent of each other as far as turns go, each with the phase that it is listed under.
    fn half_turns(&self) -> Vec<(ParameterId, Field<Parity>)> {
        let number: BTreeMap<_, u32> = self.phases.iter().enumerate().map(|(at, phase)| (phase.value, at as u32)).collect();
        let mut known: BTreeMap<&[u32], Echelon<Parity>> = BTreeMap::new();
        let mut signs: BTreeMap<&[u32], Vec<&Field<Parity>>> = BTreeMap::new();
        for field in &self.signs.fields {
            signs.entry(&field.spaces).or_default().push(field);
        }
        let mut kept = Vec::new();
        for field in &self.turns.fields {
            let turned = field.support.iter().filter(|support| support.part == Part::Turn);
            let phases: BTreeSet<u32> = turned.filter_map(|support| number.get(&support.value).copied()).collect();
            let own: Sparse<Parity> = phases.into_iter().map(|phase| (phase, Parity(true))).collect();
            let Some(&(first, _)) = own.first() else { continue };
            if known.entry(&field.spaces).or_insert_with(|| Echelon::new(self.phases.len())).insert(own) {
                let others = signs.get(field.spaces.as_slice()).map_or(&[][..], Vec::as_slice);
                kept.push((self.phases[first as usize].parameter, self.shortest(field, others)));
            }
        }
        kept
    }

    /// The field times signs that hold without turns, where that leaves fewer parameters to change sign.
    fn shortest(&self, field: &Field<Parity>, signs: &[&Field<Parity>]) -> Field<Parity> {
        let mut best = field.clone();
        for other in signs {
            let apart = |one: &Field<Parity>, other: &Field<Parity>| -> Vec<_> {
                one.support.iter().filter(|support| !other.support.contains(support)).cloned().collect()
            };
            let mut support = [apart(&best, other), apart(other, &best)].concat();
            support.sort_by(|one, other| (one.value, &one.axes).cmp(&(other.value, &other.axes)));
            let product = Field { spaces: best.spaces.clone(), support };
            if self.sign_moves(&product).entries.len() < self.sign_moves(&best).entries.len() {
                best = product;
            }
        }
        best
    }

    fn turn_row(&self, phase: &Phase, fields: &[(ParameterId, Field<Parity>)], names: &mut Names) -> Option<Space> {
        let parameter = self.program.parameter(phase.parameter);
        let entries = parameter.entries()?;
        let halves: Vec<HalfTurn> =
            fields.iter().filter(|(id, _)| *id == phase.parameter).map(|(_, field)| self.half_turn(field)).collect();
        let tuples = |half: &HalfTurn| half.signs.sizes.iter().copied().fold(1, u128::saturating_mul);
        let counted = halves.iter().map(tuples).fold(0, u128::saturating_add);
        let whole = Group::Turns { count: entries, halves: false };
        let group = match counted {
            0 => whole,
            counted if counted >= entries => Group::Turns { count: entries, halves: true },
            counted => Group::Product(vec![Group::Turns { count: counted, halves: true }, whole]),
        };
        let mut acts_on = vec![Action { parameter: phase.parameter, axis: None, frame: Frame::Shift }];
        for (id, _, _) in halves.iter().flat_map(|half| &half.shifts) {
            if acts_on.iter().all(|action| action.parameter != *id) {
                acts_on.push(Action { parameter: *id, axis: None, frame: Frame::Shift });
            }
        }
        for entry in halves.iter().flat_map(|half| &half.signs.entries) {
            let axis = if let [axis] = entry.axes[..] { Some(axis) } else { None };
            let action = Action { parameter: entry.parameter, axis, frame: Frame::Monomial { degrees: Vec::new(), sign: true } };
            if !acts_on.contains(&action) {
                acts_on.push(action);
            }
        }
        let functions: Vec<&str> = phase.readers.iter().map(|(map, _)| &*self.program.node(*map).name).take(1).collect();
        let text = match (phase.half, counted) {
            (Some(half), 1..) => format!(
                "a shift of `{}` by {} changes the sign of `{}`, which what stands behind takes back; one by {} changes nothing",
                parameter.path,
                in_turns(half),
                functions.join(", "),
                in_turns(phase.whole)
            ),
            _ => format!(
                "a shift of `{}` by {} changes nothing in `{}`",
                parameter.path,
                in_turns(phase.whole),
                functions.join(", ")
            ),
        };
        Some(Space {
            name: names.unique([format!("{}.turn", names::stem(&parameter.path))]),
            size: entries,
            class: Class::Affine,
            continuous_dim: 0,
            log10_order: group.log10_order(),
            acts_on,
            states: Vec::new(),
            conserved: Vec::new(),
            kept: None,
            generators: Generators::Turns { halves, whole: (phase.parameter, phase.whole) },
            status: Status::Derived,
            reasons: vec![self.reason(phase.readers.first()?.0, &text)],
            group,
        })
    }

    fn half_turn(&self, field: &Field<Parity>) -> HalfTurn {
        let shifts = field.support.iter().filter(|support| support.part == Part::Turn);
        let shifts = shifts.filter_map(|support| {
            let phase = self.phases.iter().find(|phase| phase.value == support.value)?;
            Some((phase.parameter, support.axes.clone(), phase.half?))
        });
        HalfTurn { shifts: shifts.collect(), signs: self.sign_moves(field) }
    }
}

/// A shift as a multiple of π, where it is a simple one.
pub(super) fn in_turns(shift: f64) -> String {
    let turns = shift / std::f64::consts::PI;
    let whole = |number: f64| (number - number.round()).abs() < 1e-9 && number.round() >= 1.0;
    match turns {
        turns if whole(turns) && turns.round() == 1.0 => "π".to_string(),
        turns if whole(turns) => format!("{}π", turns.round()),
        turns if whole(1.0 / turns) => format!("π/{}", (1.0 / turns).round()),
        turns if whole(2.0 / turns) => format!("2π/{}", (2.0 / turns).round()),
        _ => format!("{shift:.4}"),
    }
}
