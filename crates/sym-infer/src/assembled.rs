//! Weights that a program assembles from parameters: joined parts, some of them frozen, and trainable entries beside a frozen summand.
//!
//! Where each entry of such a weight is an entry of one parameter times a factor, plus what is frozen, the model has the symmetries of the
//! model with a free parameter in its place, with two exceptions: elements that move frozen entries are none, and beside a frozen
//! summand θ₀ they act about −θ₀. Of a matrix group acting on a weight with frozen entries those generators survive that keep them at
//! θ; they depend on θ.

use crate::frames::Family;
use crate::graph::Graph;
use crate::infer::Analysis;
use crate::symmetries::{Action, Class, Frame, Generators, Group, Space, Status, Symmetries};
use sym_ir::{Initial, Operation, Parameter, ParameterId, Program, Role, Storage, ValueId};

/// A weight of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// The value.
    pub value: ValueId,
    /// The parameter that stands for it in [`Assembly::program`].
    pub whole: ParameterId,
    /// Its parts.
    pub blocks: Vec<Block>,
    /// Whether a frozen summand is added to trainable entries.
    pub shifted: bool,
}

/// A rectangular part of a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// First position, by axis.
    pub start: Vec<u128>,
    /// Number of positions, by axis.
    pub size: Vec<u128>,
    /// The parameter that it is made of; `None` where it is frozen.
    pub leaf: Option<Leaf>,
}

/// A parameter as a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The parameter.
    pub parameter: ParameterId,
    /// For each of its axes that of the whole.
    pub axes: Vec<usize>,
    /// The part is this factor times the parameter.
    pub factor: f64,
}

/// A program with free parameters in place of weights that it assembles.
#[derive(Debug, Clone)]
pub struct Assembly {
    /// That program. Values and parameters keep their numbers.
    pub program: Program,
    /// The weights.
    pub weights: Vec<Assembled>,
}

impl Assembly {
    /// With free parameters for weights without frozen parts, or (`frozen`) for all. `None` if there are no such weights.
    pub fn of(program: &Program, frozen: bool) -> Option<Self> {
        let assembles =
            |node: &sym_ir::Node| !node.batched && matches!(node.operation, Operation::Add { .. } | Operation::Concat { .. });
        if !program.nodes.iter().any(assembles) {
            return None;
        }
        let graph = Graph::of(program);
        let fixed = fixed_values(program);
        let mut inner = vec![false; program.nodes.len()];
        let mut found: Vec<(ValueId, Vec<Block>, bool)> = Vec::new();
        for index in (0..program.nodes.len()).rev() {
            let value = ValueId(index as u32);
            if inner[index] || fixed[index] || !assembles(&program.nodes[index]) || !graph.is_read(value) {
                continue;
            }
            let mut shifted = false;
            let Some(blocks) = blocks(program, &graph, &fixed, value, 0, &mut shifted, &mut inner) else { continue };
            if frozen || blocks.iter().all(|block| block.leaf.is_some()) {
                found.push((value, blocks, shifted));
            }
        }
        if found.is_empty() {
            return None;
        }
        let mut with = program.clone();
        let mut weights = Vec::new();
        for (value, blocks, shifted) in found.into_iter().rev() {
            let whole = ParameterId(with.parameters.len() as u32);
            let leaves: Vec<ParameterId> = blocks.iter().filter_map(|block| Some(block.leaf.as_ref()?.parameter)).collect();
            let node = &mut with.nodes[value.0 as usize];
            node.operation = Operation::Parameter(whole);
            let (shape, span) = (node.shape.clone(), node.span);
            let paths: Vec<&str> = leaves.iter().map(|leaf| program.parameter(*leaf).path.as_str()).collect();
            let path = if shifted { format!("({} + θ₀)", paths.join("; ")) } else { format!("[{}]", paths.join("; ")) };
            with.parameters.push(Parameter {
                storage: Storage::plain(&path, shape.len()),
                path,
                shape,
                trainable: true,
                initial: Initial::Constant(0.0),
                role: Role::default(),
                span,
            });
            for leaf in leaves {
                with.parameters[leaf.0 as usize].trainable = false;
            }
            weights.push(Assembled { value, whole, blocks, shifted });
        }
        Some(Self { program: with, weights })
    }

    fn weight(&self, parameter: ParameterId) -> Option<&Assembled> {
        self.weights.iter().find(|weight| weight.whole == parameter)
    }

    /// Rows of this program as rows of the one that it stands for.
    fn translated(&self, space: Space) -> Space {
        let touched: Vec<&Assembled> = space.acts_on.iter().filter_map(|action| self.weight(action.parameter)).collect();
        let shifted = touched.iter().any(|weight| weight.shifted);
        let mut acts_on: Vec<Action> = space.acts_on.iter().flat_map(|action| self.actions(action)).collect();
        let moved = |action: &Action| self.weight(action.parameter).is_some();
        let whole = |action: &Action| self.actions(action).iter().all(|own| own.axis.is_some());
        let split = space.acts_on.iter().any(|action| action.axis.is_some() && moved(action) && !whole(action));
        // Units whose weights lie in several parameters, or about −θ₀, are not positions of any one axis.
        if split || shifted {
            acts_on.iter_mut().for_each(|action| action.axis = None);
        }
        Space {
            class: if shifted && space.class == Class::Linear { Class::Affine } else { space.class },
            states: if shifted || split { Vec::new() } else { space.states },
            acts_on,
            generators: match space.generators {
                // What does not look at the program stays as it is.
                generators @ (Generators::Matrices { .. } | Generators::Parallel { .. } | Generators::Branches { .. })
                    if touched.is_empty() =>
                {
                    generators
                }
                Generators::Turns { halves, whole }
                    if touched.is_empty() && halves.iter().all(|half| half.signs.complements.is_empty()) =>
                {
                    Generators::Turns { halves, whole }
                }
                Generators::Units { permuted, scales, signs }
                    if touched.is_empty()
                        && scales.iter().chain(&signs).all(|field| field.complements.is_empty() && field.offsets.is_empty()) =>
                {
                    Generators::Units { permuted, scales, signs }
                }
                generators => Generators::Assembled { inner: Box::new(generators), frozen: false },
            },
            ..space
        }
    }

    /// What an action on a whole does to its parts: the same along an axis that every part has whole, a shift of entries otherwise.
    fn actions(&self, action: &Action) -> Vec<Action> {
        let Some(weight) = self.weight(action.parameter) else { return vec![action.clone()] };
        let shape = &self.program.parameter(weight.whole).shape;
        let leaves = weight.blocks.iter().filter_map(|block| Some((block, block.leaf.as_ref()?)));
        leaves
            .map(|(block, leaf)| {
                let whole = action.axis.filter(|axis| block.size[*axis] == shape[*axis].size && !weight.shifted);
                let axis = whole.and_then(|axis| leaf.axes.iter().position(|own| *own == axis));
                let frame = if weight.shifted { Frame::Shift } else { action.frame.clone() };
                Action { parameter: leaf.parameter, axis, frame }
            })
            .collect()
    }

    /// The generators of a matrix group that keep frozen entries where they are.
    fn cut(&self, space: Space) -> Option<Space> {
        let Generators::Matrices { frames, family: Family::General, gains } = &space.generators else { return None };
        let cut: Vec<_> = frames.iter().filter(|frame| self.has_frozen(frame.parameter)).collect();
        let first = cut.first()?;
        let plain = frames.iter().all(|frame| frame.gains.is_empty() && frame.over.is_empty() && frame.axes.len() == 1);
        if !gains.is_empty() || !plain || cut.iter().any(|frame| frame.dual != first.dual) {
            return None;
        }
        let size = space.size;
        let mut marks: Vec<u128> = vec![0, size];
        let mut frozen: Vec<(u128, u128, u128)> = Vec::new();
        for frame in &cut {
            let axis = frame.axes[0];
            for block in &self.weight(frame.parameter)?.blocks {
                if block.leaf.is_none() {
                    let (from, to) = (block.start[axis], block.start[axis] + block.size[axis]);
                    let rest = block.size.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, size)| *size);
                    frozen.push((from, to, rest.fold(1, u128::saturating_mul)));
                    marks.extend([from, to]);
                }
            }
        }
        marks.sort_unstable();
        marks.dedup();
        // Each frozen entry of a row is one condition on that row of the generator.
        let left = marks.windows(2).map(|range| {
            let here = frozen.iter().filter(|(from, to, _)| *from <= range[0] && range[1] <= *to);
            let conditions = here.map(|(_, _, count)| *count).fold(0, u128::saturating_add);
            (range[1] - range[0]).saturating_mul(size.saturating_sub(conditions))
        });
        let left = left.fold(0, u128::saturating_add);
        let conditions = space.continuous_dim.saturating_sub(left);
        let mut reasons = space.reasons.clone();
        if let Some(reason) = reasons.first_mut() {
            reason.span = self.program.node(self.weight(first.parameter)?.value).span;
            reason.text = format!("frozen entries leave {left} of the {} dimensions of {}", space.continuous_dim, space.group);
        }
        (left > 0 && conditions > 0).then(|| Space {
            name: format!("{}.cut", space.name),
            group: Group::Directions(left),
            class: Class::Affine,
            continuous_dim: left,
            log10_order: 0.0,
            acts_on: space
                .acts_on
                .iter()
                .flat_map(|action| self.actions(action))
                .map(|action| Action { axis: None, frame: Frame::Shift, ..action })
                .collect(),
            states: Vec::new(),
            conserved: Vec::new(),
            generators: Generators::Assembled { inner: Box::new(space.generators.clone()), frozen: true },
            status: Status::Derived,
            reasons,
            ..space
        })
    }

    fn has_frozen(&self, parameter: ParameterId) -> bool {
        self.weight(parameter).is_some_and(|weight| weight.blocks.iter().any(|block| block.leaf.is_none()))
    }
}

/// Nested parts that are looked into.
const NESTED: usize = 32;

/// All symmetries of a program, with those of weights that it assembles; D is the number of trainable entries.
pub(crate) fn symmetries(program: &Program, entries: Option<u128>) -> Symmetries {
    let mut symmetries = match Assembly::of(program, false) {
        None => {
            let mut analysis = Analysis::of(program);
            analysis.entries = entries;
            analysis.symmetries()
        }
        Some(assembly) => {
            let mut analysis = Analysis::of(&assembly.program);
            analysis.entries = entries;
            let Symmetries { spaces, continuous_dim } = analysis.symmetries();
            Symmetries { spaces: spaces.into_iter().map(|space| assembly.translated(space)).collect(), continuous_dim }
        }
    };
    if let Some(assembly) = Assembly::of(program, true)
        && assembly.weights.iter().any(|weight| assembly.has_frozen(weight.whole))
    {
        let known = Analysis::of(&assembly.program).symmetries();
        let cut: Vec<Space> = known.spaces.into_iter().filter_map(|space| assembly.cut(space)).collect();
        symmetries.continuous_dim += cut.iter().map(|space| space.continuous_dim).sum::<u128>();
        symmetries.spaces.extend(cut);
    }
    symmetries
}

/// Values that depend on nothing but frozen tensors and numbers.
fn fixed_values(program: &Program) -> Vec<bool> {
    let mut fixed: Vec<bool> = Vec::with_capacity(program.nodes.len());
    for node in &program.nodes {
        fixed.push(match &node.operation {
            Operation::Input(_) => false,
            Operation::Parameter(id) => !program.parameter(*id).trainable,
            other => !node.batched && other.operands().iter().all(|operand| fixed[operand.0 as usize]),
        });
    }
    fixed
}

/// The parts of a weight; `None` if an entry of it is more than a trainable one and what is frozen.
fn blocks(
    program: &Program,
    graph: &Graph,
    fixed: &[bool],
    value: ValueId,
    depth: usize,
    shifted: &mut bool,
    inner: &mut [bool],
) -> Option<Vec<Block>> {
    let node = program.node(value);
    let size: Vec<u128> = node.shape.iter().map(|axis| axis.size).collect();
    let start = vec![0; size.len()];
    if fixed[value.0 as usize] {
        return Some(vec![Block { start, size, leaf: None }]);
    }
    let alone = graph.uses(value).len() == 1 && !graph.is_output(value);
    if depth > 0 && !alone || depth > NESTED {
        return None;
    }
    let mut within = |part: ValueId| {
        inner[part.0 as usize] = true;
        blocks(program, graph, fixed, part, depth + 1, shifted, inner)
    };
    match &node.operation {
        Operation::Parameter(id) if graph.is_read_once(*id, value) => {
            let leaf = Leaf { parameter: *id, axes: (0..size.len()).collect(), factor: 1.0 };
            Some(vec![Block { start, size, leaf: Some(leaf) }])
        }
        Operation::Concat { values, axis } => {
            let mut all = Vec::new();
            let mut before = 0;
            for &part in values {
                for mut block in within(part)? {
                    block.start[*axis] += before;
                    all.push(block);
                }
                before += program.node(part).shape[*axis].size;
            }
            Some(all)
        }
        Operation::Add { terms, .. } => {
            let mut trainable = terms.iter().filter(|term| !fixed[term.value.0 as usize]);
            let (Some(term), None) = (trainable.next(), trainable.next()) else { return None };
            if term.axes.len() != size.len() || term.coefficient == 0.0 {
                return None;
            }
            let parts = within(term.value)?;
            *shifted = true;
            let moved = |block: Block| {
                let mut moved = Block { start: start.clone(), size: size.clone(), leaf: block.leaf };
                for (own, &axis) in term.axes.iter().enumerate() {
                    (moved.start[axis], moved.size[axis]) = (block.start[own], block.size[own]);
                }
                if let Some(leaf) = &mut moved.leaf {
                    leaf.axes.iter_mut().for_each(|axis| *axis = term.axes[*axis]);
                    leaf.factor *= term.coefficient;
                }
                moved
            };
            Some(parts.into_iter().map(moved).collect())
        }
        _ => None,
    }
}
