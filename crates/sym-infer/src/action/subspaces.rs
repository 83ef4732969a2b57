//! The subspaces behind [`crate::kernels`] at given weights: conditions on an axis, and the span along one.

use crate::action::Weights;
use crate::action::basis::Vectors;
use crate::action::context::{Context, sizes};
use crate::action::subspace::Subspace;
use crate::action::tangents::{add_changes, value_of};
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::{Size, take_back};
use crate::graph::{Graph, Use};
use crate::infer::classes;
use crate::kernels::{Ones, Source, Step, constant_is_taken_back, source, step};
use crate::paths::{Follow, Paths};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

type Place = (ValueId, usize);

/// An orthonormal basis of the directions of an axis of a parameter that nothing behind it sees, up to constants that biases take back.
pub fn kernel(context: &Context, paths: &Paths, value: ValueId, axis: usize) -> Vectors {
    conditions(context, paths, value, axis).complement().basis(size(context, (value, axis)))
}

/// The changes of biases that go with a change of a parameter by Σ amounts ⊗ direction, `amounts` by the parameter's other axes: they take
/// back the constants that it makes. Empty where it makes none. Of a whole step one must ask at once: what takes a constant back need not
/// be linear in it.
pub fn compensation(
    context: &Context,
    paths: &Paths,
    (value, axis): Place,
    parts: &[(Vec<f64>, Vec<f64>)],
    size: Size,
) -> Vec<(ParameterId, Vec<f64>)> {
    let mut changes = Vec::new();
    for &reader in context.graph.uses(value) {
        let Step::Contracted { other, place, weights: false, .. } = step(context.program, context.classes, reader, axis) else {
            continue;
        };
        if !constant_is_taken_back(context.program, paths, value, reader) {
            continue;
        }
        let constant = constant(context, (other, place));
        let Operation::Einsum { operands, output, coefficient } = &context.program.node(reader.by).operation else { continue };
        let own = &operands[reader.slot].labels;
        let others = other_axes(own.len(), &[axis]);
        let labels: Vec<_> = others.iter().map(|&at| own[at]).collect();
        let rest: Vec<usize> = others.iter().map(|&at| context.program.node(value).shape[at].size as usize).collect();
        let sizes = context.label_sizes(operands, output, reader.by);
        let sizes = sizes.into_iter().filter(|(label, _)| labels.contains(label)).collect();
        let mut amounts = Tensor::zeros(&rest);
        for (direction, own) in parts {
            let factor: f64 = constant.iter().zip(direction).map(|(c, n)| c * n).sum();
            let terms = constant.iter().zip(direction).map(|(c, n)| (c * n).abs()).sum::<f64>();
            // Less is rounding.
            if factor.abs() > 1e-12 * terms {
                amounts.values.iter_mut().zip(own).for_each(|(sum, amount)| *sum += factor * amount);
            }
        }
        if amounts.values.iter().all(|amount| *amount == 0.0) {
            continue;
        }
        let along: Vec<usize> = (0..output.len()).filter(|at| labels.contains(&output[*at])).collect();
        let kept: Vec<_> = along.iter().map(|&at| output[at]).collect();
        let shift = Tensor::einsum(&[(&amounts, &labels)], &kept, &sizes, *coefficient);
        changes.extend(take_back(context, paths, reader.by, shift, &along, Follow::Constants, size).unwrap_or_default());
    }
    changes
}

/// Adds a random combination of the directions of one axis kernel at given weights; `amount` draws the coefficients.
pub fn kernel_shift(
    program: &Program,
    weights: &Weights,
    target: &mut Weights,
    (parameter, axis): (ParameterId, usize),
    size: Size,
    amount: &mut dyn FnMut() -> f64,
) {
    let (graph, classes) = (Graph::of(program), classes(program));
    let context = Context::new(program, &graph, &classes, weights);
    let paths = Paths::of(program, &graph, &classes);
    let Some(value) = value_of(program, parameter) else { return };
    let shape = sizes(&program.parameter(parameter).shape);
    let along = offsets(&shape, &[axis]);
    let rest = offsets(&shape, &other_axes(shape.len(), &[axis]));
    let directions = kernel(&context, &paths, value, axis);
    let parts: Vec<(Vec<f64>, Vec<f64>)> =
        directions.into_iter().map(|direction| (direction, rest.iter().map(|_| amount()).collect())).collect();
    for (direction, amounts) in &parts {
        let values = &mut target.values[parameter.0 as usize];
        for (start, amount) in rest.iter().zip(amounts) {
            along.iter().zip(direction).for_each(|(at, entry)| values[start + at] += amount * entry);
        }
    }
    add_changes(target, &compensation(&context, &paths, (value, axis), &parts, size));
}

/// A direction n along an axis that is orthogonal to all that varies there, and n·c with the constant part c.
pub fn constant_direction(context: &Context, start: Place) -> (Vec<f64>, f64) {
    let constant = constant(context, start);
    let direction = range(context, start, true).remainder(&constant);
    let along = direction.iter().zip(&constant).map(|(a, b)| a * b).sum();
    (direction, along)
}

fn size(context: &Context, place: Place) -> usize {
    context.program.node(place.0).shape[place.1].size as usize
}

/// What a direction must be orthogonal to.
fn conditions(context: &Context, paths: &Paths, value: ValueId, axis: usize) -> Subspace {
    let mut reached = BTreeSet::from([(value, axis)]);
    let mut stack = vec![(value, axis)];
    while let Some(place) = stack.pop() {
        for &reader in context.graph.uses(place.0) {
            let next = match step(context.program, context.classes, reader, place.1) {
                Step::Passes(target)
                | Step::Even(target)
                | Step::Scaled { target, .. }
                | Step::Contracted { image: Some((_, target)), weights: true, .. } => Some((reader.by, target)),
                _ => None,
            };
            if let Some(next) = next.filter(|next| reached.insert(*next)) {
                stack.push(next);
            }
        }
    }
    let mut known: BTreeMap<Place, Subspace> = BTreeMap::new();
    // Readers come later in the program than what they read.
    for &place in reached.iter().rev() {
        let n = size(context, place);
        let seen = context.graph.is_output(place.0).then(Subspace::everything);
        let readers = context.graph.uses(place.0).iter().map(|&reader| of_reader(context, paths, &known, place, reader));
        let sum = Subspace::sum(seen.into_iter().chain(readers), n);
        known.insert(place, sum);
    }
    known.remove(&(value, axis)).unwrap_or_else(Subspace::nothing)
}

fn of_reader(context: &Context, paths: &Paths, known: &BTreeMap<Place, Subspace>, place: Place, reader: Use) -> Subspace {
    let n = size(context, place);
    match step(context.program, context.classes, reader, place.1) {
        Step::Seen => Subspace::everything(),
        Step::Nothing => Subspace::nothing(),
        Step::Passes(target) => known[&(reader.by, target)].clone(),
        Step::Scaled { target, gain } => match context.value(gain) {
            Some(gain) => {
                let rows = known[&(reader.by, target)].basis(n);
                Subspace::spanned(rows.iter().map(|row| times(row, &gain.values)).collect(), n)
            }
            None => Subspace::everything(),
        },
        Step::Even(target) => {
            let ones = vec![1.0; n];
            let rest = known[&(reader.by, target)].remainder(&ones);
            let unseen = rest.iter().zip(&ones).all(|(rest, one)| (rest - one).abs() < 1e-9);
            if unseen { Subspace::sums_to_zero(n) } else { Subspace::everything() }
        }
        Step::Ones => Subspace::sums_to_zero(n).complement(),
        Step::Shift => Subspace::sums_to_zero(n),
        Step::Contracted { other, place: along, image, weights } => match (context.value(other), image) {
            (Some(matrix), Some((image, target))) if weights => {
                let conditions = known[&(reader.by, target)].basis(size(context, (reader.by, target)));
                Subspace::spanned(conditions.iter().map(|condition| contract(matrix, image, condition)).collect(), n)
            }
            _ => {
                let varying = !weights && constant_is_taken_back(context.program, paths, place.0, reader);
                range(context, (other, along), varying)
            }
        },
    }
}

fn times(vector: &[f64], gain: &[f64]) -> Vec<f64> {
    vector.iter().zip(gain).map(|(entry, factor)| entry * factor).collect()
}

/// ∑ over one axis of a matrix with a vector.
fn contract(matrix: &Tensor, axis: usize, vector: &[f64]) -> Vec<f64> {
    let along = offsets(&matrix.shape, &[axis]);
    offsets(&matrix.shape, &other_axes(matrix.shape.len(), &[axis]))
        .iter()
        .map(|start| along.iter().zip(vector).map(|(at, entry)| matrix.values[start + at] * entry).sum())
        .collect()
}

/// All places that the vectors along an axis come from, itself among them.
fn sources(context: &Context, start: Place) -> BTreeSet<Place> {
    let mut reached = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(place) = stack.pop() {
        if context.value(place.0).is_some() {
            continue;
        }
        let next = match source(context.program, context.classes, place.0, place.1) {
            Source::Whole | Source::SumsToOne => Vec::new(),
            Source::Of(parts, _) | Source::Joined(parts) => parts,
            Source::Scaled { of, .. } | Source::Mixed(of) | Source::Centred(of) => vec![of],
            Source::Mapped { other, .. } => vec![other],
        };
        stack.extend(next.into_iter().filter(|next| reached.insert(*next)));
    }
    reached
}

/// The span of all vectors along an axis, or of their differences.
fn range(context: &Context, start: Place, varying: bool) -> Subspace {
    let mut known: BTreeMap<Place, Subspace> = BTreeMap::new();
    for place in sources(context, start) {
        let n = size(context, place);
        let found = if let Some(tensor) = context.value(place.0) {
            let constant = varying && tensor.shape.len() == 1;
            if constant { Subspace::nothing() } else { Subspace::spanned(rows(tensor, place.1), n) }
        } else {
            match source(context.program, context.classes, place.0, place.1) {
                Source::SumsToOne if varying => Subspace::sums_to_zero(n),
                Source::Whole | Source::SumsToOne => declared(context, place).unwrap_or_else(Subspace::everything),
                Source::Scaled { gain, of } => match context.value(gain) {
                    Some(gain) => {
                        Subspace::spanned(known[&of].basis(n).iter().map(|vector| times(vector, &gain.values)).collect(), n)
                    }
                    None => Subspace::everything(),
                },
                Source::Of(parts, ones) => {
                    let along = ones == Ones::Varying || ones == Ones::Constant && !varying;
                    let along = along.then(|| Subspace::sums_to_zero(n).complement());
                    Subspace::sum(parts.iter().map(|part| known[part].clone()).chain(along), n)
                }
                Source::Centred(of) => {
                    let mut vectors = range(context, of, false).basis(n);
                    for vector in &mut vectors {
                        let mean = vector.iter().sum::<f64>() / n as f64;
                        vector.iter_mut().for_each(|entry| *entry -= mean);
                    }
                    // The vectors were of unit length: what is left of the ones is rounding.
                    vectors.retain(|vector| vector.iter().map(|entry| entry * entry).sum::<f64>() > 1e-20);
                    Subspace::spanned(vectors, n)
                }
                Source::Joined(parts) => Subspace::sum(parts.iter().map(|part| range(context, *part, false)), n),
                Source::Mixed(of) if varying => range(context, of, false),
                Source::Mixed(of) => known[&of].clone(),
                Source::Mapped { matrix, summed, other, alone } => match context.value(matrix) {
                    Some(matrix) => {
                        let own = if varying && !alone { range(context, other, false) } else { known[&other].clone() };
                        let vectors = own.basis(size(context, other));
                        Subspace::spanned(vectors.iter().map(|vector| contract(matrix, summed, vector)).collect(), n)
                    }
                    None => Subspace::everything(),
                },
            }
        };
        known.insert(place, found);
    }
    known.remove(&start).unwrap_or_else(Subspace::nothing)
}

/// The subspace that an input of a declared rank keeps to, where it is known.
fn declared(context: &Context, (value, _): Place) -> Option<Subspace> {
    let Operation::Input(id) = context.program.node(value).operation else { return None };
    let input = &context.program.inputs[id.0 as usize];
    let known = input.shape.len() == 1 && !input.basis.is_empty();
    known.then(|| Subspace::spanned(input.basis.clone(), input.shape[0].size as usize))
}

/// The vectors along an axis.
fn rows(tensor: &Tensor, axis: usize) -> Vectors {
    let along = offsets(&tensor.shape, &[axis]);
    offsets(&tensor.shape, &other_axes(tensor.shape.len(), &[axis]))
        .iter()
        .map(|start| along.iter().map(|at| tensor.values[start + at]).collect())
        .collect()
}

/// A vector along an axis that no input changes, such that the value less it lies in the span of the differences.
fn constant(context: &Context, start: Place) -> Vec<f64> {
    let mut known: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
    for place in sources(context, start) {
        let n = size(context, place);
        let zero = || vec![0.0; n];
        let vector = match context.value(place.0) {
            Some(tensor) if tensor.shape.len() == 1 => tensor.values.clone(),
            Some(_) => zero(),
            None => {
                match (source(context.program, context.classes, place.0, place.1), &context.program.node(place.0).operation) {
                    (Source::SumsToOne, _) => vec![1.0 / n as f64; n],
                    (Source::Scaled { gain, of }, Operation::Einsum { coefficient, .. }) => {
                        let gain = context.value(gain).map_or_else(zero, |gain| gain.values.clone());
                        times(&known[&of], &gain).iter().map(|entry| coefficient * entry).collect()
                    }
                    (Source::Mapped { matrix, summed, other, alone: true }, Operation::Einsum { coefficient, .. }) => {
                        match context.value(matrix) {
                            Some(matrix) => {
                                contract(matrix, summed, &known[&other]).iter().map(|entry| coefficient * entry).collect()
                            }
                            None => zero(),
                        }
                    }
                    (Source::Of(..), Operation::Add { terms, constant }) => {
                        let mut sum = vec![*constant; n];
                        for term in terms {
                            let part = match term.axes.iter().position(|target| *target == place.1) {
                                Some(axis) => known[&(term.value, axis)].clone(),
                                None => match context.value(term.value) {
                                    Some(scalar) if scalar.shape.is_empty() => vec![scalar.values[0]; n],
                                    _ => zero(),
                                },
                            };
                            sum.iter_mut().zip(part).for_each(|(entry, own)| *entry += term.coefficient * own);
                        }
                        sum
                    }
                    (Source::Of(parts, _), operation) if parts.len() == 1 => {
                        let factor = match operation {
                            Operation::Einsum { operands, output, coefficient } => {
                                let summed = context.label_sizes(operands, output, place.0).into_iter();
                                let count: usize =
                                    summed.filter(|(label, _)| !output.contains(label)).map(|(_, size)| size).product();
                                coefficient * count as f64
                            }
                            Operation::Map { .. } => context.classes.get(&place.0).and_then(|class| class.linear).unwrap_or(0.0),
                            _ => 1.0,
                        };
                        known[&parts[0]].iter().map(|entry| factor * entry).collect()
                    }
                    _ => zero(),
                }
            }
        };
        known.insert(place, vector);
    }
    known.remove(&start).unwrap_or_default()
}
