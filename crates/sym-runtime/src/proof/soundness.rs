//! Random elements of claimed groups must leave the function alone.

use super::jacobian::Examples;
use super::point;
use crate::Stream;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::{Symmetries, Weights, action};
use sym_ir::{Operation, Program};
use sym_lower::{Array, Module};
use sym_rewrite::AxisClasses;

/// A claim that numbers contradict.
pub(super) struct Refutation {
    /// The position of the space.
    pub space: usize,
    /// The element that changes the function, in words.
    pub element: String,
    /// The largest difference of an output entry, relative to the largest output entry.
    pub difference: f64,
    /// The first operation whose value does not carry the space and differs, in words, with its span.
    pub first: Option<(String, sym_diagnostics::Span)>,
}

/// Rounding allowed, relative to the output, for an element that keeps the size of the weights; grows with the square of the factor by
/// which it enlarges them, as an estimate of cond(g).
const TOLERANCE: f64 = 1e-9;

/// Examples on which two points are compared.
const COMPARED: usize = 32;

/// f(gθ) against f(θ) for random g of every group, as planned. Returns the largest relative difference of the groups that hold, and the
/// others.
pub(super) fn check(
    program: &Program,
    claims: &Symmetries,
    weights: &Weights,
    examples: &Examples,
    elements: usize,
    stream: &mut Stream,
) -> Result<(f64, Vec<Refutation>), Vec<Diagnostic>> {
    let test = Test::new(program, weights, examples)?;
    let mut largest = 0.0f64;
    if elements == 0 {
        let mut moved = weights.clone();
        for space in 0..claims.spaces.len() {
            moved = action::random_element(program, claims, space, &moved, &mut || stream.normal());
        }
        let change = test.change(&moved)?;
        if change.holds {
            return Ok((change.difference, Vec::new()));
        }
    }
    let mut refuted = Vec::new();
    for space in 0..claims.spaces.len() {
        for _ in 0..elements.max(1) {
            let moved = action::random_element(program, claims, space, weights, &mut || stream.normal());
            let change = test.change(&moved)?;
            if !change.holds {
                refuted.push(test.refutation(claims, space, change)?);
                break;
            }
            largest = largest.max(change.difference);
        }
    }
    Ok((largest, refuted))
}

/// The largest change of an output between two points of weights on random examples, relative to the largest output.
///
/// # Errors
///
/// What the program cannot be executed for.
pub fn change_of_outputs(program: &Program, weights: &Weights, moved: &Weights, seed: u64) -> Result<f64, Vec<Diagnostic>> {
    let mut stream = Stream::new(seed, "proof/change", &program.name);
    let program = &*point::with_subspaces(program, seed);
    let examples = point::examples(program, COMPARED, &mut stream);
    Ok(Test::new(program, weights, &examples)?.change(moved)?.difference)
}

/// A program at one point, and what it computes there.
struct Test<'a> {
    program: &'a Program,
    weights: &'a Weights,
    inputs: Vec<Array>,
    before: Vec<Array>,
}

/// What a move of the weights does.
struct Change {
    difference: f64,
    holds: bool,
    after: Vec<Array>,
}

impl<'a> Test<'a> {
    fn new(program: &'a Program, weights: &'a Weights, examples: &Examples) -> Result<Self, Vec<Diagnostic>> {
        let inputs = examples.arrays(program, 0..examples.count, 1, &Device::flex());
        let before = values(program, weights, &inputs)?;
        Ok(Self { program, weights, inputs, before })
    }

    fn change(&self, moved: &Weights) -> Result<Change, Vec<Diagnostic>> {
        let growth = size(moved) / size(self.weights).max(f64::MIN_POSITIVE);
        let allowed = TOLERANCE * growth.max(1.0).powi(2);
        let after = values(self.program, moved, &self.inputs)?;
        let outputs = self.program.outputs.iter().map(|output| output.value.0 as usize);
        let difference = outputs.map(|at| relative(&self.before[at], &after[at])).fold(0.0, f64::max);
        Ok(Change { difference, holds: difference <= allowed, after })
    }

    /// The refutation by the simplest element that changes the function; by the random one where each simple one keeps it.
    fn refutation(&self, claims: &Symmetries, space: usize, random: Change) -> Result<Refutation, Vec<Diagnostic>> {
        if let Some(simple) = self.simplest(claims, space)? {
            return Ok(simple);
        }
        Ok(self.refutation_by("a random element".to_string(), claims, space, &random))
    }

    fn simplest(&self, claims: &Symmetries, space: usize) -> Result<Option<Refutation>, Vec<Diagnostic>> {
        let of = &claims.spaces[space];
        for element in action::elementary(self.program, of) {
            let change = self.change(&action::apply_elementary(self.program, of, self.weights, &element))?;
            if !change.holds {
                return Ok(Some(self.refutation_by(element.to_string(), claims, space, &change)));
            }
        }
        Ok(None)
    }

    fn refutation_by(&self, element: String, claims: &Symmetries, space: usize, change: &Change) -> Refutation {
        let first = first_difference(self.program, claims, space, &self.before, &change.after);
        Refutation { space, element, difference: change.difference, first }
    }
}

fn values(program: &Program, weights: &Weights, inputs: &[Array]) -> Result<Vec<Array>, Vec<Diagnostic>> {
    Ok(Module::new(program, weights, &Device::flex(), DType::F64)?.forward_values(inputs))
}

fn size(weights: &Weights) -> f64 {
    weights.values.iter().flatten().fold(0.0, |size: f64, value| size.max(value.abs()))
}

fn relative(before: &Array, after: &Array) -> f64 {
    let (before, after) = (before.values(), after.values());
    let scale = before.iter().fold(f64::MIN_POSITIVE, |scale: f64, value| scale.max(value.abs()));
    before.iter().zip(&after).fold(0.0, |worst: f64, (a, b)| if b.is_nan() { f64::INFINITY } else { worst.max((a - b).abs()) })
        / scale
}

/// Values that carry an axis of the space may change with it; the first other one that changes shows where the claim breaks.
fn first_difference(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    before: &[Array],
    after: &[Array],
) -> Option<(String, sym_diagnostics::Span)> {
    let classes = AxisClasses::of(program);
    let mut moved = std::collections::HashSet::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        let actions = symmetries.spaces[space].acts_on.iter().filter(|action| action.parameter == id);
        moved.extend(actions.filter_map(|action| action.axis).map(|axis| classes.class(sym_ir::ValueId(at as u32), axis)));
    }
    program.nodes.iter().enumerate().find_map(|(at, node)| {
        let carries = (0..node.shape.len()).any(|axis| moved.contains(&classes.class(sym_ir::ValueId(at as u32), axis)));
        let differs = !carries && node.batched && relative(&before[at], &after[at]) > TOLERANCE;
        differs.then(|| (words(node), node.span))
    })
}

/// An operation by its kind, and by the names of its value and its block where it has some.
fn words(node: &sym_ir::Node) -> String {
    let word = node.operation.word();
    let name = if node.name.is_empty() || *node.name == *word { String::new() } else { format!(" `{}`", node.name) };
    let scope = if node.scope.is_empty() { String::new() } else { format!(" in `{}`", node.scope) };
    format!("the {word}{name}{scope}")
}
