//! Permutations, scales and signs of units beside frozen entries.
//!
//! A frozen entry cannot be permuted: only the units that meet none are alike. Scales and signs that multiply it must have the product 1, which
//! joins the scales of two spaces (or makes one 1): what is left is one scale a component, by a union–find in which each tuple knows its
//! exponent relative to the first of its component.

use super::{Masks, frozen_a_row, in_rows, position};
use crate::symmetries::{Action, Field, Frame, Generators, Group, Kept, Share, Space, Surviving};
use sym_ir::{ParameterId, Program};

/// The axis along which, and the exponent with which, a field multiplies a parameter.
type Power<'a> = dyn Fn(&Field, ParameterId) -> Option<(usize, f64)> + 'a;

/// Whether a row is about positions of single axes, each moved as one, so that it can be followed.
pub(super) fn are_plain(program: &Program, space: &Space) -> bool {
    let Generators::Units { permuted, scales, signs } = &space.generators else { return false };
    let Some((size, ..)) = space.group.units() else { return false };
    let masked = |action: &&Action| program.parameter(action.parameter).role.mask.is_some();
    let along_axis = |action: &Action| action.axis.is_some() && matches!(action.frame, Frame::Monomial { .. });
    permuted.iter().all(|axis| axis.axes.len() == 1 && axis.over.is_empty())
        && scales.iter().chain(signs).all(|field| field.sizes == [size])
        && usize::try_from(size).is_ok()
        && space.acts_on.iter().filter(masked).all(along_axis)
}

/// The tuples of the fields of several rows, some joined.
struct Components {
    /// Where the fields of each row begin.
    starts: Vec<Vec<usize>>,
    parent: Vec<usize>,
    /// The logarithm of a tuple's factor is this times that of its parent.
    ratio: Vec<f64>,
    /// By root: whether a frozen entry holds it at 1.
    held: Vec<bool>,
}

impl Components {
    fn of(rows: &[Space], fields: &dyn Fn(&Space) -> Vec<Field>) -> Self {
        let mut count = 0;
        let starts = rows
            .iter()
            .map(|row| {
                let mut start = |field: &Field| {
                    let here = count;
                    count += field.sizes.iter().product::<u128>() as usize;
                    here
                };
                fields(row).iter().map(&mut start).collect()
            })
            .collect();
        Self { starts, parent: (0..count).collect(), ratio: vec![1.0; count], held: vec![false; count] }
    }

    /// The root of a tuple and its exponent relative to the root.
    fn root(&self, mut at: usize) -> (usize, f64) {
        let mut ratio = 1.0;
        while self.parent[at] != at {
            ratio *= self.ratio[at];
            at = self.parent[at];
        }
        (at, ratio)
    }

    fn hold(&mut self, at: usize) {
        let (root, _) = self.root(at);
        self.held[root] = true;
    }

    /// Demands that the factors of these tuples to these powers have the product 1.
    fn demand(&mut self, terms: &[(usize, f64)]) {
        match *terms {
            [] => {}
            [(one, _)] => self.hold(one),
            [(one, power), (other, other_power)] => {
                let ((one, of_one), (other, of_other)) = (self.root(one), self.root(other));
                if one != other {
                    self.parent[one] = other;
                    self.ratio[one] = -(other_power * of_other) / (power * of_one);
                    self.held[other] |= self.held[one];
                } else if power * of_one + other_power * of_other != 0.0 {
                    self.held[one] = true;
                }
            }
            // More than two are not followed: nothing is claimed about them.
            _ => terms.iter().for_each(|(at, _)| self.hold(*at)),
        }
    }

    /// The free components, each with its tuples and their exponents.
    fn free(&self) -> Vec<Vec<(usize, f64)>> {
        let mut members: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.parent.len()];
        for at in 0..self.parent.len() {
            let (root, ratio) = self.root(at);
            if !self.held[root] {
                members[root].push((at, ratio));
            }
        }
        members.retain(|members| !members.is_empty());
        members
    }

    /// A tuple as a share of a row's field.
    fn share(&self, (at, amount): (usize, f64)) -> Share {
        let row = self.starts.iter().rposition(|fields| fields.first().is_some_and(|start| *start <= at)).unwrap_or(0);
        let field = self.starts[row].iter().rposition(|start| *start <= at).unwrap_or(0);
        Share { row, field, tuple: at - self.starts[row][field], amount }
    }
}

impl Masks<'_> {
    /// What is left of rows about units: of each the units that meet no frozen entry, and of all together the scales and signs that frozen
    /// entries join.
    pub(super) fn of_units(&mut self, rows: Vec<Space>) -> Vec<Space> {
        // Where entries are too many to look at, all units count as held.
        let rows: Vec<Space> = rows.into_iter().filter(|row| self.is_listed(row)).collect();
        let untouched: Vec<Vec<usize>> = rows.iter().map(|row| self.untouched(row)).collect();
        let scales = self.joined(&rows, &scales, &|field, parameter| {
            let entry = field.entries.iter().find(|entry| entry.parameter == parameter && !entry.shift)?;
            Some((entry.axes[0], crate::action::rate(entry.degree)))
        });
        let signs = self.joined(&rows, &signs, &|field, parameter| {
            let entry = field.entries.iter().find(|entry| entry.parameter == parameter && entry.degree.numerator % 2 != 0)?;
            // Signs are their own inverses: along one axis and back along the other.
            Some((entry.axes[0], if in_rows(self.program.parameter(parameter), &entry.axes) { 1.0 } else { -1.0 }))
        });
        let alone = |shares: &Vec<Share>| shares.len() == 1 && untouched[shares[0].row].contains(&shares[0].tuple);
        let scales: Vec<Vec<Share>> = scales.into_iter().filter(|shares| !alone(shares)).collect();
        let signs: Vec<Vec<Share>> = signs.into_iter().filter(|shares| !alone(shares)).collect();
        let shared = shared(&rows, scales, signs);
        let restricted = rows.into_iter().zip(untouched).filter_map(|(row, units)| restricted(row, units));
        restricted.chain(shared).collect()
    }

    /// Whether all frozen entries that touch the units of a row can be looked at.
    fn is_listed(&mut self, row: &Space) -> bool {
        let masked: Vec<ParameterId> = self.masked_by(std::slice::from_ref(row)).into_iter().collect();
        masked.into_iter().all(|parameter| self.places(parameter).is_some())
    }

    /// The units that no frozen entry touches, as far as that is known.
    fn untouched(&mut self, row: &Space) -> Vec<usize> {
        let mut free = vec![true; row.group.units().map_or(0, |(size, ..)| size as usize)];
        for action in &row.acts_on {
            let (parameter, Some(axis)) = (action.parameter, action.axis) else { continue };
            if !self.is_masked(parameter) {
                continue;
            }
            let own = self.program.parameter(parameter);
            if in_rows(own, &[axis]) && frozen_a_row(own).is_some_and(|count| count > 0) {
                return Vec::new();
            }
            let Some(places) = self.places(parameter) else { return Vec::new() };
            places.iter().for_each(|&place| free[position(own, axis, place)] = false);
        }
        (0..free.len()).filter(|&unit| free[unit]).collect()
    }

    /// The components of the fields of rows.
    fn joined(&mut self, rows: &[Space], fields: &dyn Fn(&Space) -> Vec<Field>, power: &Power) -> Vec<Vec<Share>> {
        let mut components = Components::of(rows, fields);
        for parameter in self.masked_by(rows) {
            let mut factors: Vec<(usize, usize, f64)> = Vec::new();
            for (row, starts) in rows.iter().zip(&components.starts) {
                for (field, start) in fields(row).iter().zip(starts) {
                    factors.extend(power(field, parameter).map(|(axis, power)| (*start, axis, power)));
                }
            }
            let own = self.program.parameter(parameter);
            let Some(places) = self.places(parameter) else { continue };
            for &place in places {
                let terms: Vec<(usize, f64)> =
                    factors.iter().map(|(start, axis, power)| (start + position(own, *axis, place), *power)).collect();
                components.demand(&terms);
            }
        }
        let share = |members: Vec<(usize, f64)>| members.into_iter().map(|member| components.share(member)).collect();
        components.free().into_iter().map(share).collect()
    }
}

fn scales(space: &Space) -> Vec<Field> {
    let Generators::Units { scales, .. } = &space.generators else { return Vec::new() };
    scales.clone()
}

fn signs(space: &Space) -> Vec<Field> {
    let Generators::Units { signs, .. } = &space.generators else { return Vec::new() };
    signs.clone()
}

/// A row of units for some of them alone.
fn restricted(space: Space, units: Vec<usize>) -> Option<Space> {
    let count = units.len() as u128;
    let of_them = |group: &Group| match group.units() {
        Some((_, factors, signs)) if count > 0 => Group::of_units(count, factors, signs),
        _ => Group::Trivial,
    };
    let group = of_them(&space.group);
    if group == Group::Trivial {
        return None;
    }
    let mut reasons = space.reasons;
    if let Some(reason) = reasons.first_mut() {
        reason.text = format!("{count} of the {} units meet no frozen entry", space.size);
    }
    Some(Space {
        kept: space
            .kept
            .map(|Kept { objective, dynamics }| Kept { objective: of_them(&objective), dynamics: of_them(&dynamics) }),
        continuous_dim: group.dimension(),
        log10_order: group.log10_order(),
        group,
        size: count,
        acts_on: space.acts_on.into_iter().map(|action| Action { axis: None, ..action }).collect(),
        states: Vec::new(),
        conserved: Vec::new(),
        generators: Generators::Masked { rows: vec![space.generators], surviving: Surviving::Units(units) },
        reasons,
        ..space
    })
}

/// The scales and signs of units of several rows that frozen entries join.
fn shared(rows: &[Space], scales: Vec<Vec<Share>>, signs: Vec<Vec<Share>>) -> Option<Space> {
    let mut used: Vec<usize> = scales.iter().chain(&signs).flatten().map(|share| share.row).collect();
    used.sort_unstable();
    used.dedup();
    let first = rows.get(*used.first()?)?.clone();
    let number = |row: usize| used.iter().position(|own| *own == row).unwrap_or(0);
    let renumbered = |factors: Vec<Vec<Share>>| -> Vec<Vec<Share>> {
        let share = |share: Share| Share { row: number(share.row), ..share };
        factors.into_iter().map(|shares| shares.into_iter().map(share).collect()).collect()
    };
    let (scales, signs) = (renumbered(scales), renumbered(signs));
    let of = |scaled: bool, signed: bool| {
        let (dim, flips) = (if scaled { scales.len() as u128 } else { 0 }, if signed { signs.len() as u128 } else { 0 });
        match (dim, flips) {
            (0, 0) => Group::Trivial,
            (0, flips) => Group::Signs(flips),
            (dim, 0) => Group::Rescaling { dim, signed: false },
            (dim, flips) if dim == flips => Group::Rescaling { dim, signed: true },
            (dim, flips) => Group::Product(vec![Group::Rescaling { dim, signed: false }, Group::Signs(flips)]),
        }
    };
    let used: Vec<&Space> = used.iter().map(|&row| &rows[row]).collect();
    let part = |kept: &dyn Fn(&Kept) -> Group| {
        let units: Vec<_> = used.iter().filter_map(|row| row.kept.as_ref().and_then(|row| kept(row).units())).collect();
        let all = units.len() == used.len();
        of(all && units.iter().all(|(_, scales, _)| *scales > 0), all && units.iter().all(|(.., signs)| *signs > 0))
    };
    let kept = first
        .kept
        .as_ref()
        .map(|_| Kept { objective: part(&|kept| kept.objective.clone()), dynamics: part(&|kept| kept.dynamics.clone()) });
    let group = of(true, true);
    let mut reasons = first.reasons.clone();
    if let Some(reason) = reasons.first_mut() {
        reason.text = "frozen entries join the scales and signs of the units on both sides".to_string();
    }
    reasons.truncate(1);
    let names: Vec<&str> = used.iter().map(|row| row.name.as_str()).collect();
    Some(Space {
        name: names.join("*"),
        size: (scales.len().max(signs.len())) as u128,
        continuous_dim: group.dimension(),
        log10_order: group.log10_order(),
        group,
        acts_on: used.iter().flat_map(|row| &row.acts_on).map(|action| Action { axis: None, ..action.clone() }).collect(),
        states: Vec::new(),
        conserved: Vec::new(),
        kept,
        generators: Generators::Masked {
            rows: used.iter().map(|row| row.generators.clone()).collect(),
            surviving: Surviving::Factors { scales, signs },
        },
        reasons,
        ..first
    })
}
