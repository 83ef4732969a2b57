//! Skips beside a matrix, or a gain, that reads the same value: `h + W h` is (W + 1) h.
//!
//! Without the skip, what stands before and behind the matrix are two spaces instead of one, each with a group of its own that acts on W
//! about −1. The group that acts on both alike is the one that the program as written has: it is linear and has symmetric states, so its
//! row stays, and what more there is makes rows beside it.

use crate::action::Weights;
use crate::action::context::sizes;
use crate::action::tensor::Tensor;
use crate::graph::Graph;
use crate::reparametrised;
use crate::spaces::repeats;
use crate::symmetries::{Action, Class, Frame, Generators, Space, Symmetries};
use std::collections::BTreeSet;
use sym_ir::{Label, Operand, Operation, ParameterId, Program, Term};

/// Nested sums that are looked through.
const NESTED: usize = 6;

/// A program without its skips.
#[derive(Debug, Clone)]
pub(crate) struct Skips {
    /// The program, with the same parameters.
    pub program: Program,
    matrices: Vec<Skip>,
}

/// A matrix that has taken a skip up.
#[derive(Debug, Clone)]
struct Skip {
    parameter: ParameterId,
    /// Of a matrix its axis in the sum and its summed axis; `None` of a gain, each entry of which takes the skip up.
    axes: Option<(usize, usize)>,
    /// The multiple of 1 that it has taken up.
    amount: f64,
}

/// A matrix in a sum, by whose terms it is reached.
struct Found {
    parameter: ParameterId,
    /// Of a matrix its axis in the sum and its summed axis; `None` of a gain, each entry of which takes the skip up.
    axes: Option<(usize, usize)>,
    /// The sum changes by this factor times the product.
    factor: f64,
}

impl Skips {
    /// `None` where no matrix stands beside a skip.
    pub fn of(program: &Program) -> Option<Self> {
        let graph = Graph::of(program);
        let mut matrices: Vec<Skip> = Vec::new();
        let mut without: Option<Program> = None;
        for index in 0..program.nodes.len() {
            let Operation::Add { terms, .. } = &program.nodes[index].operation else { continue };
            let taken = |found: &Found| matrices.iter().any(|skip| skip.parameter == found.parameter);
            let skip = terms.iter().enumerate().find_map(|(at, skip)| {
                let others = terms.iter().enumerate().filter(|(other, _)| *other != at);
                let found = others
                    .filter_map(|(_, term)| beside(program, &graph, skip, term, &|axis| axis, 1.0, NESTED))
                    .find(|found| !taken(found));
                found.map(|found| (at, skip.coefficient / found.factor, found))
            });
            let Some((at, amount, Found { parameter, axes, .. })) = skip.filter(|skip| skip.1 != 0.0) else { continue };
            matrices.push(Skip { parameter, axes, amount });
            if let Operation::Add { terms, .. } = &mut without.get_or_insert_with(|| program.clone()).nodes[index].operation {
                terms.remove(at);
            }
        }
        without.map(|program| Self { program, matrices })
    }

    /// Weights of the given program as weights of this one.
    pub fn lifted(&self, weights: &Weights) -> Weights {
        self.shifted(weights.clone(), 1.0)
    }

    /// Weights of this program as weights of the given one.
    pub fn lowered(&self, weights: Weights) -> Weights {
        self.shifted(weights, -1.0)
    }

    fn shifted(&self, mut weights: Weights, factor: f64) -> Weights {
        for Skip { parameter, axes, amount } in &self.matrices {
            let values = &mut weights.values[parameter.0 as usize];
            let Some((row, column)) = axes else {
                values.iter_mut().for_each(|entry| *entry += factor * amount);
                continue;
            };
            let shape = sizes(&self.program.parameter(*parameter).shape);
            let strides = Tensor::strides(&shape);
            (0..shape[*row]).for_each(|at| values[at * (strides[*row] + strides[*column])] += factor * amount);
        }
        weights
    }

    /// The rows of this program that move a matrix beside a skip, as rows of the given one.
    fn rows(&self) -> Vec<Space> {
        let matrices: BTreeSet<ParameterId> = self.matrices.iter().map(|skip| skip.parameter).collect();
        let mut rows = reparametrised::symmetries(&self.program).spaces;
        rows.retain(|space| space.acts_on.iter().any(|action| matrices.contains(&action.parameter)));
        rows
    }
}

/// A row of the program without skips as one of the program that has them.
fn translated(space: Space) -> Space {
    let class = if space.class == Class::Bottleneck { Class::Bottleneck } else { Class::Affine };
    Space {
        name: format!("{}.beside_skip", space.name),
        class,
        acts_on: space.acts_on.iter().map(|action| Action { frame: Frame::Shift, ..action.clone() }).collect(),
        states: Vec::new(),
        conserved: Vec::new(),
        generators: Generators::Skipless { inner: Box::new(space.generators) },
        ..space
    }
}

/// All symmetries of a program, with what its matrices beside skips add.
pub(crate) fn symmetries(program: &Program) -> Symmetries {
    let Symmetries { mut spaces, mut continuous_dim } = reparametrised::symmetries(program);
    let Some(skips) = Skips::of(program) else { return Symmetries { spaces, continuous_dim } };
    let same = |one: &Space, other: &Space| one.group == other.group && one.acts_on == other.acts_on;
    let mut more = skips.rows();
    more.retain(|row| !spaces.iter().any(|known| same(known, row)));
    // A group on the whole stream is the product of those on its parts: with it, all of them but one say the rest.
    for known in &spaces {
        let places = |space: &Space| space.acts_on.iter().map(|action| (action.parameter, action.axis)).collect::<BTreeSet<_>>();
        let whole = places(known);
        let parts: Vec<usize> =
            (0..more.len()).filter(|&at| more[at].group == known.group && places(&more[at]).is_subset(&whole)).collect();
        let together: BTreeSet<_> = parts.iter().flat_map(|&at| places(&more[at])).collect();
        if parts.len() > 1 && together == whole {
            more.remove(parts[0]);
        }
    }
    for row in more.into_iter().map(translated) {
        continuous_dim = continuous_dim.saturating_add(row.continuous_dim);
        spaces.push(row);
    }
    Symmetries { spaces, continuous_dim }
}

/// The matrix in a term that reads what the skip adds and adds it along the same axes.
fn beside(
    program: &Program,
    graph: &Graph,
    skip: &Term,
    term: &Term,
    outer: &dyn Fn(usize) -> usize,
    factor: f64,
    depth: usize,
) -> Option<Found> {
    let value = term.value;
    let factor = factor * term.coefficient;
    if factor == 0.0 || graph.uses(value).len() != 1 || graph.is_output(value) {
        return None;
    }
    let along = |axis: usize| outer(term.axes[axis]);
    match &program.node(value).operation {
        Operation::Add { terms, .. } if depth > 0 => {
            terms.iter().find_map(|inner| beside(program, graph, skip, inner, &along, factor, depth - 1))
        }
        Operation::Einsum { operands, output, coefficient } if *coefficient != 0.0 => {
            let [left, right] = operands.as_slice() else { return None };
            [(left, right), (right, left)].into_iter().find_map(|(weight, source)| {
                let gain = gain(program, graph, skip, weight, source, output, &along).map(|parameter| (parameter, None));
                let (parameter, axes) = gain.or_else(|| {
                    let (parameter, axes) = matrix(program, graph, skip, weight, source, output, &along)?;
                    Some((parameter, Some(axes)))
                })?;
                Some(Found { parameter, axes, factor: factor * coefficient })
            })
        }
        _ => None,
    }
}

/// A free matrix between the value of a skip and what the skip is added to.
fn matrix(
    program: &Program,
    graph: &Graph,
    skip: &Term,
    weight: &Operand,
    source: &Operand,
    output: &[Label],
    along: &dyn Fn(usize) -> usize,
) -> Option<(ParameterId, (usize, usize))> {
    let Operation::Parameter(parameter) = program.node(weight.value).operation else { return None };
    let free = program.parameter(parameter).trainable && graph.is_read_once(parameter, weight.value);
    let [first, second] = weight.labels[..] else { return None };
    if !free || source.value != skip.value || first == second || repeats(&source.labels) {
        return None;
    }
    let axes = if source.labels.contains(&second) { (0, 1) } else { (1, 0) };
    let (kept, summed) = (weight.labels[axes.0], weight.labels[axes.1]);
    let shape = &program.node(weight.value).shape;
    let plain = !source.labels.contains(&kept) && source.labels.contains(&summed) && !output.contains(&summed);
    if !plain || shape[0].size != shape[1].size || output.len() != source.labels.len() {
        return None;
    }
    let same = source.labels.iter().zip(&skip.axes).all(|(label, target)| {
        let label = if *label == summed { kept } else { *label };
        output.iter().position(|other| *other == label).is_some_and(|axis| along(axis) == *target)
    });
    same.then_some((parameter, axes))
}

/// A free gain of the value of a skip, entry by entry or the same along some axes.
fn gain(
    program: &Program,
    graph: &Graph,
    skip: &Term,
    weight: &Operand,
    source: &Operand,
    output: &[Label],
    along: &dyn Fn(usize) -> usize,
) -> Option<ParameterId> {
    let Operation::Parameter(parameter) = program.node(weight.value).operation else { return None };
    let free = program.parameter(parameter).trainable && graph.is_read_once(parameter, weight.value);
    let within = weight.labels.iter().all(|label| source.labels.contains(label));
    let plain = !repeats(&weight.labels) && !repeats(&source.labels) && output.len() == source.labels.len();
    if !free || !within || !plain || source.value != skip.value {
        return None;
    }
    let same = source
        .labels
        .iter()
        .zip(&skip.axes)
        .all(|(label, target)| output.iter().position(|other| other == label).is_some_and(|axis| along(axis) == *target));
    same.then_some(parameter)
}
