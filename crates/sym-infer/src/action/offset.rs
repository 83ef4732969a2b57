//! What scales and signs leave behind in sums with frozen terms: those are not scaled, and parameters behind take back the difference.

use crate::action::Weights;
use crate::action::context::{Context, add_along, sizes};
use crate::action::tangents::add_changes;
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::{Size, take_back};
use crate::graph::Graph;
use crate::infer::classes;
use crate::paths::{Follow, Paths};
use crate::symmetries::{Field, Offset};
use std::collections::BTreeSet;
use sym_ir::{Operation, Program, ValueId};

/// Takes back, after all entries of a field have been scaled, that the frozen terms have not: of λ·y + c, which is to be λ·(y + c), the
/// rest (1 − λ)·c. `factor` gives λ by degree and tuple; a sum with several indices of the field has the product of theirs.
pub fn settle(program: &Program, moved: &mut Weights, field: &Field, factor: &dyn Fn(&Offset, usize) -> f64) {
    if field.offsets.is_empty() {
        return;
    }
    let (graph, classes) = (Graph::of(program), classes(program));
    let values: BTreeSet<ValueId> = field.offsets.iter().map(|offset| offset.value).collect();
    for value in values {
        let own: Vec<&Offset> = field.offsets.iter().filter(|offset| offset.value == value).collect();
        let context = Context::new(program, &graph, &classes, moved);
        let paths = Paths::additive(program, &graph, &classes);
        let product = |tuples: &[usize]| own.iter().zip(tuples).map(|(offset, tuple)| factor(offset, *tuple)).product::<f64>();
        add_rest(&context, &paths, moved, &own, &|tuples| 1.0 - product(tuples), Size::Step);
    }
}

/// Adds to `target` what takes back `share`·c of a sum with the frozen terms c, by the tuples of all its offsets.
pub fn add_rest(
    context: &Context,
    paths: &Paths,
    target: &mut Weights,
    own: &[&Offset],
    share: &dyn Fn(&[usize]) -> f64,
    size: Size,
) {
    let [first, ..] = own else { return };
    let node = context.program.node(first.value);
    let Operation::Add { terms, constant } = &node.operation else { return };
    let frozen: Vec<_> = terms.iter().filter(|term| first.frozen.contains(&term.value)).collect();
    let indexed = own.iter().flat_map(|offset| offset.axes.iter().copied());
    let mut axes: Vec<usize> = frozen.iter().flat_map(|term| term.axes.iter().copied()).chain(indexed).collect();
    axes.sort_unstable();
    axes.dedup();
    let place = |axis: &usize| axes.iter().position(|own| own == axis).unwrap_or_default();
    let shape: Vec<usize> = axes.iter().map(|axis| sizes(&node.shape)[*axis]).collect();
    let mut rest = Tensor { values: vec![*constant; shape.iter().product()], shape };
    for term in frozen {
        let Some(value) = context.value(term.value) else { return };
        add_along(&mut rest, value, &term.axes.iter().map(place).collect::<Vec<_>>(), term.coefficient);
    }
    let mut tuples = vec![vec![0; own.len()]; rest.values.len()];
    for (at, offset) in own.iter().enumerate() {
        let along: Vec<usize> = offset.axes.iter().map(place).collect();
        let others = offsets(&rest.shape, &other_axes(rest.shape.len(), &along));
        for (number, start) in offsets(&rest.shape, &along).into_iter().enumerate() {
            others.iter().for_each(|other| tuples[start + other][at] = number);
        }
    }
    rest.values.iter_mut().zip(&tuples).for_each(|(entry, tuples)| *entry *= share(tuples));
    let changes = take_back(context, paths, first.value, rest, &axes, Follow::Constants, size);
    add_changes(target, &changes.unwrap_or_default());
}
