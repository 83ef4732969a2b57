//! Rows of branches that may be permuted as wholes.

use super::Analysis;
use crate::automorphisms::{Branches, branches};
use crate::names;
use crate::names::Names;
use crate::symmetries::{Action, Class, Frame, Generators, Group, Space, State, StateKind, Status};
use sym_ir::ParameterId;

impl Analysis<'_> {
    /// One row for each set of branches, apart from those whose permutations other rows hold already.
    pub(super) fn branches(&self, rows: &[Space], names: &mut Names) -> Vec<Space> {
        let found = branches(self.program).into_iter().filter(|branches| !branches.parameters.iter().all(Vec::is_empty));
        found
            .filter(|branches| !rows.iter().any(|row| holds(self, row, branches)))
            .map(|found| self.branch_row(found, names))
            .collect()
    }

    fn branch_row(&self, branches: Branches, names: &mut Names) -> Space {
        let Branches { at, parameters: parts, over } = branches;
        let size = parts.len() as u128;
        let first = &parts[0];
        let of = |id: ParameterId| self.program.parameter(id);
        let copies = over[0].iter().map(|&axis| of(first[0]).shape[axis].size).fold(1, u128::saturating_mul);
        let inner = Group::Permutation(size);
        let group = if copies > 1 { Group::Wreath { inner: Box::new(inner), copies, permuted: false } } else { inner };
        let node = self.program.node(at);
        let what = if node.operation.word() == "add" { "sum" } else { "product" };
        let each = if copies > 1 { ", for each index apart" } else { "" };
        let text = format!(
            "{size} operands of this {what} are made alike of {}: they may change places as wholes{each}",
            self.listed(&parts)
        );
        Space {
            name: names
                .unique([format!("{}.swap", branch_name(&first.iter().map(|id| of(*id).path.as_str()).collect::<Vec<_>>()))]),
            size,
            class: Class::Linear,
            continuous_dim: 0,
            log10_order: group.log10_order(),
            acts_on: parts
                .iter()
                .flatten()
                .map(|&parameter| Action { parameter, axis: None, frame: Frame::Monomial { degrees: Vec::new(), sign: false } })
                .collect(),
            states: self.equal_branches(first, size),
            conserved: Vec::new(),
            kept: None,
            generators: Generators::Branches { parts, over },
            status: Status::Derived,
            reasons: vec![self.reason(at, &text)],
            group,
        }
    }

    /// The first parameter of each branch, of many the first and the last.
    fn listed(&self, parts: &[Vec<ParameterId>]) -> String {
        let names: Vec<String> = parts.iter().map(|part| format!("`{}`", self.program.parameter(part[0]).path)).collect();
        let more = if parts[0].len() > 1 { " and what goes with it" } else { "" };
        let names = match names.as_slice() {
            [first, second, _, .., last] => format!("{first}, {second}, …, {last}"),
            few => few.join(" and "),
        };
        format!("{names}{more}")
    }

    /// All branches equal, or two of several: one set of weights is left of each.
    fn equal_branches(&self, part: &[ParameterId], size: u128) -> Vec<State> {
        let Some(total) = self.entries else { return Vec::new() };
        let mut entries = part.iter().map(|id| self.program.parameter(*id).entries());
        let Some(entries) = entries.try_fold(0u128, |sum, entries| sum.checked_add(entries?)) else { return Vec::new() };
        let symbol = |id: &ParameterId| {
            let axes: Vec<&str> = self.program.parameter(*id).shape.iter().map(|axis| &*axis.symbol).collect();
            if axes.is_empty() { "1".to_string() } else { axes.join("·") }
        };
        let own = part.iter().map(symbol).collect::<Vec<_>>().join(" + ");
        let state = |kind: StateKind, description: &str, copies: u128| {
            let removed = copies.saturating_mul(entries);
            State {
                kind,
                description: description.to_string(),
                rank: total.saturating_sub(removed),
                removed,
                formula: if copies == 1 { format!("D − ({own})") } else { format!("D − {copies}·({own})") },
            }
        };
        let mut states = vec![state(StateKind::Identical, "all branches equal", size - 1)];
        if size > 2 {
            states.push(state(StateKind::PairIdentical, "two branches equal", 1));
        }
        states
    }
}

/// Whether the permutations of branches are elements of a row's group, at each θ.
fn holds(analysis: &Analysis, row: &Space, branches: &Branches) -> bool {
    let mut moved = branches.parameters.iter().flatten();
    match &row.generators {
        // The blocks of GL on parallel linear paths.
        Generators::Parallel { parts } => moved.all(|id| parts.iter().flatten().any(|frame| frame.parameter == *id)),
        // Summands of one sum that take back any change of each other.
        Generators::Trade { shifts } => {
            branches.parameters.iter().all(|part| part.len() == 1)
                && moved.any(|id| {
                    let rank = analysis.program.parameter(*id).shape.len();
                    shifts.iter().any(|(parameter, axes)| parameter == id && axes.len() == rank)
                })
        }
        _ => false,
    }
}

/// What the paths of a branch's parameters have in common, else the first of them.
fn branch_name(paths: &[&str]) -> String {
    let first: Vec<&str> = names::stem(paths[0]).split('.').collect();
    let common = paths.iter().fold(first.len(), |common, path| {
        let own = names::stem(path).split('.');
        common.min(own.zip(&first).take_while(|(one, other)| one == *other).count())
    });
    if common == 0 { names::stem(paths[0]).to_string() } else { first[..common].join(".") }
}
