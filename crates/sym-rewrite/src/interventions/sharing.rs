//! One parameter for several, and several for one.

use super::masks::refuse_masked;
use super::rebuild::rebuild;
use super::refused;
use super::targets::{free_path, parameters};
use std::collections::BTreeMap;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::Intervention;
use sym_ir::{Operation, ParameterId, Program, Storage, ValueId};

/// The selected parameters of one shape become the first of them.
pub(super) fn tie(program: &Program, intervention: &Intervention) -> Result<Program, Vec<Diagnostic>> {
    if intervention.on.is_empty() {
        return Err(vec![
            refused(intervention, "`tie` does not say what it ties")
                .expected("`on` with parameters of one shape")
                .help("write `on fc1.weight, fc2.weight by tie`"),
        ]);
    }
    let chosen = parameters(program, intervention, |_| true, "two trainable parameters of one shape")?;
    refuse_masked(program, intervention, &chosen)?;
    let sizes = |id: ParameterId| program.parameter(id).shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
    let mut by_shape: BTreeMap<(Vec<u128>, &str), Vec<ParameterId>> = BTreeMap::new();
    for &id in &chosen {
        let last = program.parameter(id).path.rsplit('.').next().unwrap_or("");
        by_shape.entry((sizes(id), last)).or_default().push(id);
    }
    let alone: Vec<&str> =
        by_shape.values().filter(|group| group.len() == 1).map(|group| program.parameter(group[0]).path.as_str()).collect();
    if alone.len() == by_shape.len() {
        let shapes: Vec<String> = chosen.iter().map(|&id| format!("`{}` {:?}", program.parameter(id).path, sizes(id))).collect();
        return Err(vec![
            refused(intervention, "no two of the selected parameters have one name and shape")
                .found(shapes.join(", "))
                .expected("two parameters of one name and shape, such as the weights of two layers of one size"),
        ]);
    }
    let mut stands_for: BTreeMap<ParameterId, ParameterId> = BTreeMap::new();
    for group in by_shape.values() {
        stands_for.extend(group[1..].iter().map(|&id| (id, group[0])));
    }
    let mut tied = program.clone();
    for node in &mut tied.nodes {
        if let Operation::Parameter(id) = &mut node.operation
            && let Some(first) = stands_for.get(id)
        {
            *id = *first;
        }
    }
    // Copying drops the parameters that nothing reads any more, but for those that nothing read before.
    let gone = |path: &str| stands_for.keys().any(|&id| program.parameter(id).path == path);
    let mut tied = rebuild(&tied, |_, _, _| None);
    tied.parameters.retain(|parameter| !gone(&parameter.path));
    Ok(tied)
}

/// Every operation that reads a selected parameter gets a parameter of its own, drawn for itself: `W`, `W.copy2`, …
pub(super) fn untie(program: &Program, intervention: &Intervention) -> Result<Program, Vec<Diagnostic>> {
    let mut readers: BTreeMap<ParameterId, usize> = BTreeMap::new();
    for node in &program.nodes {
        for operand in node.operation.operands() {
            if let Operation::Parameter(id) = program.node(operand).operation {
                *readers.entry(id).or_default() += 1;
            }
        }
    }
    let chosen = parameters(program, intervention, |_| true, "a parameter that several operations read")?;
    let shared: Vec<ParameterId> = chosen.into_iter().filter(|id| readers.get(id).is_some_and(|&count| count > 1)).collect();
    if shared.is_empty() {
        return Err(vec![
            refused(intervention, "none of the selected parameters is read by more than one operation")
                .expected("a parameter that several operations read"),
        ]);
    }
    let mut read: BTreeMap<ParameterId, usize> = BTreeMap::new();
    Ok(rebuild(program, |builder, node, at| {
        let own = program.nodes[at].operation.operands();
        let tied: Vec<(usize, ParameterId)> = own
            .iter()
            .enumerate()
            .filter_map(|(slot, &value)| match program.node(value).operation {
                Operation::Parameter(id) if shared.contains(&id) => Some((slot, id)),
                _ => None,
            })
            .collect();
        if tied.is_empty() {
            return None;
        }
        let mut operation = node.operation.clone();
        let mut copies: Vec<(usize, ValueId)> = Vec::new();
        for (slot, id) in tied {
            let count = read.entry(id).or_default();
            *count += 1;
            if *count == 1 {
                continue;
            }
            let mut parameter = program.parameter(id).clone();
            parameter.path = free_path(program, &builder.program().parameters, &format!("{}.copy", parameter.path));
            parameter.storage = Storage::plain(&parameter.path, parameter.shape.len());
            copies.push((slot, builder.declare_parameter(parameter)));
        }
        let mut operands = operation.operands_mut();
        for (slot, value) in copies {
            *operands[slot] = value;
        }
        Some(builder.push(operation, node.shape.clone(), node.name.clone()))
    }))
}
