//! Which parameters are constants: those that weights and partitions of unity alone lead to a value that an input enters.

use crate::paths::Paths;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, ValueId};

/// The trainable parameters that are constants, each with the axes along which its change may vary.
pub fn unknowns(paths: &Paths) -> BTreeMap<ParameterId, Vec<usize>> {
    let program = paths.program;
    let arrives = arrivals(paths);
    let mut found: BTreeMap<ParameterId, (bool, BTreeSet<usize>)> = BTreeMap::new();
    for (index, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        if program.parameter(id).trainable && node.shape.len() <= 30 {
            let (arrived, even) = found.entry(id).or_default();
            *arrived |= arrives[index];
            even.extend(partitioned(paths, ValueId(index as u32)));
        }
    }
    let varying = |id: ParameterId, even: &BTreeSet<usize>| {
        (0..program.parameter(id).shape.len()).filter(|axis| !even.contains(axis)).collect()
    };
    found.into_iter().filter(|(_, (arrived, _))| *arrived).map(|(id, (_, even))| (id, varying(id, &even))).collect()
}

/// For each value of weights whether it is added, along some linear way, to a value that an input enters.
fn arrivals(paths: &Paths) -> Vec<bool> {
    let program = paths.program;
    let mut arrives = vec![false; program.nodes.len()];
    for index in (0..program.nodes.len()).rev() {
        let value = ValueId(index as u32);
        if program.node(value).batched {
            continue;
        }
        arrives[index] = paths.graph.uses(value).iter().any(|reader| {
            let node = program.node(reader.by);
            let behind = node.batched || arrives[reader.by.0 as usize];
            match &node.operation {
                Operation::Add { .. } | Operation::Concat { .. } | Operation::Slice { .. } | Operation::Reshape { .. } => behind,
                Operation::Map { .. } => behind && paths.slope(reader.by).is_some(),
                Operation::Einsum { operands, .. } => {
                    let even = partitions(paths, reader.by, reader.slot);
                    let weights = |slot: usize| !program.node(operands[slot].value).batched;
                    let alone = (0..operands.len())
                        .filter(|slot| *slot != reader.slot)
                        .all(|slot| weights(slot) || even.iter().any(|(_, other)| *other == slot));
                    behind && alone
                }
                _ => false,
            }
        });
    }
    arrives
}

/// The axes of a value that meet a partition of unity: a change is a constant where it is the same along them.
fn partitioned(paths: &Paths, value: ValueId) -> Vec<usize> {
    let of_reader = |reader: &crate::graph::Use| partitions(paths, reader.by, reader.slot).into_iter().map(|(axis, _)| axis);
    paths.graph.uses(value).iter().flat_map(of_reader).collect()
}

/// The axes of a factor that are summed with entries of another that sum to a constant, and that one.
fn partitions(paths: &Paths, product: ValueId, slot: usize) -> Vec<(usize, usize)> {
    let Operation::Einsum { operands, output, .. } = &paths.program.node(product).operation else { return Vec::new() };
    let mut found = Vec::new();
    for (axis, label) in operands[slot].labels.iter().enumerate().filter(|(_, label)| !output.contains(label)) {
        for (other, operand) in operands.iter().enumerate().filter(|(other, _)| *other != slot) {
            let at = operand.labels.iter().position(|own| own == label);
            if at.is_some_and(|at| paths.program.node(operand.value).batched && paths.constant_sum(operand.value, at).is_some()) {
                found.push((axis, other));
            }
        }
    }
    found
}
