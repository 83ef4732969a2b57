//! The whole analysis: relations, their solutions, and the table of symmetries that they make.

use crate::class::FunctionClass;
use crate::conserved::conserved;
use crate::constants::Constants;
use crate::fields::{Field, Fields};
use crate::frames::{Frames, Kind};
use crate::graph::Graph;
use crate::kernels::{AxisKernel, Origin, RankBounds};
use crate::names::{self, Names};
use crate::nullspace::{Parity, Rational};
use crate::relations::{Part, Relations, Subset};
use crate::spaces::{SpaceId, Spaces};
use crate::states::{Orbit, states};
use crate::symmetries::{
    Action, Class, Degree, Field as Moves, FieldEntry, Frame, Generators, Group, MatrixFrame, Reason, Space, Status, Symmetries,
};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// All symmetries of a program that the rules of this crate derive.
pub fn infer(program: &Program) -> Symmetries {
    Analysis::of(program).symmetries()
}

/// Everything that is known about a program, before it becomes a table.
#[derive(Debug)]
pub(crate) struct Analysis<'a> {
    program: &'a Program,
    spaces: Spaces,
    frames: Frames,
    graph: Graph,
    classes: BTreeMap<ValueId, FunctionClass>,
    scales: Fields<Rational>,
    signs: Fields<Parity>,
    kernels: Vec<AxisKernel>,
    trades: Vec<(ParameterId, ValueId)>,
    /// Numbers of the fields that depend on one space alone, by space: scales and signs.
    own_fields: BTreeMap<SpaceId, (Vec<usize>, Vec<usize>)>,
    entries: Option<u128>,
}

/// Fields of the same dependence that act on common parameters.
#[derive(Debug, Default)]
struct Cluster {
    spaces: Vec<SpaceId>,
    parameters: BTreeSet<ParameterId>,
    scales: Vec<Moves>,
    signs: Vec<Moves>,
}

/// The classes of all elementwise functions of a program.
pub(crate) fn classes(program: &Program) -> BTreeMap<ValueId, FunctionClass> {
    let mut known: Vec<(&sym_ir::Function, FunctionClass)> = Vec::new();
    let mut classes = BTreeMap::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let Operation::Map { function, .. } = &node.operation else { continue };
        let class = if let Some((_, class)) = known.iter().find(|(other, _)| *other == function) {
            class.clone()
        } else {
            let class = FunctionClass::of(function);
            known.push((function, class.clone()));
            class
        };
        classes.insert(ValueId(index as u32), class);
    }
    classes
}

impl<'a> Analysis<'a> {
    pub(crate) fn of(program: &'a Program) -> Self {
        let spaces = Spaces::of(program);
        let frames = Frames::of(program, &spaces);
        let graph = Graph::of(program);
        let classes = classes(program);
        let constants = Constants::of(program, &graph, &classes);
        let movable = |value: ValueId| -> Subset {
            let rank = program.node(value).shape.len().min(31);
            (0..rank)
                .filter(|&axis| spaces.fixed[spaces.of_axis(value, axis) as usize].is_none())
                .fold(0, |mask, axis| mask | 1 << axis)
        };
        let absorbed = |value: ValueId| classes[&value].complement.is_some() && constants.absorbs(value, movable(value));
        let scales = Fields::of(Relations::<Rational>::of(program, &spaces, &classes, &|_| false), &spaces, &frames);
        let signs = Fields::of(Relations::<Parity>::of(program, &spaces, &classes, &absorbed), &spaces, &frames);
        let kernels = RankBounds::of(program, &spaces, &graph, &classes, false).kernels(program, &spaces, &graph);
        let trades = trades(program, &graph, &constants);
        let mut own_fields: BTreeMap<SpaceId, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, field) in scales.fields.iter().enumerate() {
            if let [space] = field.spaces[..] {
                own_fields.entry(space).or_default().0.push(at);
            }
        }
        for (at, field) in signs.fields.iter().enumerate() {
            if let [space] = field.spaces[..] {
                own_fields.entry(space).or_default().1.push(at);
            }
        }
        let entries = program.trainable_entries();
        Self { program, spaces, frames, graph, classes, scales, signs, kernels, trades, own_fields, entries }
    }

    pub(crate) fn symmetries(&self) -> Symmetries {
        let mut names = Names::default();
        let mut spaces = Vec::new();
        let mut claimed = Claimed::default();
        for id in 0..self.spaces.sizes.len() as SpaceId {
            let space = match self.frames.kinds[id as usize] {
                Kind::Linear | Kind::Orthogonal => self.matrices(id, &mut names, &mut claimed),
                Kind::Monomial => self.units(id, &mut names),
                Kind::Fixed => self.fixed(id, &mut names),
            };
            spaces.extend(space);
        }
        spaces.extend(self.rescalings(&mut names));
        spaces.extend(self.constant_trades(&mut names));
        spaces.extend(self.kernel_spaces(&self.uncovered(), &mut names));
        let continuous_dim = spaces.iter().map(|space| space.continuous_dim).fold(0, u128::saturating_add);
        Symmetries { spaces, continuous_dim }
    }

    /// The trainable parameters' axes in a space, in program order.
    fn axes_of(&self, space: SpaceId) -> Vec<(ParameterId, ValueId, usize)> {
        self.spaces.places[space as usize]
            .iter()
            .filter_map(|place| match self.program.node(place.value).operation {
                Operation::Parameter(id) if self.program.parameter(id).trainable => Some((id, place.value, place.axis)),
                _ => None,
            })
            .collect()
    }

    fn symbol(&self, space: SpaceId) -> String {
        let place = self.spaces.places[space as usize][0];
        let symbol = &self.program.node(place.value).shape[place.axis].symbol;
        if symbol.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            symbol.clone()
        } else {
            format!("({symbol})")
        }
    }

    fn matrices(&self, id: SpaceId, names: &mut Names, claimed: &mut Claimed) -> Option<Space> {
        let axes = self.axes_of(id);
        if axes.is_empty() || !claimed.spaces.insert(id) {
            return None;
        }
        let orthogonal = self.frames.kinds[id as usize] == Kind::Orthogonal;
        let dependence = self.scales.dependence.get(&id).cloned().unwrap_or_default();
        // Linear spaces that always occur together are one product space.
        let mut joined = vec![id];
        for &other in &dependence {
            let mutual = self.scales.dependence.get(&other).is_some_and(|back| back.contains(&id));
            if self.frames.kinds[other as usize] == Kind::Linear && mutual && self.occur_together(id, other) {
                joined.push(other);
                claimed.spaces.insert(other);
            }
        }
        let over: Vec<SpaceId> = dependence.into_iter().filter(|other| !joined.contains(other)).collect();
        let size = joined.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let copies = over.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let place_of = |value: ValueId, spaces: &[SpaceId]| -> Vec<usize> {
            let rank = self.program.node(value).shape.len();
            spaces.iter().filter_map(|space| (0..rank).find(|&axis| self.spaces.of_axis(value, axis) == *space)).collect()
        };
        let frames: Vec<MatrixFrame> = axes
            .iter()
            .map(|&(parameter, value, axis)| MatrixFrame {
                parameter,
                axes: if joined.len() == 1 { vec![axis] } else { place_of(value, &joined) },
                over: place_of(value, &over),
                dual: self.frames.dual[self.spaces.place_number(value, axis) as usize],
            })
            .collect();
        let inner = if orthogonal { Group::Orthogonal(size) } else { Group::GeneralLinear(size) };
        let group = if copies > 1 { Group::Wreath { inner: Box::new(inner), copies, permuted: false } } else { inner };
        let acts_on = frames
            .iter()
            .map(|frame| Action {
                parameter: frame.parameter,
                axis: Some(frame.axes[0]),
                frame: if frame.dual { Frame::Dual } else { Frame::Primal },
            })
            .collect();
        let apart: Vec<SpaceId> = joined.iter().chain(&over).copied().collect();
        let orbits = self.orbits(&axes, &apart, |_, _| (true, true));
        let symbol = self.symbol(id);
        let mut reasons = Vec::new();
        if orthogonal {
            reasons.extend(self.frames.reasons[id as usize].as_ref().map(|(value, text)| self.reason(*value, text)));
        } else {
            let text =
                "it is only contracted between two different operands, and nothing but linear maps stands between".to_string();
            reasons.push(self.reason(self.spaces.places[id as usize].last()?.value, &text));
        }
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, id)),
            size,
            class: Class::Linear,
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            states: states(self.entries, &group, size, &symbol, &orbits),
            conserved: conserved(self.program, size, &Generators::Matrices { frames: frames.clone(), orthogonal }),
            kept: None,
            generators: Generators::Matrices { frames, orthogonal },
            status: Status::Derived,
            reasons,
            group,
        })
    }

    fn occur_together(&self, a: SpaceId, b: SpaceId) -> bool {
        let values =
            |space: SpaceId| -> Vec<ValueId> { self.spaces.places[space as usize].iter().map(|place| place.value).collect() };
        values(a) == values(b)
            && self.spaces.places[a as usize].iter().zip(&self.spaces.places[b as usize]).all(|(left, right)| {
                let dual =
                    |place: &crate::spaces::Place| self.frames.dual[self.spaces.place_number(place.value, place.axis) as usize];
                dual(left) == dual(right)
            })
    }

    fn units(&self, id: SpaceId, names: &mut Names) -> Option<Space> {
        let axes = self.axes_of(id);
        if axes.is_empty() {
            return None;
        }
        let size = self.spaces.sizes[id as usize];
        let (own_scales, own_signs) = self.own_fields.get(&id).cloned().unwrap_or_default();
        let scales: Vec<Moves> = own_scales.into_iter().map(|at| self.moves(&self.scales.fields[at])).collect();
        let signs: Vec<Moves> = own_signs.into_iter().map(|at| self.sign_moves(&self.signs.fields[at])).collect();
        let group = Group::of_units(size, scales.len() as u128, signs.len() as u128);
        if group == Group::Trivial {
            return None;
        }
        let affine = scales.iter().any(|field| field.entries.iter().any(|entry| entry.shift))
            || signs.iter().any(|field| !field.complements.is_empty());
        let flips = |parameter: ParameterId, axis: usize| signs.iter().any(|field| acts(field, parameter, axis));
        let scaled = |parameter: ParameterId, axis: usize| {
            scales.iter().any(|field| {
                field.entries.iter().any(|entry| !entry.shift && entry.parameter == parameter && entry.axes == [axis])
            })
        };
        let shifted = |parameter: ParameterId, axis: usize| {
            scales.iter().any(|field| {
                field.entries.iter().any(|entry| entry.shift && entry.parameter == parameter && entry.axes == [axis])
            })
        };
        let acts_on = axes
            .iter()
            .map(|&(parameter, _, axis)| Action {
                parameter,
                axis: Some(axis),
                frame: if shifted(parameter, axis) {
                    Frame::Shift
                } else {
                    Frame::Monomial {
                        degrees: scales.iter().map(|field| degree_at(field, parameter, axis)).collect(),
                        sign: flips(parameter, axis),
                    }
                },
            })
            .collect();
        let orbits = self.orbits(&axes, &[], |parameter, axis| (flips(parameter, axis), scaled(parameter, axis)));
        let symbol = self.symbol(id);
        // Shifts have no fixed points, and the fixed points of affine signs are not kept by gradient descent.
        let linear = if affine { Group::of_units(size, 0, 0) } else { group.clone() };
        let mut reasons: Vec<Reason> = self.frames.reasons[id as usize]
            .iter()
            .filter(|(value, _)| !matches!(self.program.node(*value).operation, Operation::Map { .. }))
            .map(|(value, text)| self.reason(*value, text))
            .collect();
        reasons.extend(self.function_reasons(id));
        let generators =
            Generators::Units { permuted: axes.iter().map(|&(parameter, _, axis)| (parameter, axis)).collect(), scales, signs };
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
            status: Status::Derived,
            reasons,
            group,
        })
    }

    /// A hidden space whose positions frozen tensors or reshapes tell apart: a row that says so.
    fn fixed(&self, id: SpaceId, names: &mut Names) -> Option<Space> {
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

    fn reason(&self, value: ValueId, text: &str) -> Reason {
        Reason { span: self.program.node(value).span, text: text.to_string() }
    }

    /// What the elementwise functions on a space let through.
    fn function_reasons(&self, id: SpaceId) -> Vec<Reason> {
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
            let passes = match class {
                _ if class.exponential.is_some() => "a shift in becomes a scale out",
                FunctionClass { degree: Some(_), odd: true, .. } => "scales and signs pass",
                FunctionClass { degree: Some(_), even: true, .. } => "positive scales pass and signs are forgotten",
                FunctionClass { degree: Some(_), .. } => "positive scales pass, signs do not",
                FunctionClass { odd: true, .. } => "signs pass, scales do not",
                FunctionClass { even: true, .. } => "signs are forgotten, scales do not pass",
                FunctionClass { complement: Some(_), .. } => "signs pass where a later bias takes up the constant",
                _ => "neither scales nor signs pass",
            };
            let turns = if class.half_turn { "; a shift of its bias by π changes the sign as well" } else { "" };
            reasons.push(self.reason(place.value, &format!("`{}` is {}: {passes}{turns}", function.name, class.words())));
        }
        reasons
    }

    /// How a space's group acts on each parameter, for one position of the spaces `apart`.
    fn orbits(
        &self,
        axes: &[(ParameterId, ValueId, usize)],
        apart: &[SpaceId],
        moves: impl Fn(ParameterId, usize) -> (bool, bool),
    ) -> Vec<Orbit> {
        let mut orbits: Vec<Orbit> = Vec::new();
        for &(parameter, value, axis) in axes {
            let (signed, scaled) = moves(parameter, axis);
            if let Some(orbit) = orbits.iter_mut().find(|orbit| orbit.parameter == parameter) {
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
            let symbol: Vec<&str> = rest.iter().map(|axis| axis.symbol.as_str()).collect();
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

    fn entries<'f, F>(&self, field: &'f Field<F>, degree: impl Fn(&F) -> Degree) -> Vec<FieldEntry> {
        field
            .support
            .iter()
            .filter_map(|support: &'f crate::fields::Support<F>| match self.program.node(support.value).operation {
                Operation::Parameter(parameter) => Some(FieldEntry {
                    parameter,
                    axes: support.axes.clone(),
                    degree: degree(&support.coefficient),
                    shift: support.part == Part::Shift,
                }),
                _ => None,
            })
            .collect()
    }

    fn field_sizes<F>(&self, field: &Field<F>) -> Vec<u128> {
        field.spaces.iter().map(|space| self.spaces.sizes[*space as usize]).collect()
    }

    fn moves(&self, field: &Field<Rational>) -> Moves {
        let entries = self.entries(field, |coefficient| Degree {
            numerator: *coefficient.numer() as i64,
            denominator: *coefficient.denom() as i64,
        });
        // Degrees are written as integers, and so that what comes first is multiplied.
        let common = entries.iter().fold(1i64, |all, entry| least_common_multiple(all, entry.degree.denominator));
        let sign = if entries.first().is_some_and(|entry| entry.degree.numerator < 0) { -1 } else { 1 };
        let entries = entries
            .into_iter()
            .map(|entry| {
                let numerator = sign * entry.degree.numerator * (common / entry.degree.denominator);
                FieldEntry { degree: Degree { numerator, denominator: 1 }, ..entry }
            })
            .collect();
        Moves { sizes: self.field_sizes(field), entries, complements: Vec::new() }
    }

    fn sign_moves(&self, field: &Field<Parity>) -> Moves {
        let entries = self.entries(field, |_| Degree { numerator: 1, denominator: 1 });
        let complements = field
            .support
            .iter()
            .filter_map(|support| Some((support.value, support.axes.clone(), self.classes.get(&support.value)?.complement?)))
            .collect();
        Moves { sizes: self.field_sizes(field), entries, complements }
    }

    /// Scales and signs that belong to no permuted space, joined where they act on common parameters.
    fn rescalings(&self, names: &mut Names) -> Vec<Space> {
        let own = |spaces: &[SpaceId]| matches!(spaces, [space] if self.frames.kinds[*space as usize] == Kind::Monomial && !self.axes_of(*space).is_empty());
        let mut clusters: Vec<Cluster> = Vec::new();
        let scales =
            self.scales.fields.iter().filter(|field| !own(&field.spaces)).map(|field| (&field.spaces, self.moves(field), true));
        let signs = self
            .signs
            .fields
            .iter()
            .filter(|field| !own(&field.spaces))
            .map(|field| (&field.spaces, self.sign_moves(field), false));
        for (spaces, moves, positive) in scales.chain(signs) {
            let parameters: BTreeSet<ParameterId> = moves.entries.iter().map(|entry| entry.parameter).collect();
            if parameters.is_empty() {
                continue;
            }
            let known =
                clusters.iter().position(|cluster| cluster.spaces == *spaces && !cluster.parameters.is_disjoint(&parameters));
            let at = known.unwrap_or_else(|| {
                clusters.push(Cluster { spaces: spaces.clone(), ..Cluster::default() });
                clusters.len() - 1
            });
            clusters[at].parameters.extend(parameters);
            let fields = if positive { &mut clusters[at].scales } else { &mut clusters[at].signs };
            fields.push(moves);
        }
        clusters
            .into_iter()
            .map(|Cluster { parameters, scales, signs, .. }| {
                let tuples: u128 = scales
                    .iter()
                    .chain(&signs)
                    .next()
                    .map_or(1, |field| field.sizes.iter().copied().fold(1, u128::saturating_mul));
                let (factors, flips) = (scales.len() as u128, signs.len() as u128);
                let dim = tuples.saturating_mul(factors);
                let group = match (factors, flips) {
                    (0, flips) => Group::Signs(tuples.saturating_mul(flips)),
                    (factors, flips) if flips == factors => Group::Rescaling { dim, signed: true },
                    (_, 0) => Group::Rescaling { dim, signed: false },
                    (_, flips) => {
                        Group::Product(vec![Group::Rescaling { dim, signed: false }, Group::Signs(tuples.saturating_mul(flips))])
                    }
                };
                let parameters: Vec<ParameterId> = parameters.into_iter().collect();
                let affine = scales.iter().any(|field| field.entries.iter().any(|entry| entry.shift));
                let acts_on = parameters
                    .iter()
                    .map(|&parameter| Action {
                        parameter,
                        axis: None,
                        frame: Frame::Monomial {
                            degrees: scales.iter().map(|field| degree_of(field, parameter)).collect(),
                            sign: signs.iter().any(|field| field.entries.iter().any(|entry| entry.parameter == parameter)),
                        },
                    })
                    .collect();
                let spans = parameters.iter().map(|id| Reason {
                    span: self.program.parameter(*id).span,
                    text: format!("`{}` is multiplied with others that can take its scale", self.program.parameter(*id).path),
                });
                let reasons = spans.collect();
                let states = self.closed_gate(&scales, &parameters);
                let generators = Generators::Units { permuted: Vec::new(), scales, signs };
                Space {
                    name: names.unique([names::joined(self.program, &parameters)]),
                    size: tuples,
                    class: if affine { Class::Affine } else { Class::Linear },
                    continuous_dim: group.dimension(),
                    log10_order: group.log10_order(),
                    acts_on,
                    states,
                    conserved: conserved(self.program, tuples, &generators),
                    kept: None,
                    generators,
                    status: Status::Derived,
                    reasons,
                    group,
                }
            })
            .collect()
    }

    /// The fixed set of one position's scale: what it multiplies vanishes.
    fn closed_gate(&self, scales: &[Moves], parameters: &[ParameterId]) -> Vec<crate::symmetries::State> {
        let Some(field) = scales.first().filter(|field| field.entries.iter().all(|entry| !entry.shift)) else {
            return Vec::new();
        };
        let Some(total) = self.entries else { return Vec::new() };
        let mut removed = 0u128;
        let mut terms = Vec::new();
        for entry in &field.entries {
            let parameter = self.program.parameter(entry.parameter);
            let rest: Vec<&sym_ir::Axis> =
                parameter.shape.iter().enumerate().filter(|(axis, _)| !entry.axes.contains(axis)).map(|(_, axis)| axis).collect();
            removed = removed.saturating_add(rest.iter().map(|axis| axis.size).fold(1, u128::saturating_mul));
            let symbols: Vec<&str> = rest.iter().map(|axis| axis.symbol.as_str()).collect();
            terms.push(if symbols.is_empty() { "1".to_string() } else { symbols.join("·") });
        }
        vec![crate::symmetries::State {
            kind: crate::symmetries::StateKind::GateClosed,
            description: format!(
                "one position of `{}` and all that it multiplies vanish",
                names::joined(self.program, parameters)
            ),
            rank: total.saturating_sub(removed),
            removed,
            formula: format!("D − ({})", terms.join(" + ")),
        }]
    }

    fn constant_trades(&self, names: &mut Names) -> Vec<Space> {
        self.trades
            .iter()
            .map(|&(parameter, value)| {
                let declared = self.program.parameter(parameter);
                let size = declared.entries().unwrap_or(u128::MAX);
                Space {
                    name: names.unique([declared.path.clone(), format!("{}.shift", declared.path)]),
                    size,
                    group: Group::Translation(size),
                    class: Class::Affine,
                    continuous_dim: size,
                    log10_order: 0.0,
                    acts_on: vec![Action { parameter, axis: None, frame: Frame::Shift }],
                    states: Vec::new(),
                    conserved: Vec::new(),
                    kept: None,
                    generators: Generators::Trade { parameter },
                    status: Status::Derived,
                    reasons: vec![
                        self.reason(value, "only linear maps stand between it and later biases, which take back any shift of it"),
                    ],
                }
            })
            .collect()
    }

    /// Kernels with the number of directions that no matrix group gives; those of none are left out.
    fn uncovered(&self) -> Vec<(AxisKernel, u128)> {
        let mut groups: BTreeMap<(SpaceId, bool), Vec<&AxisKernel>> = BTreeMap::new();
        let mut kept: Vec<(AxisKernel, u128)> = Vec::new();
        for kernel in &self.kernels {
            let space = self.spaces.of_axis(kernel.value, kernel.axis);
            if self.frames.kinds[space as usize] == Kind::Linear {
                let dual = self.frames.dual[self.spaces.place_number(kernel.value, kernel.axis) as usize];
                groups.entry((space, dual)).or_default().push(kernel);
            } else {
                kept.push((kernel.clone(), kernel.directions));
            }
        }
        for ((space, _), kernels) in groups {
            let size = self.spaces.sizes[space as usize];
            let least = kernels.iter().map(|kernel| kernel.dimension).min().unwrap_or(0);
            let all: u128 = kernels.iter().map(|kernel| kernel.directions).fold(0, u128::saturating_add);
            let columns: u128 =
                kernels.iter().map(|kernel| kernel.directions / kernel.dimension.max(1)).fold(0, u128::saturating_add);
            let mut left = all.saturating_sub(least.saturating_mul(columns.min(size)));
            for kernel in kernels {
                let own = left.min(kernel.directions);
                left -= own;
                if own > 0 {
                    kept.push((kernel.clone(), own));
                }
            }
        }
        kept.sort_by_key(|(kernel, _)| (kernel.parameter, kernel.axis));
        kept
    }

    fn kernel_spaces(&self, kernels: &[(AxisKernel, u128)], names: &mut Names) -> Vec<Space> {
        let mut groups: Vec<(Origin, Vec<&(AxisKernel, u128)>)> = Vec::new();
        for entry in kernels {
            match groups.iter_mut().find(|group| group.0 == entry.0.origin) {
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
                            "what {} reads spans {} of {size} dimensions: weights along the other {dimension} are free",
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
                    conserved: Vec::new(),
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

    fn wire(&self, at: ValueId) -> String {
        let node = self.program.node(at);
        if node.scope.is_empty() { format!("`{}`", node.name) } else { format!("`{}` of `{}`", node.name, node.scope) }
    }

    /// Shifts of the outputs along their last axis, which a cross-entropy forgets: spaces on which the model's own group is trivial.
    pub(crate) fn logit_shifts(&self, known: &Symmetries) -> Vec<Space> {
        let kernels = RankBounds::of(self.program, &self.spaces, &self.graph, &self.classes, true)
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

/// Spaces that have been reported as part of a product space.
#[derive(Debug, Default)]
struct Claimed {
    spaces: BTreeSet<SpaceId>,
}

fn least_common_multiple(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

fn acts(field: &Moves, parameter: ParameterId, axis: usize) -> bool {
    field.entries.iter().any(|entry| entry.parameter == parameter && entry.axes == [axis])
}

fn degree_at(field: &Moves, parameter: ParameterId, axis: usize) -> Degree {
    let entry = field.entries.iter().find(|entry| entry.parameter == parameter && entry.axes == [axis] && !entry.shift);
    entry.map_or(Degree { numerator: 0, denominator: 1 }, |entry| entry.degree)
}

fn degree_of(field: &Moves, parameter: ParameterId) -> Degree {
    let entry = field.entries.iter().find(|entry| entry.parameter == parameter && !entry.shift);
    entry.map_or(Degree { numerator: 0, denominator: 1 }, |entry| entry.degree)
}

/// Parameters whose every shift later biases take back.
fn trades(program: &Program, graph: &Graph, constants: &Constants) -> Vec<(ParameterId, ValueId)> {
    let mut trades = Vec::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let value = ValueId(index as u32);
        let Operation::Parameter(id) = node.operation else { continue };
        let is_bias = matches!(graph.uses(value), [reader] if matches!(program.node(reader.by).operation, Operation::Add { .. })
            && program.node(reader.by).batched);
        let everything: Subset = (0..node.shape.len().min(31)).fold(0, |mask, axis| mask | 1 << axis);
        if is_bias && program.parameter(id).trainable && graph.is_read_once(id, value) && constants.absorbs(value, everything) {
            trades.push((id, value));
        }
    }
    trades
}

impl Space {
    /// The number of directions of kernels, without regard to overlaps.
    pub(crate) fn directions(&self, program: &Program) -> u128 {
        let Generators::Kernels { axes } = &self.generators else { return 0 };
        axes.iter()
            .map(|(parameter, axis, dimension)| {
                let shape = &program.parameter(*parameter).shape;
                let rest = shape.iter().enumerate().filter(|(other, _)| other != axis).map(|(_, axis)| axis.size);
                rest.fold(*dimension, u128::saturating_mul)
            })
            .fold(0, u128::saturating_add)
    }
}
