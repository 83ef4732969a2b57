//! Continuous groups beside frozen entries: each frozen entry is one condition on the generators, linear at θ.

use super::{Masks, as_shift, frozen_a_row, in_rows, moved, position};
use crate::symmetries::{Class, Family, Generators, Group, Kept, MatrixFrame, Space, Surviving};
use std::collections::BTreeSet;
use sym_ir::ParameterId;

impl Masks<'_> {
    /// What is left of rows of other kinds than units. Rows that move a masked parameter together are counted together where more is left of
    /// them that way: frozen entries that both move take one dimension of the two, not of each.
    pub(super) fn of_directions(&mut self, rows: Vec<Space>) -> Vec<Space> {
        let rows: Vec<Space> = rows.into_iter().filter(|row| row.continuous_dim > 0).collect();
        let mut cut = Vec::new();
        for cluster in self.clusters(rows) {
            let alone: Vec<u128> = cluster.iter().map(|row| self.left_alone(row).unwrap_or(0)).collect();
            let together = self.left_together(&cluster).unwrap_or(0);
            if cluster.len() > 1 && together > alone.iter().fold(0, |sum: u128, left| sum.saturating_add(*left)) {
                cut.push(directions(&cluster, together));
            } else {
                cut.extend(
                    cluster
                        .iter()
                        .zip(alone)
                        .filter(|(_, left)| *left > 0)
                        .map(|(row, left)| directions(std::slice::from_ref(row), left)),
                );
            }
        }
        cut
    }

    /// Rows that move common masked parameters, as groups.
    fn clusters(&self, rows: Vec<Space>) -> Vec<Vec<Space>> {
        let mut clusters: Vec<(BTreeSet<ParameterId>, Vec<Space>)> = Vec::new();
        for row in rows {
            let mut masked = self.masked_by(std::slice::from_ref(&row));
            let mut members = Vec::new();
            clusters.retain_mut(|(own, rows)| {
                let apart = own.is_disjoint(&masked);
                if !apart {
                    masked.append(own);
                    members.append(rows);
                }
                apart
            });
            members.push(row);
            clusters.push((masked, members));
        }
        clusters.into_iter().map(|(_, rows)| rows).collect()
    }

    /// The dimensions of one row alone that frozen entries leave at least; `None` where that is not known.
    fn left_alone(&mut self, row: &Space) -> Option<u128> {
        match &row.generators {
            Generators::Matrices { frames, family: Family::General, gains } if gains.is_empty() => self.matrices(frames),
            _ => self.left_together(std::slice::from_ref(row)),
        }
    }

    /// The dimensions that are left of rows together at least: one less for each frozen entry of what they move.
    fn left_together(&self, rows: &[Space]) -> Option<u128> {
        let dimensions = rows.iter().map(|row| row.continuous_dim).fold(0, u128::saturating_add);
        let frozen = |parameter: ParameterId| self.program.parameter(parameter).masked_entries();
        let conditions = self.masked_by(rows).into_iter().map(frozen).fold(0, u128::saturating_add);
        dimensions.checked_sub(conditions)
    }

    /// The dimensions that frozen entries leave of GL(k) in all its copies: k² less one for each frozen entry, and no more than k for the
    /// entries of one row of one side.
    fn matrices(&mut self, frames: &[MatrixFrame]) -> Option<u128> {
        let first = frames.first()?;
        let extent = |frame: &MatrixFrame, axes: &[usize]| {
            let shape = &self.program.parameter(frame.parameter).shape;
            axes.iter().map(|&axis| shape[axis].size).fold(1, u128::saturating_mul)
        };
        let (size, copies) = (extent(first, &first.axes), extent(first, &first.over));
        if !frames.iter().all(|frame| frame.gains.is_empty() && extent(frame, &frame.over) == copies) {
            return None;
        }
        let rows = usize::try_from(size.checked_mul(copies)?).ok().filter(|&rows| rows as u128 <= super::LISTED)?;
        // Sides one after the other, in each the copies, in each their rows.
        let mut counts = vec![0u128; 2 * rows];
        let mut known = true;
        let masked: Vec<&MatrixFrame> = frames.iter().filter(|frame| self.is_masked(frame.parameter)).collect();
        for frame in masked {
            let own = self.program.parameter(frame.parameter);
            let side = usize::from(frame.dual) * rows;
            let index: Vec<usize> = frame.over.iter().chain(&frame.axes).copied().collect();
            if let Some(count) = frozen_a_row(own).filter(|_| in_rows(own, &index)) {
                let here = count.saturating_mul(own.rows().0 / rows as u128);
                counts[side..side + rows].iter_mut().for_each(|total| *total = total.saturating_add(here));
            } else if let Some(places) = self.places(frame.parameter) {
                for &place in places {
                    let row = index.iter().fold(0, |row, &axis| row * own.shape[axis].size as usize + position(own, axis, place));
                    counts[side + row] += 1;
                }
            } else {
                known = false;
            }
        }
        let conditions = |copy: usize| {
            let of_side = |side: usize| &counts[side * rows + copy * size as usize..][..size as usize];
            [0, 1].into_iter().flat_map(of_side).map(|&count| count.min(size)).fold(0, u128::saturating_add)
        };
        let left = (0..copies as usize).map(|copy| (size * size).saturating_sub(conditions(copy))).fold(0, u128::saturating_add);
        known.then_some(left)
    }
}

/// What is left of rows, as one.
fn directions(rows: &[Space], left: u128) -> Space {
    let first = &rows[0];
    let all: u128 = rows.iter().map(|row| row.continuous_dim).fold(0, u128::saturating_add);
    let groups: Vec<String> = rows.iter().map(|row| row.group.to_string()).collect();
    let mut reasons = first.reasons.clone();
    reasons.truncate(1);
    if let Some(reason) = reasons.first_mut() {
        reason.text = format!("frozen entries leave {left} of the {all} dimensions of {}", groups.join(" and "));
    }
    let part = |kept: &dyn Fn(&Kept) -> Group| {
        let whole = |row: &Space| row.kept.as_ref().is_some_and(|own| kept(own) == row.group);
        if rows.iter().all(whole) { Group::Directions(left) } else { Group::Trivial }
    };
    let kept = first
        .kept
        .as_ref()
        .map(|_| Kept { objective: part(&|kept| kept.objective.clone()), dynamics: part(&|kept| kept.dynamics.clone()) });
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let mut acts_on = Vec::new();
    for action in rows.iter().flat_map(as_shift) {
        if !acts_on.contains(&action) {
            acts_on.push(action);
        }
    }
    debug_assert!(!moved(first).is_empty());
    Space {
        name: format!("{}.cut", names.join("*")),
        kept,
        group: Group::Directions(left),
        class: Class::Affine,
        continuous_dim: left,
        log10_order: 0.0,
        acts_on,
        states: Vec::new(),
        conserved: Vec::new(),
        generators: Generators::Masked {
            rows: rows.iter().map(|row| row.generators.clone()).collect(),
            surviving: Surviving::Directions,
        },
        reasons,
        ..first.clone()
    }
}
