//! Skips beside a matrix that reads the same value: `h + W h` is (W + 1) h, and W acts about −1.

use super::{Added, Centre};
use crate::graph::Graph;
use crate::spaces::repeats;
use sym_ir::{Label, Operand, Operation, ParameterId, Program, Term};

/// Nested sums that are looked through.
const NESTED: usize = 6;

/// A matrix in a sum, by whose terms it is reached.
struct Found {
    parameter: ParameterId,
    /// Its axis in the sum and its summed axis.
    axes: (usize, usize),
    /// The sum changes by this factor times the product.
    factor: f64,
}

/// Takes skips out of sums in which a free matrix reads the same value.
pub(super) fn take_out(program: &mut Program) -> Vec<Centre> {
    let graph = Graph::of(program);
    let mut centres: Vec<Centre> = Vec::new();
    for index in 0..program.nodes.len() {
        let Operation::Add { terms, .. } = &program.nodes[index].operation else { continue };
        let taken = |found: &Found| centres.iter().any(|centre| centre.parameter == found.parameter);
        let skip = terms.iter().enumerate().find_map(|(at, skip)| {
            let others = terms.iter().enumerate().filter(|(other, _)| *other != at);
            let found = others
                .filter_map(|(_, term)| beside(program, &graph, skip, term, &|axis| axis, 1.0, NESTED))
                .find(|found| !taken(found));
            found.map(|found| (at, skip.coefficient / found.factor, found))
        });
        let Some((at, amount, Found { parameter, axes, .. })) = skip.filter(|skip| skip.1 != 0.0) else { continue };
        centres.push(Centre { parameter, added: Added::Unit { axes, amount } });
        if let Operation::Add { terms, .. } = &mut program.nodes[index].operation {
            terms.remove(at);
        }
    }
    centres
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
                let (parameter, axes) = matrix(program, graph, skip, weight, source, output, &along)?;
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
