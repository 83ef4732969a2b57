//! Weights times gates and factors.

use super::rebuild::substitute;
use super::refused;
use super::targets::{free_path, is_named, parameters};
use std::collections::BTreeMap;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::{Intervention, Per};
use sym_ir::{Builder, Initial, Label, Operand, Operation, Parameter, ParameterId, Program, Role, Storage, ValueId};

/// W → w ⊙ u₁ ⊙ … with `depth` factors of the weight's shape.
pub(super) fn factorise(program: &Program, intervention: &Intervention, depth: u32) -> Result<Program, Vec<Diagnostic>> {
    let chosen = parameters(program, intervention, is_weight(intervention), "a trainable weight of two or more axes")?;
    let name = if depth == 2 { "factor" } else { "factors" };
    Ok(substitute(program, &chosen, |builder, id| {
        let parameter = program.parameter(id);
        let axes: Vec<usize> = (0..parameter.shape.len()).collect();
        let factors = factors(program, builder, parameter, &axes, name, depth);
        multiply(builder, parameter, factors)
    }))
}

/// W → γ₁ ⋯ W with `depth` − 1 gates a group.
pub(super) fn gate(program: &Program, intervention: &Intervention, depth: u32, per: &Per) -> Result<Program, Vec<Diagnostic>> {
    let chosen = parameters(program, intervention, is_weight(intervention), "a trainable weight of two or more axes")?;
    let name = if depth == 2 { "scale" } else { "gates" };
    if matches!(per, Per::Layer | Per::Block) {
        return Ok(shared(program, &chosen, name, depth, if *per == Per::Layer { 1 } else { 2 }));
    }
    let mut axes: BTreeMap<ParameterId, Vec<usize>> = BTreeMap::new();
    let mut problems = Vec::new();
    for &id in &chosen {
        let parameter = program.parameter(id);
        match group_axes(parameter, per) {
            Some(own) => {
                axes.insert(id, own);
            }
            None if !is_named(intervention, &parameter.path) => {}
            None => problems.push(no_groups(intervention, parameter, per)),
        }
    }
    if axes.is_empty() && problems.is_empty() {
        problems.extend(chosen.first().map(|&id| no_groups(intervention, program.parameter(id), per)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let chosen: Vec<ParameterId> = axes.keys().copied().collect();
    Ok(substitute(program, &chosen, |builder, id| {
        let parameter = program.parameter(id);
        let factors = factors(program, builder, parameter, &axes[&id], name, depth);
        multiply(builder, parameter, factors)
    }))
}

/// Weights by themselves, and whatever is selected by name.
fn is_weight(intervention: &Intervention) -> impl Fn(&Parameter) -> bool {
    |parameter| parameter.shape.len() >= 2 || is_named(intervention, &parameter.path)
}

/// One gate for all parameters whose paths agree up to the last `names` names.
fn shared(program: &Program, chosen: &[ParameterId], name: &str, depth: u32, names: usize) -> Program {
    let mut made: BTreeMap<String, Vec<ValueId>> = BTreeMap::new();
    substitute(program, chosen, |builder, id| {
        let parameter = program.parameter(id);
        let mut group = parameter.path.as_str();
        for _ in 0..names {
            group = group.rfind('.').map_or("", |end| &group[..end]);
        }
        let factors = made.entry(group.to_string()).or_insert_with(|| {
            let path = if group.is_empty() { name.to_string() } else { format!("{group}.{name}") };
            declare(program, builder, parameter, &[], &path, depth)
        });
        let factors = factors.iter().map(|&value| (value, Vec::new())).collect();
        multiply(builder, parameter, factors)
    })
}

/// The axes that the gates of a parameter have; `None` where it has no such groups.
fn group_axes(parameter: &Parameter, per: &Per) -> Option<Vec<usize>> {
    let stored = |at: usize| {
        let mut axes = parameter.storage.layout.get(at)?.axes.clone();
        axes.sort_unstable();
        Some(axes)
    };
    match per {
        Per::Tensor | Per::Layer | Per::Block => Some(Vec::new()),
        Per::Row => stored(0),
        Per::Column => stored(1),
        Per::Axis(word) => {
            let is_named = |symbol: &str| {
                let last = symbol.rsplit('_').next().unwrap_or(symbol);
                symbol == word || last == word || last.strip_suffix('s') == Some(word)
            };
            let declared = parameter.role.sizes.iter().position(|size| is_named(size));
            let axis = declared.or_else(|| parameter.shape.iter().position(|axis| is_named(&axis.symbol)))?;
            Some(vec![axis])
        }
    }
}

fn no_groups(intervention: &Intervention, parameter: &Parameter, per: &Per) -> Diagnostic {
    let word = match per {
        Per::Row => "row",
        Per::Column => "column",
        Per::Axis(word) => word,
        Per::Tensor => "tensor",
        Per::Layer => "layer",
        Per::Block => "block",
    };
    let declared = &parameter.role.sizes;
    let axes: Vec<&str> = if declared.is_empty() {
        parameter.shape.iter().map(|axis| &*axis.symbol).collect()
    } else {
        declared.iter().map(|size| &**size).collect()
    };
    refused(intervention, format!("`{}` has no {word}s: its axes are [{}]", parameter.path, axes.join(", ")))
        .label(format!("`per: {word}`"))
        .expected("`tensor`, `row`, `column`, `layer`, `block`, or the name of an axis, such as `head` for `heads`")
}

/// `depth` − 1 new factors over some axes of a parameter, each with the axes it has.
fn factors(
    program: &Program,
    builder: &mut Builder,
    parameter: &Parameter,
    axes: &[usize],
    name: &str,
    depth: u32,
) -> Vec<(ValueId, Vec<usize>)> {
    let path = format!("{}.{name}", parameter.path);
    declare(program, builder, parameter, axes, &path, depth).into_iter().map(|value| (value, axes.to_vec())).collect()
}

fn declare(
    program: &Program,
    builder: &mut Builder,
    parameter: &Parameter,
    axes: &[usize],
    path: &str,
    depth: u32,
) -> Vec<ValueId> {
    (1..depth)
        .map(|number| {
            let path = if depth == 2 { path.to_string() } else { format!("{path}.{number}") };
            let path = free_path(program, &builder.program().parameters, &path);
            builder.declare_parameter(Parameter {
                storage: Storage::plain(&path, axes.len()),
                path,
                shape: axes.iter().map(|&axis| parameter.shape[axis].clone()).collect(),
                trainable: true,
                initial: Initial::Constant(1.0),
                role: Role { block: parameter.role.block.clone(), factor: true, ..Role::default() },
                span: parameter.span,
            })
        })
        .collect()
}

/// The parameter itself times factors.
fn multiply(builder: &mut Builder, parameter: &Parameter, factors: Vec<(ValueId, Vec<usize>)>) -> ValueId {
    let own = builder.declare_parameter(parameter.clone());
    let label = |axis: usize| Label(axis as u32);
    let output: Vec<Label> = (0..parameter.shape.len()).map(label).collect();
    let mut operands = vec![Operand { value: own, labels: output.clone() }];
    operands.extend(factors.into_iter().map(|(value, axes)| Operand { value, labels: axes.into_iter().map(label).collect() }));
    let product = Operation::Einsum { operands, output, coefficient: 1.0 };
    builder.push(product, parameter.shape.clone(), parameter.path.clone())
}
