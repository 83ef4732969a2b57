//! Shifts that are taken back, directions behind kernels, and shifts that a loss forgets.

use super::Analysis;
use crate::conserved;
use crate::frames::{Family, Kind};
use crate::kernels::{AxisKernel, FixedKernel, Origin, RankBounds};
use crate::names;
use crate::names::Names;
use crate::paths::Paths;
use crate::paths::shifts::Shift;
use crate::spaces::SpaceId;
use crate::symmetries::{Action, Class, Conserved, Frame, Generators, Group, Space, Status, Symmetries};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{ParameterId, ValueId};

impl Analysis<'_> {
    /// Changes of parameters that others take back: a row for each bias, a row for all parameters whose place another takes.
    pub(super) fn trades(&self, known: &[Space], names: &mut Names) -> Vec<Space> {
        let mut rows: Vec<Vec<&Shift>> = Vec::new();
        let mut beside: BTreeMap<&[ParameterId], usize> = BTreeMap::new();
        for shift in &self.shifts {
            let known = shift.is_path(self.program).then(|| *beside.entry(&shift.takers).or_insert(rows.len()));
            match known.and_then(|at| rows.get_mut(at)) {
                Some(row) => row.push(shift),
                None => rows.push(vec![shift]),
            }
        }
        let mut first: BTreeMap<ParameterId, Vec<&Space>> = BTreeMap::new();
        for space in known {
            if let Some(action) = space.acts_on.first() {
                first.entry(action.parameter).or_default().push(space);
            }
        }
        rows.into_iter().map(|row| self.trade(&row, &first, names)).collect()
    }

    /// The row of shifts beside known rows by the first parameter that they act on.
    fn trade(&self, row: &[&Shift], known: &BTreeMap<ParameterId, Vec<&Space>>, names: &mut Names) -> Space {
        let first = row[0];
        let path = |id| self.program.parameter(id).path.as_str();
        let entries = |shift: &&Shift| {
            let shape = &self.program.parameter(shift.parameter).shape;
            shift.axes.iter().map(|axis| shape[*axis].size).fold(1, u128::saturating_mul)
        };
        let all: u128 = row.iter().map(entries).fold(0, u128::saturating_add);
        let parameters: Vec<ParameterId> = row.iter().map(|shift| shift.parameter).collect();
        let distinct: BTreeSet<ParameterId> = parameters.iter().copied().collect();
        // What a group on these parameters alone does is among their changes.
        let within = |space: &&&Space| space.acts_on.iter().all(|action| distinct.contains(&action.parameter));
        let beside = distinct.iter().filter_map(|parameter| known.get(parameter)).flatten();
        let whole = row.iter().all(|shift| shift.axes.len() == self.program.parameter(shift.parameter).shape.len());
        let covered: u128 =
            beside.filter(|space| whole && within(space)).map(|space| space.continuous_dim).fold(0, u128::saturating_add);
        let size = all.saturating_sub(covered);
        let takers: Vec<String> = first.takers.iter().map(|id| format!("`{}`", path(*id))).collect();
        let (group, text) = match first.source {
            Some(source) => (
                Group::Directions(size),
                format!(
                    "any change of it is a linear function of {}, which {} can take back",
                    self.wire(source),
                    takers.join(", ")
                ),
            ),
            None if first.is_path(self.program) => {
                (Group::Directions(size), format!("any change of the product can be taken back by {}", takers.join(", ")))
            }
            None if self.graph.is_unread(first.parameter) => {
                (Group::Translation(size), "no operation that an output needs reads it: all its entries are free".to_string())
            }
            None if takers.is_empty() => {
                (Group::Translation(size), "what reads it behind linear maps forgets any shift of it".to_string())
            }
            None => (
                Group::Translation(size),
                "only linear maps stand between it and later biases, which take back any shift of it".to_string(),
            ),
        };
        Space {
            name: if first.is_path(self.program) {
                names.unique([format!("{}.path", names::joined(self.program, &parameters))])
            } else {
                names.unique([path(first.parameter).to_string(), format!("{}.shift", path(first.parameter))])
            },
            size,
            group,
            class: Class::Affine,
            continuous_dim: size,
            log10_order: 0.0,
            acts_on: parameters.iter().map(|&parameter| Action { parameter, axis: None, frame: Frame::Shift }).collect(),
            states: Vec::new(),
            conserved: match covered {
                0 => row.iter().filter(|shift| shift.takers.is_empty()).map(|shift| self.shifted(shift)).collect(),
                _ => Vec::new(),
            },
            kept: None,
            generators: Generators::Trade { shifts: row.iter().map(|shift| (shift.parameter, shift.axes.clone())).collect() },
            status: Status::Derived,
            reasons: vec![self.reason(first.value, &text)],
        }
    }

    /// Kernels with the number of directions that no matrix group gives; those of none are left out.
    pub(super) fn uncovered(&self) -> Vec<(AxisKernel, u128)> {
        let mut groups: BTreeMap<(SpaceId, bool), Vec<&AxisKernel>> = BTreeMap::new();
        let mut kept: Vec<(AxisKernel, u128)> = Vec::new();
        // Of a parameter any change of which is taken back no direction is new.
        let free = |parameter: ParameterId| {
            let whole = self.program.parameter(parameter).shape.len();
            self.shifts_of(parameter).any(|shift| shift.axes.len() == whole)
        };
        for kernel in self.kernels.iter().filter(|kernel| !free(kernel.parameter)) {
            let space = self.spaces.of_axis(kernel.value, kernel.axis);
            if self.frames.kinds[space as usize] == Kind::Matrix(Family::General) {
                let dual = self.frames.links[self.spaces.place_number(kernel.value, kernel.axis) as usize].dual;
                groups.entry((space, dual)).or_default().push(kernel);
            } else {
                kept.push((kernel.clone(), kernel.directions));
            }
        }
        for ((space, dual), kernels) in groups {
            let size = self.spaces.sizes[space as usize];
            let least = kernels.iter().map(|kernel| kernel.dimension).min().unwrap_or(0);
            let all: u128 = kernels.iter().map(|kernel| kernel.directions).fold(0, u128::saturating_add);
            let columns: u128 =
                kernels.iter().map(|kernel| kernel.directions / kernel.dimension.max(1)).fold(0, u128::saturating_add);
            // Matrices move all weights on the space: where others see these directions, few matrices leave those alone.
            let own: BTreeSet<(ParameterId, usize)> = kernels.iter().map(|kernel| (kernel.parameter, kernel.axis)).collect();
            let alone = self.axes_of(space).into_iter().all(|(parameter, value, axis)| {
                let at = self.spaces.place_number(value, axis) as usize;
                self.frames.gain[at] || self.frames.links[at].dual != dual || free(parameter) || own.contains(&(parameter, axis))
            });
            let covered = if alone { least.saturating_mul(columns.min(size)) } else { 0 };
            let mut left = all.saturating_sub(covered);
            for kernel in kernels {
                // No matrix moves the biases that take constants back.
                let apart = kernel.directions / kernel.dimension.max(1) * kernel.constants;
                let own = left.max(apart).min(kernel.directions);
                left = left.saturating_sub(own);
                if own > 0 {
                    kept.push((kernel.clone(), own));
                }
            }
        }
        kept.sort_by_key(|(kernel, _)| (kernel.parameter, kernel.axis));
        kept
    }

    pub(super) fn kernel_spaces(&self, kernels: &[(AxisKernel, u128)], names: &mut Names) -> Vec<Space> {
        let mut groups: Vec<(Origin, Vec<&(AxisKernel, u128)>)> = Vec::new();
        let mut places: BTreeMap<Origin, usize> = BTreeMap::new();
        for entry in kernels {
            let place = *places.entry(entry.0.origin).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.1.push(entry),
                None => groups.push((entry.0.origin, vec![entry])),
            }
        }
        groups
            .into_iter()
            .map(|(origin, members)| {
                let directions = members.iter().map(|(_, count)| *count).fold(0, u128::saturating_add);
                let first = &members[0].0;
                let stem = names::stem(&self.program.parameter(first.parameter).path).to_string();
                let size = self.program.parameter(first.parameter).shape[first.axis].size;
                let dimension = first.dimension;
                let wire = |at: ValueId| self.wire(at);
                let (group, class, suffix, at, text) = match origin {
                    Origin::Softmax(at) => (
                        Group::Translation(directions),
                        Class::Affine,
                        "shift",
                        at,
                        "softmax forgets shifts along its axis".to_string(),
                    ),
                    Origin::Sum(at) => (
                        Group::Directions(directions),
                        Class::Bottleneck,
                        "kernel",
                        at,
                        format!("the sum in {} keeps 1 of {size} dimensions: {dimension} are invisible", wire(at)),
                    ),
                    Origin::Span(at) => (
                        Group::Directions(directions),
                        Class::Bottleneck,
                        "range",
                        at,
                        format!(
                            "what {} reads spans {} of {size} dimensions, up to constants that biases take back: weights along the other {dimension} are free",
                            wire(at),
                            size - dimension
                        ),
                    ),
                    Origin::Product(at) => (
                        Group::Directions(directions),
                        Class::Bottleneck,
                        "kernel",
                        at,
                        format!(
                            "the product {} has rank {} on {size} dimensions: {dimension} are invisible",
                            wire(at),
                            size - dimension
                        ),
                    ),
                    Origin::Unread => {
                        (Group::Directions(directions), Class::Bottleneck, "unread", first.value, "nothing reads it".to_string())
                    }
                };
                Space {
                    name: names.unique([format!("{stem}.{suffix}")]),
                    size,
                    group,
                    class,
                    continuous_dim: directions,
                    log10_order: 0.0,
                    acts_on: members
                        .iter()
                        .map(|(kernel, _)| Action { parameter: kernel.parameter, axis: Some(kernel.axis), frame: Frame::Shift })
                        .collect(),
                    states: Vec::new(),
                    conserved: members.iter().filter_map(|(kernel, count)| self.of_kernel(kernel, *count)).collect(),
                    kept: None,
                    generators: Generators::Kernels {
                        axes: members.iter().map(|(kernel, _)| (kernel.parameter, kernel.axis, kernel.dimension)).collect(),
                    },
                    status: Status::Derived,
                    reasons: vec![self.reason(at, &text)],
                }
            })
            .collect()
    }

    /// What a shift that nothing has to take back conserves.
    fn shifted(&self, shift: &Shift) -> Conserved {
        let shape = &self.program.parameter(shift.parameter).shape;
        let summed: Vec<usize> = (0..shape.len()).filter(|axis| !shift.axes.contains(axis)).collect();
        conserved::sums(self.program, shift.parameter, &summed)
    }

    /// What the directions of a kernel conserve: fixed ones are translations.
    fn of_kernel(&self, kernel: &AxisKernel, count: u128) -> Option<Conserved> {
        let law = match kernel.fixed? {
            FixedKernel::Ones => conserved::sums(self.program, kernel.parameter, &[kernel.axis]),
            FixedKernel::Differences => conserved::differences(self.program, kernel.parameter, kernel.axis),
        };
        Some(Conserved { count, ..law })
    }

    pub(super) fn wire(&self, at: ValueId) -> String {
        let node = self.program.node(at);
        if node.scope.is_empty() { format!("`{}`", node.name) } else { format!("`{}` of `{}`", node.name, node.scope) }
    }

    /// Shifts of the outputs along their last axis, which a cross-entropy forgets: spaces on which the model's own group is trivial.
    pub(crate) fn logit_shifts(&self, known: &Symmetries) -> Vec<Space> {
        let paths = Paths::of(self.program, &self.graph, &self.classes);
        let kernels = RankBounds::of(self.program, &self.spaces, &self.graph, &self.classes, &paths, true)
            .kernels(self.program, &self.spaces, &self.graph)
            .into_iter()
            .filter(|kernel| matches!(kernel.origin, Origin::Softmax(_)) && !self.kernels.contains(kernel))
            .map(|kernel| (kernel.directions, kernel))
            .map(|(directions, kernel)| (kernel, directions))
            .collect::<Vec<_>>();
        let mut names = Names::default();
        for space in &known.spaces {
            names.unique([space.name.clone()]);
        }
        let mut spaces = self.kernel_spaces(&kernels, &mut names);
        for space in &mut spaces {
            space.group = Group::Trivial;
            space.continuous_dim = 0;
            for reason in &mut space.reasons {
                reason.text = "the cross-entropy forgets shifts of all logits; the model's outputs show them".to_string();
            }
        }
        spaces
    }
}
