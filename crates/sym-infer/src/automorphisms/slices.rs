//! Axes along which a swap acts position by position: every value that it moves has such an axis, and every operation passes it along, so
//! that any set of positions may be swapped and the rest left.

use super::matching::Swap;
use crate::graph::Graph;
use crate::spaces::{kept_axes, unsplit_axes};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, Program, ValueId};

/// For each of these moved parameters the axes whose positions may be swapped independently, those of equal position being one index.
pub(super) fn independent(program: &Program, graph: &Graph, swap: &Swap, parameters: &[ValueId]) -> Vec<Vec<usize>> {
    let mut over = vec![Vec::new(); parameters.len()];
    let Some(&first) = parameters.first() else { return over };
    for axis in 0..program.node(first).shape.len() {
        let Some(axes) = along(program, graph, swap, first, axis) else { continue };
        for (parameter, over) in parameters.iter().zip(&mut over) {
            over.extend(axes.get(parameter));
        }
    }
    over
}

/// The axis that one axis of a moved value becomes on all others.
fn along(program: &Program, graph: &Graph, swap: &Swap, start: ValueId, axis: usize) -> Option<BTreeMap<ValueId, usize>> {
    let mut axes: BTreeMap<ValueId, usize> = BTreeMap::new();
    let mut waiting = vec![(start, axis)];
    while let Some((value, axis)) = waiting.pop() {
        match axes.insert(value, axis) {
            Some(known) if known != axis => return None,
            Some(_) => continue,
            None => {}
        }
        // Both sides are alike.
        waiting.push((swap.image(value), axis));
        let operands = program.node(value).operation.operands();
        for (slot, operand) in operands.into_iter().enumerate().filter(|(_, operand)| swap.moves(*operand)) {
            let passed = passed(program, value, slot);
            waiting.push((operand, passed.into_iter().find(|(_, target)| *target == axis)?.0));
        }
        for reader in graph.uses(value) {
            if swap.moves(reader.by) {
                let passed = passed(program, reader.by, reader.slot);
                waiting.push((reader.by, passed.into_iter().find(|(source, _)| *source == axis)?.1));
            } else {
                waiting.extend(met(program, swap, reader.by, reader.slot, axis)?);
            }
        }
    }
    let moved: BTreeSet<ValueId> = swap.pairs.iter().flat_map(|&(one, other)| [one, other]).collect();
    moved.iter().all(|value| axes.contains_key(value)).then_some(axes)
}

/// Where moved values meet in an operation that stays: the axes that must be the same index on all of them.
fn met(program: &Program, swap: &Swap, by: ValueId, slot: usize, axis: usize) -> Option<Vec<(ValueId, usize)>> {
    match &program.node(by).operation {
        Operation::Einsum { operands, .. } => {
            let label = operands[slot].labels[axis];
            let once = |labels: &[sym_ir::Label]| {
                let mut found = labels.iter().enumerate().filter(|(_, other)| **other == label).map(|(at, _)| at);
                found.next().filter(|_| found.next().is_none())
            };
            let moved = operands.iter().filter(|operand| swap.moves(operand.value));
            moved.map(|operand| Some((operand.value, once(&operand.labels)?))).collect()
        }
        Operation::Add { terms, .. } => {
            let target = terms[slot].axes[axis];
            let moved = terms.iter().filter(|term| swap.moves(term.value));
            moved.map(|term| Some((term.value, term.axes.iter().position(|other| *other == target)?))).collect()
        }
        _ => None,
    }
}

/// Axes of an operand with those of the result that hold the same positions: each slice of the result depends on that slice alone.
fn passed(program: &Program, result: ValueId, slot: usize) -> Vec<(usize, usize)> {
    let node = program.node(result);
    let rank = node.shape.len();
    let all_but = |axes: &[usize]| (0..rank).filter(|axis| !axes.contains(axis)).map(|axis| (axis, axis)).collect();
    match &node.operation {
        Operation::Input(_) | Operation::Parameter(_) | Operation::Adjoint(_) => Vec::new(),
        Operation::Einsum { operands, output, .. } => {
            let labels = &operands[slot].labels;
            let single = |label: &sym_ir::Label| labels.iter().filter(|other| *other == label).count() == 1;
            let target = |label: &sym_ir::Label| output.iter().position(|other| other == label);
            labels
                .iter()
                .enumerate()
                .filter(|(_, label)| single(label))
                .filter_map(|(axis, label)| Some((axis, target(label)?)))
                .collect()
        }
        Operation::Add { terms, .. } => terms[slot].axes.iter().copied().enumerate().collect(),
        Operation::Map { .. } | Operation::Mask { .. } => all_but(&[]),
        Operation::Softmax { axis, .. }
        | Operation::TopK { axis, .. }
        | Operation::Rotary { axis, .. }
        | Operation::Concat { axis, .. }
        | Operation::Slice { axis, .. } => all_but(&[*axis]),
        Operation::Normalise { axes, .. } => all_but(axes),
        Operation::Reduce { value, axes, .. } => {
            kept_axes(program.node(*value).shape.len(), axes).enumerate().map(|(target, axis)| (axis, target)).collect()
        }
        Operation::Reshape { from, to, .. } => unsplit_axes(from, to),
        Operation::Window { axis, .. } => {
            (0..rank - 1).filter(|other| other != axis).map(|other| (other, other + usize::from(other > *axis))).collect()
        }
        Operation::OneHot { .. } => (0..rank - 1).map(|axis| (axis, axis)).collect(),
    }
}
