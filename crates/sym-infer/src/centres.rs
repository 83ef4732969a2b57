//! Parameters with a frozen centre: a sum of a trainable tensor and frozen ones is as free as the tensor alone.
//!
//! In W + W₀ with W₀ frozen (or 1 + γ) every symmetry of the sum is one of the model; it acts on W about −W₀, so it is affine in θ. The
//! analysis works on the program without the frozen summands, the action moves weights there and back.

use crate::action::Weights;
use crate::action::context::{Context, add_along};
use crate::action::tensor::Tensor;
use crate::graph::Graph;
use crate::infer::classes;
use crate::symmetries::{Action, Class, Field, Frame, Generators, Group, Space, State, StateKind, UnitAxis};
use std::collections::BTreeSet;
use sym_ir::{Operation, ParameterId, Program, Term, ValueId};

/// A program without frozen summands, and what they were.
#[derive(Debug, Clone)]
pub struct Centres {
    /// The program, with the same parameters.
    pub program: Program,
    centres: Vec<Centre>,
}

/// What stands beside a trainable tensor.
#[derive(Debug, Clone)]
struct Centre {
    parameter: ParameterId,
    /// The tensor's own term of the sum.
    own: Term,
    /// Frozen terms along its axes.
    terms: Vec<Term>,
    constant: f64,
}

impl Centres {
    /// `None` where no trainable tensor has a frozen summand.
    pub fn of(program: &Program) -> Option<Self> {
        let graph = Graph::of(program);
        let mut trains = vec![false; program.nodes.len()];
        for (index, node) in program.nodes.iter().enumerate() {
            trains[index] = node.batched
                || match node.operation {
                    Operation::Parameter(id) => program.parameter(id).trainable,
                    _ => node.operation.operands().iter().any(|value| trains[value.0 as usize]),
                };
        }
        let mut effective: Option<Program> = None;
        let mut centres = Vec::new();
        for (index, node) in program.nodes.iter().enumerate() {
            let Operation::Add { terms, constant } = &node.operation else { continue };
            let Some(own) = own_term(program, &graph, terms) else { continue };
            let Operation::Parameter(parameter) = program.node(own.value).operation else { continue };
            let along = |term: &Term| !trains[term.value.0 as usize] && term.axes.iter().all(|axis| own.axes.contains(axis));
            let (frozen, rest): (Vec<Term>, Vec<Term>) = terms.iter().cloned().partition(along);
            if frozen.is_empty() && *constant == 0.0 {
                continue;
            }
            centres.push(Centre { parameter, own: own.clone(), terms: frozen, constant: *constant });
            let target = effective.get_or_insert_with(|| program.clone());
            let alone = match rest.as_slice() {
                [one] if one.coefficient == 1.0 && one.axes.iter().copied().eq(0..node.shape.len()) => Some(one.value),
                _ => None,
            };
            target.nodes[index].operation = Operation::Add { terms: rest, constant: 0.0 };
            if let Some(value) = alone {
                rename(target, ValueId(index as u32), value);
            }
        }
        effective.map(|program| Self { program, centres })
    }

    /// Moves weights of the given program to those of the program without frozen summands, or back.
    pub fn shift(&self, program: &Program, weights: &mut Weights, back: bool) {
        let (graph, classes) = (Graph::of(program), classes(program));
        let context = Context::new(program, &graph, &classes, weights);
        let changes: Vec<(usize, Tensor)> =
            self.centres.iter().map(|centre| (centre.parameter.0 as usize, centre.tensor(&context))).collect();
        for (parameter, centre) in changes {
            let sign = if back { -1.0 } else { 1.0 };
            weights.values[parameter].iter_mut().zip(&centre.values).for_each(|(entry, own)| *entry += sign * own);
        }
    }

    /// Whether a space moves a parameter that has a centre.
    pub fn moves(&self, space: &Space) -> bool {
        let centred: BTreeSet<ParameterId> = self.centres.iter().map(|centre| centre.parameter).collect();
        let moved_along = match &space.generators {
            Generators::Trade { .. }
            | Generators::Constants { .. }
            | Generators::Kernels { .. }
            | Generators::Antisymmetric { .. } => return false,
            _ => space.acts_on.iter().map(|action| action.parameter),
        };
        moved_along.into_iter().any(|parameter| centred.contains(&parameter))
    }

    /// What a row of the program without frozen summands is for the given one: affine, without linear fixed sets, where it moves a centre.
    /// Permutations along which the centres are the same move none: they are a row of their own, linear as it was.
    pub fn translated(&self, space: Space) -> Vec<Space> {
        if !self.moves(&space) {
            return vec![space];
        }
        let Generators::Units { permuted, scales, signs } = &space.generators else { return vec![affine(space)] };
        if permuted.is_empty() || !self.are_even(permuted) {
            return vec![affine(space)];
        }
        if scales.is_empty() && signs.is_empty() {
            return vec![space];
        }
        let scaled = affine(scales_alone(&space, scales, signs));
        vec![permutations_alone(space), scaled]
    }

    /// Whether no centre of the parameters changes along the permuted axes.
    fn are_even(&self, permuted: &[UnitAxis]) -> bool {
        let uneven = |centre: &Centre, unit: &UnitAxis| {
            let permuted = |axis: &usize| unit.axes.iter().any(|own| centre.own.axes[*own] == *axis);
            centre.parameter == unit.parameter && centre.terms.iter().any(|term| term.axes.iter().any(permuted))
        };
        !self.centres.iter().any(|centre| permuted.iter().any(|unit| uneven(centre, unit)))
    }
}

fn affine(space: Space) -> Space {
    Space { class: Class::Affine, states: Vec::new(), conserved: Vec::new(), ..space }
}

/// A row of units without its scales and signs.
fn permutations_alone(space: Space) -> Space {
    let Generators::Units { permuted, .. } = space.generators else { return space };
    let unit = Group::of_units(space.size, 0, 0);
    let group = match &space.group {
        Group::Wreath { copies, permuted, .. } => Group::Wreath { inner: Box::new(unit), copies: *copies, permuted: *permuted },
        _ => unit,
    };
    let is_permuted = |action: &Action| permuted.iter().any(|unit| unit.parameter == action.parameter);
    let frame = Frame::Monomial { degrees: Vec::new(), sign: false };
    let acts_on = space.acts_on.into_iter().filter(is_permuted).map(|action| Action { frame: frame.clone(), ..action }).collect();
    let of_permutations = |state: &State| matches!(state.kind, StateKind::PairIdentical | StateKind::Identical);
    Space {
        class: if space.class == Class::Affine { Class::Linear } else { space.class },
        log10_order: group.log10_order(),
        group,
        continuous_dim: 0,
        acts_on,
        states: space.states.into_iter().filter(of_permutations).collect(),
        conserved: Vec::new(),
        generators: Generators::Units { permuted, scales: Vec::new(), signs: Vec::new() },
        ..space
    }
}

/// The scales and signs alone of a row of units.
fn scales_alone(space: &Space, scales: &[Field], signs: &[Field]) -> Space {
    let moved: BTreeSet<ParameterId> =
        scales.iter().chain(signs).flat_map(|field| &field.entries).map(|entry| entry.parameter).collect();
    let tuples = |field: &Field| field.sizes.iter().copied().fold(1, u128::saturating_mul);
    let count = |fields: &[Field]| fields.iter().map(tuples).fold(0, u128::saturating_add);
    let (dim, flips) = (count(scales), count(signs));
    let group = match (dim, flips) {
        (0, flips) => Group::Signs(flips),
        (dim, flips) if dim == flips => Group::Rescaling { dim, signed: true },
        (dim, 0) => Group::Rescaling { dim, signed: false },
        (dim, flips) => Group::Product(vec![Group::Rescaling { dim, signed: false }, Group::Signs(flips)]),
    };
    Space {
        name: format!("{}.scales", space.name),
        log10_order: group.log10_order(),
        continuous_dim: group.dimension(),
        group,
        acts_on: space.acts_on.iter().filter(|action| moved.contains(&action.parameter)).cloned().collect(),
        generators: Generators::Units { permuted: Vec::new(), scales: scales.to_vec(), signs: signs.to_vec() },
        ..space.clone()
    }
}

impl Centre {
    /// (Σ frozen + constant) / coefficient, with the parameter's axes.
    fn tensor(&self, context: &Context) -> Tensor {
        let shape = crate::action::context::sizes(&context.program.parameter(self.parameter).shape);
        let own = &self.own;
        let mut sum = Tensor { values: vec![self.constant / own.coefficient; shape.iter().product()], shape };
        for term in &self.terms {
            let axes: Option<Vec<usize>> = term.axes.iter().map(|axis| own.axes.iter().position(|own| own == axis)).collect();
            if let (Some(axes), Some(value)) = (axes, context.value(term.value)) {
                add_along(&mut sum, value, &axes, term.coefficient / own.coefficient);
            }
        }
        sum
    }
}

/// Nested sums that are looked into.
const NESTED: usize = 6;

/// The trainable tensor of a sum, or of one that is a term of it and read nowhere else, as a term of the sum.
fn own_term(program: &Program, graph: &Graph, terms: &[Term]) -> Option<Term> {
    let mut level: Vec<Term> = terms.to_vec();
    for _ in 0..NESTED {
        let free = |term: &&Term| match program.node(term.value).operation {
            Operation::Parameter(id) => {
                program.parameter(id).trainable && graph.is_read_once(id, term.value) && term.coefficient != 0.0
            }
            _ => false,
        };
        if let Some(own) = level.iter().filter(free).max_by_key(|term| term.axes.len()) {
            return Some(own.clone());
        }
        let alone = |value: ValueId| graph.uses(value).len() == 1 && !graph.is_output(value);
        let inner = |term: &Term| match &program.node(term.value).operation {
            Operation::Add { terms, .. } if alone(term.value) => terms
                .iter()
                .map(|inner| Term {
                    value: inner.value,
                    coefficient: inner.coefficient * term.coefficient,
                    axes: inner.axes.iter().map(|axis| term.axes[*axis]).collect(),
                })
                .collect(),
            _ => Vec::new(),
        };
        level = level.iter().flat_map(inner).collect();
    }
    None
}

/// Replaces all uses of a value by another one.
fn rename(program: &mut Program, from: ValueId, to: ValueId) {
    let operands = program.nodes.iter_mut().flat_map(|node| node.operation.operands_mut());
    let outputs = program.outputs.iter_mut().map(|output| &mut output.value);
    operands.chain(outputs).filter(|value| **value == from).for_each(|value| *value = to);
}
