//! Parameters with a frozen centre: a sum of a trainable tensor and frozen ones is as free as the tensor alone.
//!
//! In W + W₀ with W₀ frozen (or 1 + γ) every symmetry of the sum is one of the model; it acts on W about −W₀, so it is affine in θ. The
//! analysis works on the program without the frozen summands, the action moves weights there and back.

use crate::action::Weights;
use crate::action::context::{Context, add_along};
use crate::action::tensor::Tensor;
use crate::graph::Graph;
use crate::infer::classes;
use crate::symmetries::{Class, Generators, Space};
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
            // A number or a scalar behind a bias leaves all units alike: they stay linear where they are.
            let nested = terms.iter().all(|term| term.value != own.value);
            let even = frozen.iter().all(|term| term.axes.is_empty());
            if (frozen.is_empty() && *constant == 0.0) || (nested && even) {
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

    /// What a row of the program without frozen summands is for the given one: affine, without linear fixed sets.
    pub fn translate(&self, space: &mut Space) {
        if self.moves(space) {
            space.class = Class::Affine;
            space.states.clear();
            space.conserved.clear();
        }
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
