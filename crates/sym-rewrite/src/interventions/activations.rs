//! σ-asymmetric activations (Lim et al. 2024).

use super::rebuild::rebuild;
use super::refused;
use super::targets::free_path;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::intervention::{Intervention, TargetKind};
use sym_ir::{
    Builtin, Drawn, Function, Initial, Label, Node, Operand, Operation, Parameter, Program, Role, Storage, ValueId, selector,
};

/// Every selected activation σ(x) becomes x ⊙ sigmoid(F x) with a frozen normal F [n, n] over the units. Targets are layers whose
/// output is activated (`fc1`), or functions (`all relu`).
pub(super) fn asymmetric(
    program: &Program,
    intervention: &Intervention,
    std: Option<f64>,
    seed: u64,
) -> Result<Program, Vec<Diagnostic>> {
    let chosen = activations(program, intervention)?;
    let purpose: Arc<str> = Arc::from(format!("sigma_asymmetric of {}", program.name));
    Ok(rebuild(program, |builder, node, at| {
        let Operation::Map { value, .. } = node.operation else { return None };
        let argument = match program.nodes[at].operation {
            Operation::Map { value, .. } => value,
            _ => value,
        };
        if !chosen.contains(&at) {
            return None;
        }
        let axis = unit_axis(program, argument);
        let units = node.shape[axis].clone();
        let std = std.unwrap_or(1.0 / (units.size as f64).sqrt());
        let scope = &program.node(argument).scope;
        let stem = if scope.is_empty() { &node.name } else { scope };
        let path = free_path(program, &builder.program().parameters, &format!("{stem}.asymmetry"));
        let mixing = builder.declare_parameter(Parameter {
            storage: Storage::plain(&path, 2),
            path,
            shape: vec![units.clone(), units],
            trainable: false,
            initial: Initial::Normal { mean: 0.0, std },
            role: Role { drawn: Some(Drawn { seed, purpose: purpose.clone() }), ..Role::default() },
            span: node.span,
        });
        let own: Vec<Label> = (0..node.shape.len()).map(|axis| Label(axis as u32)).collect();
        let summed = Label(node.shape.len() as u32);
        let mut read = own.clone();
        read[axis] = summed;
        let mix = Operation::Einsum {
            operands: vec![Operand { value: mixing, labels: vec![own[axis], summed] }, Operand { value, labels: read }],
            output: own.clone(),
            coefficient: 1.0,
        };
        let mixed = builder.push(mix, node.shape.clone(), "mixed");
        let gate = builder.map_function(Function::builtin(Builtin::Sigmoid), mixed);
        let gated = Operation::Einsum {
            operands: vec![Operand { value, labels: own.clone() }, Operand { value: gate, labels: own.clone() }],
            output: own,
            coefficient: 1.0,
        };
        Some(builder.push(gated, node.shape.clone(), node.name.clone()))
    }))
}

fn activations(program: &Program, intervention: &Intervention) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let of_units = |node: &Node| node.batched && !node.shape.is_empty();
    let maps: Vec<(usize, ValueId, &Function)> = program
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| match &node.operation {
            Operation::Map { value, function } if of_units(node) => Some((at, *value, function)),
            _ => None,
        })
        .collect();
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    for target in &intervention.on {
        let picks = |&(at, value, function): &(usize, ValueId, &Function)| match &target.kind {
            TargetKind::All => true,
            TargetKind::Block(name) => function.name == *name,
            TargetKind::Space(paths) | TargetKind::Paths(paths) => {
                let scopes = [&program.nodes[at].scope, &program.node(value).scope];
                scopes.iter().any(|scope| selector::selects(paths, scope))
            }
        };
        let found: Vec<usize> = maps.iter().filter(|map| picks(map)).map(|(at, ..)| *at).collect();
        if found.is_empty() {
            let text = match &target.kind {
                TargetKind::All => "all",
                TargetKind::Block(name) | TargetKind::Space(name) | TargetKind::Paths(name) => name,
            };
            let scopes = maps.iter().map(|(_, value, _)| &*program.node(*value).scope).filter(|scope| !scope.is_empty());
            problems.push(
                Diagnostic::new(Code::E0221, target.span, format!("`{text}` names no activation of `{}`", program.name))
                    .label("matches nothing")
                    .found(format!("`{text}`"))
                    .expected("a layer whose output an elementwise function takes, or `all` with the name of such a function")
                    .suggest(text, scopes),
            );
        }
        chosen.extend(found);
    }
    if intervention.on.is_empty() {
        chosen = maps.iter().map(|(at, ..)| *at).collect();
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if chosen.is_empty() {
        return Err(vec![
            refused(intervention, format!("`{}` has no elementwise function of its units", program.name))
                .expected("an activation"),
        ]);
    }
    Ok(chosen)
}

/// The axis of a value that its last weights wrote; the last axis where no weights did.
fn unit_axis(program: &Program, value: ValueId) -> usize {
    let mut at = value;
    loop {
        let node = program.node(at);
        match &node.operation {
            Operation::Einsum { operands, output, .. } => {
                let is_weight = |operand: &&Operand| !program.node(operand.value).batched;
                let written = |label: &Label| operands.iter().filter(is_weight).any(|operand| operand.labels.contains(label));
                return output.iter().position(written).unwrap_or(node.shape.len() - 1);
            }
            // The longest term has all axes of the sum.
            Operation::Add { terms, .. } => {
                let whole = terms.iter().find(|term| {
                    program.node(term.value).batched && term.axes.iter().enumerate().all(|(own, axis)| own == *axis)
                });
                match whole.filter(|term| term.axes.len() == node.shape.len()) {
                    Some(term) => at = term.value,
                    None => return node.shape.len() - 1,
                }
            }
            Operation::Map { value, .. } | Operation::Normalise { value, .. } => at = *value,
            _ => return node.shape.len() - 1,
        }
    }
}
