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
use sym_ir::{Operation, Program};

/// Takes back, after all entries of a field have been scaled, that the frozen terms have not: of λ·y + c, which is to be λ·(y + c), the
/// rest (1 − λ)·c. `factor` gives λ by degree and tuple.
pub fn settle(program: &Program, moved: &mut Weights, field: &Field, factor: &dyn Fn(&Offset, usize) -> f64) {
    if field.offsets.is_empty() {
        return;
    }
    let (graph, classes) = (Graph::of(program), classes(program));
    for offset in &field.offsets {
        let context = Context::new(program, &graph, &classes, moved);
        let paths = Paths::additive(program, &graph, &classes);
        add_rest(&context, &paths, moved, offset, &|tuple| 1.0 - factor(offset, tuple), Size::Step);
    }
}

/// Adds to `target` what takes back `share`·c of a sum with the frozen terms c, by tuple.
pub fn add_rest(
    context: &Context,
    paths: &Paths,
    target: &mut Weights,
    offset: &Offset,
    share: &dyn Fn(usize) -> f64,
    size: Size,
) {
    let node = context.program.node(offset.value);
    let Operation::Add { terms, constant } = &node.operation else { return };
    let frozen: Vec<_> = terms.iter().filter(|term| offset.frozen.contains(&term.value)).collect();
    let mut axes: Vec<usize> =
        frozen.iter().flat_map(|term| term.axes.iter().copied()).chain(offset.axes.iter().copied()).collect();
    axes.sort_unstable();
    axes.dedup();
    let place = |axis: &usize| axes.iter().position(|own| own == axis).unwrap_or_default();
    let shape: Vec<usize> = axes.iter().map(|axis| sizes(&node.shape)[*axis]).collect();
    let mut rest = Tensor { values: vec![*constant; shape.iter().product()], shape };
    for term in frozen {
        let Some(value) = context.value(term.value) else { return };
        add_along(&mut rest, value, &term.axes.iter().map(place).collect::<Vec<_>>(), term.coefficient);
    }
    let tuple: Vec<usize> = offset.axes.iter().map(place).collect();
    let others = offsets(&rest.shape, &other_axes(rest.shape.len(), &tuple));
    for (number, start) in offsets(&rest.shape, &tuple).into_iter().enumerate() {
        others.iter().for_each(|at| rest.values[start + at] *= share(number));
    }
    let changes = take_back(context, paths, offset.value, rest, &axes, Follow::Constants, size);
    add_changes(target, &changes.unwrap_or_default());
}
