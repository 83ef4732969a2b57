//! The whole analysis: relations, their solutions, and the table of symmetries that they make.

mod antisymmetric;
mod branches;
mod constants;
mod derivation;
mod directions;
mod forms;
mod lookup;
mod matrices;
mod moves;
mod parallel;
mod rescalings;
mod turns;
mod units;

pub use derivation::{Decision, Derivation, Step, derivations};

use crate::centres::Centres;
use crate::class::FunctionClass;
use crate::constants::Constants;
use crate::cuts::with_cuts;
use crate::fields::Fields;
use crate::frames::{Family, Frames, Kind};
use crate::graph::Graph;
use crate::kernels::{AxisKernel, RankBounds};
use crate::masks::with_masks;
use crate::names::Names;
use crate::nullspace::{Parity, Rational};
use crate::paths::Paths;
use crate::paths::shifts::Shift;
use crate::relations::{Relations, Subset};
use crate::skips;
use crate::spaces::{SpaceId, Spaces};
use crate::splits::with_splits;
use crate::symmetries::{Degree, Field as Moves, Generators, Space, Symmetries};
use crate::turns::Phase;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// All symmetries of a program that the rules of this crate derive.
pub fn infer(program: &Program) -> Symmetries {
    with_masks(&with_derivatives_as_data(program), |program| {
        with_cuts(program, |program| with_splits(program, of_axes_as_they_are))
    })
}

/// The program with all that operations of derivatives lead to batched: a sum over the batch has no batch and changes with the data
/// all the same, so that it is no value of weights alone.
fn with_derivatives_as_data(program: &Program) -> Cow<'_, Program> {
    let is_derivative = |node: &sym_ir::Node| matches!(node.operation, Operation::Adjoint(_));
    if !program.nodes.iter().any(is_derivative) {
        return Cow::Borrowed(program);
    }
    let mut marked = program.clone();
    for at in 0..marked.nodes.len() {
        let operands = marked.nodes[at].operation.operands();
        let data = is_derivative(&marked.nodes[at]) || operands.iter().any(|operand| marked.node(*operand).batched);
        marked.nodes[at].batched |= data;
    }
    Cow::Owned(marked)
}

/// The symmetries of a program whose axes are neither cut nor split.
fn of_axes_as_they_are(program: &Program) -> Symmetries {
    let Some(centres) = Centres::of(program) else { return skips::symmetries(program) };
    let mut symmetries = skips::symmetries(&centres.program);
    symmetries.spaces = symmetries.spaces.into_iter().flat_map(|space| centres.translated(space)).collect();
    symmetries
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
    phases: Vec<Phase>,
    /// Signs with half turns of phases.
    turns: Fields<Parity>,
    kernels: Vec<AxisKernel>,
    shifts: Vec<Shift>,
    constants: Constants,
    /// Numbers of the kernels, and of the shifts, of each parameter.
    of_parameter: BTreeMap<ParameterId, (Vec<usize>, Vec<usize>)>,
    /// Numbers of the fields that depend on one space alone, by space: scales and signs.
    own_fields: BTreeMap<SpaceId, (Vec<usize>, Vec<usize>)>,
    /// D.
    pub(crate) entries: Option<u128>,
}

/// Fields of the same dependence that act on common parameters.
#[derive(Debug, Default)]
struct Cluster {
    parameters: BTreeSet<ParameterId>,
    scales: Vec<Moves>,
    signs: Vec<Moves>,
    /// Whether a scale is forgotten only up to the ε of a norm.
    approximate: bool,
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
        let graph = Graph::of(program);
        let classes = classes(program);
        let frames = Frames::of(program, &spaces, &graph, &classes);
        let paths = Paths::of(program, &graph, &classes);
        let movable = |value: ValueId| -> Subset {
            let rank = program.node(value).shape.len().min(31);
            (0..rank)
                .filter(|&axis| spaces.fixed[spaces.of_axis(value, axis) as usize].is_none())
                .fold(0, |mask, axis| mask | 1 << axis)
        };
        // What is left behind where one number acts along two axes of a value is not the sum of what each leaves.
        let once = |value: ValueId| {
            let own = spaces.of_value(value);
            let free = |space: SpaceId| spaces.fixed[space as usize].is_none();
            !own.iter().enumerate().any(|(at, space)| free(*space) && own[..at].contains(space))
        };
        let absorbed =
            |value: ValueId| classes[&value].complement.is_some() && once(value) && paths.absorbs(value, movable(value));
        let phases = crate::turns::phases(program, &graph, &classes);
        let additive = Paths::additive(program, &graph, &classes);
        let taken = |value: ValueId, axes: Subset| once(value) && additive.absorbs(value, axes);
        // Scales need none of the rest but what is taken back behind frozen terms: they are solved beside it.
        let (scales, signs, turns, kernels, shifts, constants) = std::thread::scope(|scope| {
            let scales = scope.spawn(|| {
                let additive = Paths::additive(program, &graph, &classes);
                let taken = |value: ValueId, axes: Subset| once(value) && additive.absorbs(value, axes);
                Fields::of(Relations::<Rational>::of(program, &spaces, &classes, &|_| false, &taken), &spaces, &frames)
            });
            let signs = Fields::of(Relations::<Parity>::of(program, &spaces, &classes, &absorbed, &taken), &spaces, &frames);
            let turns = if phases.iter().any(|phase| phase.half.is_some()) {
                Fields::of(Relations::with_turns(program, &spaces, &classes, &absorbed, &taken, &phases), &spaces, &frames)
            } else {
                Fields { fields: Vec::new() }
            };
            let kernels = RankBounds::of(program, &spaces, &graph, &classes, &paths, false).kernels(program, &spaces, &graph);
            // Matrices on the axis of such a value do all that and more, unless it is a sum that a skip is added to.
            let is_linear = |(value, axis): &(ValueId, usize)| {
                let beside = match &program.node(*value).operation {
                    Operation::Add { terms, .. } => terms.iter().filter(|term| program.node(term.value).batched).count() > 1,
                    _ => false,
                };
                !beside && frames.kinds[spaces.of_axis(*value, *axis) as usize] == Kind::Matrix(Family::General)
            };
            let mut shifts = shifts(program, &paths, &kernels);
            shifts.retain(|shift| !shift.recovered.iter().any(is_linear));
            let constants = Constants::of(&paths);
            let scales = scales.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (scales, signs, turns, kernels, shifts, constants)
        });
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
        let mut of_parameter: BTreeMap<ParameterId, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, kernel) in kernels.iter().enumerate() {
            of_parameter.entry(kernel.parameter).or_default().0.push(at);
        }
        for (at, shift) in shifts.iter().enumerate() {
            of_parameter.entry(shift.parameter).or_default().1.push(at);
        }
        let entries = program.trainable_entries();
        Self {
            program,
            spaces,
            frames,
            graph,
            classes,
            scales,
            signs,
            phases,
            turns,
            kernels,
            shifts,
            constants,
            of_parameter,
            own_fields,
            entries,
        }
    }

    pub(crate) fn symmetries(&self) -> Symmetries {
        let spaces: Vec<Space> = self.rows().into_iter().map(|(_, space)| space).collect();
        let continuous_dim = spaces.iter().map(|space| space.continuous_dim).fold(0, u128::saturating_add);
        Symmetries { spaces, continuous_dim }
    }

    /// The rows of the table, each with the index space that it is about, where it is about one.
    fn rows(&self) -> Vec<(Option<SpaceId>, Space)> {
        let mut names = Names::default();
        let (mut ids, mut spaces) = (Vec::new(), Vec::new());
        let mut claimed = Claimed::default();
        let parallel = self.parallel();
        for id in 0..self.spaces.sizes.len() as SpaceId {
            let space = match self.frames.kinds[id as usize] {
                Kind::Matrix(_) | Kind::Monomial if claimed.spaces.contains(&id) => None,
                Kind::Matrix(_) if parallel.contains_key(&id) => {
                    claimed.spaces.extend(&parallel[&id]);
                    self.parallel_space(&parallel[&id], &mut names)
                }
                Kind::Matrix(family) => self.matrices(id, family, &mut names, &mut claimed),
                Kind::Monomial => self.units(id, &mut names, &mut claimed),
                Kind::Fixed => self.fixed(id, &mut names),
            };
            ids.extend(space.is_some().then_some(id));
            spaces.extend(space);
        }
        spaces.extend(self.forms(&mut names));
        spaces.extend(self.rescalings(&mut names));
        spaces.extend(self.antisymmetric_changes(&mut names));
        let trades = self.trades(&spaces, &mut names);
        spaces.extend(trades);
        spaces.extend(self.constant_spaces(&mut names));
        spaces.extend(self.kernel_spaces(&self.uncovered(), &mut names));
        spaces.extend(self.turn_rows(&mut names));
        let branches = self.branches(&spaces, &mut names);
        spaces.extend(branches);
        ids.into_iter().map(Some).chain(std::iter::repeat(None)).zip(spaces).collect()
    }

    /// The trainable parameters' axes in a space, in program order.
    fn axes_of(&self, space: SpaceId) -> Vec<(ParameterId, ValueId, usize)> {
        self.spaces.places[space as usize]
            .iter()
            .filter_map(|place| match self.program.node(place.value).operation {
                Operation::Parameter(id) if self.program.parameter(id).trainable && self.graph.is_read(place.value) => {
                    Some((id, place.value, place.axis))
                }
                _ => None,
            })
            .collect()
    }

    fn symbol(&self, space: SpaceId) -> String {
        let place = self.spaces.places[space as usize][0];
        let symbol = &self.program.node(place.value).shape[place.axis].symbol;
        if symbol.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            symbol.to_string()
        } else {
            format!("({symbol})")
        }
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

fn degree_of(field: &Moves, parameter: ParameterId) -> Degree {
    let entry = field.entries.iter().find(|entry| entry.parameter == parameter && !entry.shift);
    entry.map_or(Degree { numerator: 0, denominator: 1 }, |entry| entry.degree)
}

/// The shifts that no kernel of the same axis gives already.
fn shifts(program: &Program, paths: &Paths, kernels: &[AxisKernel]) -> Vec<Shift> {
    let taken: BTreeSet<(ParameterId, usize)> = kernels.iter().map(|kernel| (kernel.parameter, kernel.axis)).collect();
    let mut shifts = paths.shifts();
    shifts.retain(|shift| {
        let mut even = (0..program.parameter(shift.parameter).shape.len()).filter(|axis| !shift.axes.contains(axis));
        even.all(|axis| !taken.contains(&(shift.parameter, axis)))
    });
    shifts
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
