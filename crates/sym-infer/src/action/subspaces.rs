//! The subspaces behind [`crate::kernels`] at given weights: conditions on an axis, and the span along one.

use crate::action::basis::{Vectors, complement, identity, span};
use crate::action::context::{Context, sizes};
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::kernels::{Source, Step, source, step};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::ValueId;

type Place = (ValueId, usize);

/// An orthonormal basis of the directions of an axis that nothing behind it sees.
pub fn kernel(context: &Context, value: ValueId, axis: usize) -> Vectors {
    complement(&conditions(context, value, axis), size(context, (value, axis)))
}

fn size(context: &Context, place: Place) -> usize {
    context.program.node(place.0).shape[place.1].size as usize
}

/// Orthonormal rows that a direction must be orthogonal to.
fn conditions(context: &Context, value: ValueId, axis: usize) -> Vectors {
    let mut reached = BTreeSet::from([(value, axis)]);
    let mut stack = vec![(value, axis)];
    while let Some(place) = stack.pop() {
        for &reader in context.graph.uses(place.0) {
            let next = match step(context.program, context.classes, reader, place.1) {
                Step::Passes(target) | Step::Contracted { image: Some((_, target)), weights: true, .. } => {
                    Some((reader.by, target))
                }
                _ => None,
            };
            if let Some(next) = next.filter(|next| reached.insert(*next)) {
                stack.push(next);
            }
        }
    }
    let mut known: BTreeMap<Place, Vectors> = BTreeMap::new();
    // Readers come later in the program than what they read.
    for &place in reached.iter().rev() {
        let n = size(context, place);
        let mut rows = if context.graph.is_output(place.0) { identity(n) } else { Vectors::new() };
        for &reader in context.graph.uses(place.0) {
            match step(context.program, context.classes, reader, place.1) {
                Step::Seen => rows.extend(identity(n)),
                Step::Nothing => {}
                Step::Passes(target) => rows.extend(known[&(reader.by, target)].iter().cloned()),
                Step::Ones => rows.push(vec![1.0; n]),
                Step::Shift => rows.extend(complement(&[vec![1.0 / (n as f64).sqrt(); n]], n)),
                Step::Contracted { other, place: along, image, weights } => match (context.value(other), image) {
                    (Some(matrix), Some((image, target))) if weights => {
                        for condition in &known[&(reader.by, target)] {
                            rows.push(contract(matrix, image, condition));
                        }
                    }
                    _ => rows.extend(range(context, (other, along))),
                },
            }
        }
        known.insert(place, span(rows));
    }
    known.remove(&(value, axis)).unwrap_or_default()
}

/// ∑ over one axis of a matrix with a vector.
fn contract(matrix: &Tensor, axis: usize, vector: &[f64]) -> Vec<f64> {
    let along = offsets(&matrix.shape, &[axis]);
    offsets(&matrix.shape, &other_axes(matrix.shape.len(), &[axis]))
        .iter()
        .map(|start| along.iter().zip(vector).map(|(at, entry)| matrix.values[start + at] * entry).sum())
        .collect()
}

/// An orthonormal basis of the span of all vectors along an axis.
fn range(context: &Context, start: Place) -> Vectors {
    let mut reached = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(place) = stack.pop() {
        if context.value(place.0).is_some() {
            continue;
        }
        let next = match source(context.program, context.classes, place.0, place.1) {
            Source::Whole => Vec::new(),
            Source::Of(parts, _) => parts,
            Source::Mapped { other, .. } => vec![other],
        };
        stack.extend(next.into_iter().filter(|next| reached.insert(*next)));
    }
    let mut known: BTreeMap<Place, Vectors> = BTreeMap::new();
    for &place in &reached {
        let n = size(context, place);
        let vectors = if let Some(tensor) = context.value(place.0) {
            let along = offsets(&tensor.shape, &[place.1]);
            offsets(&tensor.shape, &other_axes(tensor.shape.len(), &[place.1]))
                .iter()
                .map(|start| along.iter().map(|at| tensor.values[start + at]).collect())
                .collect()
        } else {
            match source(context.program, context.classes, place.0, place.1) {
                Source::Whole => identity(n),
                Source::Of(parts, uneven) => {
                    let mut vectors: Vectors = parts.iter().flat_map(|part| known[part].iter().cloned()).collect();
                    if uneven {
                        vectors.push(vec![1.0; n]);
                    }
                    vectors
                }
                Source::Mapped { matrix, summed, other } => match context.value(matrix) {
                    Some(matrix) => known[&other].iter().map(|vector| contract(matrix, summed, vector)).collect(),
                    None => identity(n),
                },
            }
        };
        known.insert(place, span(vectors));
    }
    debug_assert!(known.contains_key(&start), "{:?}", sizes(&context.program.node(start.0).shape));
    known.remove(&start).unwrap_or_default()
}
