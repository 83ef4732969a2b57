//! The stable text of a lowered program: what is executed, in which order, with the sizes of every array.

use crate::compile::{Compiled, compile};
use crate::primitive::map::kernel;
use std::fmt::Write;
use sym_diagnostics::Diagnostic;
use sym_ir::{Node, Operation, Program, ValueId};

/// A program as it is executed: one line an operation. A dense layer is one operation; an einsum is a nest of products and sums in the
/// order that was chosen for it; `batch` is the leading axis of values that depend on the data.
///
/// # Errors
///
/// E0501 for everything in the program that cannot be executed.
pub fn text(program: &Program) -> Result<String, Vec<Diagnostic>> {
    let compiled = compile(program)?;
    let mut out = format!("module {}\n", program.name);
    for at in 0..program.nodes.len() {
        if !compiled.inside[at] {
            let node = &program.nodes[at];
            let place = if node.scope.is_empty() { node.name.to_string() } else { format!("{}/{}", node.scope, node.name) };
            line(&mut out, format_args!("  %{at} {} = {}  // {place}", sizes(node), operation(&compiled, at)));
        }
    }
    for output in &program.outputs {
        line(&mut out, format_args!("  output {} = {}", output.name, value(output.value)));
    }
    Ok(out)
}

fn line(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(out, "{arguments}").expect("writing to a string succeeds");
}

fn value(id: ValueId) -> String {
    format!("%{}", id.0)
}

/// `[batch, 4]`; a value of rank 0 is an array of one entry.
fn sizes(node: &Node) -> String {
    let batch = node.batched.then(|| "batch".to_string());
    let axes: Vec<String> = batch.into_iter().chain(node.shape.iter().map(|axis| axis.size.to_string())).collect();
    if axes.is_empty() { "[1]".to_string() } else { format!("[{}]", axes.join(", ")) }
}

fn operation(compiled: &Compiled, at: usize) -> String {
    let node = &compiled.program.nodes[at];
    if let Some(layer) = &compiled.layers[at] {
        let activation = layer.activation.map_or_else(String::new, |activation| format!(" {activation:?}").to_lowercase());
        return format!("dense{activation} {} {} {}", value(layer.x), value(layer.weight), value(layer.bias));
    }
    let operands: Vec<String> = node.operation.operands().into_iter().map(value).collect();
    if let Some(contraction) = &compiled.contractions[at] {
        return contraction.text(operands);
    }
    match &node.operation {
        Operation::Input(id) => format!("input {}", compiled.program.inputs[id.0 as usize].name),
        Operation::Parameter(id) => {
            let parameter = compiled.program.parameter(*id);
            let stored = parameter.stored_shape().iter().map(u128::to_string).collect::<Vec<_>>().join(", ");
            format!("weights {} stored [{stored}]", parameter.storage.name.pattern())
        }
        Operation::Map { function, .. } => {
            let way = if kernel(&function.body).is_some() { "kernel" } else { "formula" };
            format!("{way} {} {}", function.name, operands.join(" "))
        }
        other => format!("{} {}", other.word(), operands.join(" ")).trim_end().to_string(),
    }
}
