//! A reduced program as a plain model: multiplicities are taken up by the weights behind them, and what no output reads is left out.
//!
//! In coordinates of copies a sum over m merged units is m times a sum over their class. Where a reduced weight is read only in products with
//! the same factors, it can have those factors itself: the model that is left is one that could have been written by hand. It
//! computes the same function, but a step of gradient descent on it is no longer one of the full model.

use crate::reduce::Reduction;
use std::collections::{BTreeMap, BTreeSet};
use sym_infer::Weights;
use sym_ir::{Operation, ParameterId, Program, Storage, ValueId};

/// The reduced program of a state in [`Copies`](crate::Coordinates::Copies) without what its weights can take up, with the weights that the full
/// ones have there.
///
/// Frozen multiplicities stay where no weight is beside them, as in a mean over units. Stored tensors keep their names; parts of one tensor
/// move together.
pub fn absorbed(reduction: &Reduction, full: &Weights) -> (Program, Weights) {
    let mut program = reduction.program.clone();
    let mut weights = reduction.restrict(full);
    let constants = program.parameters.len() - reduction.constants();
    for at in 0..reduction.full().parameters.len() {
        let sizes = |program: &Program| program.parameters[at].shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
        if sizes(&program) != sizes(reduction.full()) {
            absorb(&mut program, &mut weights, ParameterId(at as u32), constants);
        }
    }
    let (mut program, weights) = without_unread(program, weights);
    program.name.clone_from(&reduction.full().name);
    close_gaps(&mut program);
    (program, weights)
}

/// What a product multiplies a parameter with: a number, and frozen vectors along its axes.
#[derive(Debug, Clone, PartialEq)]
struct Factors {
    coefficient: f64,
    /// (parameter of the vector, axis), sorted.
    vectors: Vec<(usize, usize)>,
}

/// Multiplies a parameter with the factors that it has wherever it is read, and takes them out there.
fn absorb(program: &mut Program, weights: &mut Weights, id: ParameterId, constants: usize) {
    let reads = |node: &sym_ir::Node| matches!(node.operation, Operation::Parameter(read) if read == id);
    let values: Vec<ValueId> =
        program.nodes.iter().enumerate().filter(|(_, node)| reads(node)).map(|(at, _)| ValueId(at as u32)).collect();
    if program.outputs.iter().any(|output| values.contains(&output.value)) {
        return;
    }
    let users: Vec<usize> = program
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.operation.operands().iter().any(|operand| values.contains(operand)))
        .map(|(at, _)| at)
        .collect();
    let factors: Option<Vec<Factors>> = users.iter().map(|&user| factors(program, user, &values, constants)).collect();
    let Some(factors) = factors else { return };
    let Some(first) = factors.first().filter(|first| factors.iter().all(|other| other == *first)) else { return };
    let at = id.0 as usize;
    let sizes: Vec<usize> = program.parameters[at].shape.iter().map(|axis| axis.size as usize).collect();
    let vectors: Vec<(Vec<f64>, usize)> =
        first.vectors.iter().map(|&(vector, axis)| (weights.values[vector].clone(), axis)).collect();
    for (entry, value) in weights.values[at].iter_mut().enumerate() {
        let index = |axis: usize| entry / sizes[axis + 1..].iter().product::<usize>() % sizes[axis];
        *value *= vectors.iter().fold(first.coefficient, |product, (vector, axis)| product * vector[index(*axis)]);
    }
    for user in users {
        let own = own_labels(program, user, &values);
        let absorbed = |operand: &sym_ir::Operand| vector(program, operand, constants).is_some() && is_beside(operand, &own);
        let keep: Vec<bool> = match &program.nodes[user].operation {
            Operation::Einsum { operands, .. } => operands.iter().map(|operand| !absorbed(operand)).collect(),
            _ => continue,
        };
        if let Operation::Einsum { operands, coefficient, .. } = &mut program.nodes[user].operation {
            let mut keep = keep.into_iter();
            operands.retain(|_| keep.next().unwrap_or(true));
            *coefficient = 1.0;
        }
    }
}

/// The factors beside the one operand of a product that reads one of `values`; `None` for another operation, or for several operands.
fn factors(program: &Program, user: usize, values: &[ValueId], constants: usize) -> Option<Factors> {
    let Operation::Einsum { operands, coefficient, .. } = &program.nodes[user].operation else { return None };
    if operands.iter().filter(|operand| values.contains(&operand.value)).count() != 1 {
        return None;
    }
    let own = own_labels(program, user, values);
    let beside = operands.iter().filter(|operand| is_beside(operand, &own));
    let mut vectors: Vec<(usize, usize)> = beside
        .filter_map(|operand| {
            let axis = own.iter().position(|label| operand.labels.first() == Some(label))?;
            Some((vector(program, operand, constants)?, axis))
        })
        .collect();
    vectors.sort_unstable();
    Some(Factors { coefficient: *coefficient, vectors })
}

fn own_labels(program: &Program, user: usize, values: &[ValueId]) -> Vec<sym_ir::Label> {
    match &program.nodes[user].operation {
        Operation::Einsum { operands, .. } => operands
            .iter()
            .find(|operand| values.contains(&operand.value))
            .map_or_else(Vec::new, |operand| operand.labels.clone()),
        _ => Vec::new(),
    }
}

/// The frozen vector that an operand is, if it is one.
fn vector(program: &Program, operand: &sym_ir::Operand, constants: usize) -> Option<usize> {
    match program.node(operand.value).operation {
        Operation::Parameter(id) if id.0 as usize >= constants && operand.labels.len() == 1 => Some(id.0 as usize),
        _ => None,
    }
}

fn is_beside(operand: &sym_ir::Operand, own: &[sym_ir::Label]) -> bool {
    operand.labels.iter().all(|label| own.contains(label))
}

/// Leaves out the operations and parameters that no output needs.
fn without_unread(mut program: Program, mut weights: Weights) -> (Program, Weights) {
    let mut live = vec![false; program.nodes.len()];
    for output in &program.outputs {
        live[output.value.0 as usize] = true;
    }
    for at in (0..program.nodes.len()).rev() {
        if live[at] {
            program.nodes[at].operation.operands().into_iter().for_each(|operand| live[operand.0 as usize] = true);
        }
    }
    let mut read = BTreeSet::new();
    for (node, live) in program.nodes.iter().zip(&mut live) {
        match node.operation {
            Operation::Parameter(id) if *live => {
                read.insert(id);
            }
            Operation::Input(_) => *live = true,
            _ => {}
        }
    }
    let ranks = |kept: &[bool]| -> Vec<u32> {
        kept.iter().scan(0, |next, &kept| Some(std::mem::replace(next, *next + u32::from(kept)))).collect()
    };
    let moved = ranks(&live);
    let parameters: Vec<bool> = (0..program.parameters.len()).map(|at| read.contains(&ParameterId(at as u32))).collect();
    let renamed = ranks(&parameters);
    retain(&mut program.nodes, &live);
    retain(&mut program.parameters, &parameters);
    retain(&mut weights.values, &parameters);
    for node in &mut program.nodes {
        if let Operation::Parameter(id) = &mut node.operation {
            *id = ParameterId(renamed[id.0 as usize]);
        }
        node.operation.operands_mut().into_iter().for_each(|operand| *operand = ValueId(moved[operand.0 as usize]));
    }
    for output in &mut program.outputs {
        output.value = ValueId(moved[output.value.0 as usize]);
    }
    (program, weights)
}

fn retain<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().copied().unwrap_or(true));
}

/// Moves the parts of stored tensors together that are shorter than before. Where the parts no longer fit, each parameter is a tensor of its
/// own under its path.
fn close_gaps(program: &mut Program) {
    let mut parts: BTreeMap<(String, usize), Vec<usize>> = BTreeMap::new();
    for (at, parameter) in program.parameters.iter().enumerate() {
        for (axis, _) in parameter.storage.layout.iter().enumerate().filter(|(_, stored)| stored.part.is_some()) {
            parts.entry((parameter.storage.name.pattern(), axis)).or_default().push(at);
        }
    }
    for ((_, axis), members) in parts {
        // Pieces of several axes share their starts.
        let mut lengths: BTreeMap<u128, u128> = BTreeMap::new();
        for &at in &members {
            let extent = program.parameters[at].storage.extents(&program.parameters[at].shape)[axis];
            lengths.insert(extent.start, extent.length);
        }
        let starts: BTreeMap<u128, u128> =
            lengths.iter().scan(0, |next, (&before, &length)| Some((before, std::mem::replace(next, *next + length)))).collect();
        for at in members {
            if let Some(part) = &mut program.parameters[at].storage.layout[axis].part {
                part.start = starts.get(&part.start).copied().unwrap_or(part.start);
            }
        }
    }
    let whole =
        |parameter: &mut sym_ir::Parameter| parameter.storage = Storage::plain(parameter.path.clone(), parameter.shape.len());
    if !program.stored_tensors().1.is_empty() {
        program.parameters.iter_mut().filter(|parameter| parameter.storage.is_part()).for_each(whole);
    }
    if !program.stored_tensors().1.is_empty() {
        program.parameters.iter_mut().for_each(whole);
    }
}
