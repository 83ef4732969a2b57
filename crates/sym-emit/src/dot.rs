//! A program as a graph for Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write;
use sym_ir::{Node, Operation, Program};

/// The graph: a box for each operation, blocks as frames, parameters as ellipses. `dot -Tsvg` draws it.
///
/// ```
/// let mut builder = sym_ir::Builder::new("M");
/// let x = builder.input("x", &[3]);
/// let y = builder.linear("fc", x, 2, true);
/// builder.output("output", y);
/// assert!(sym_emit::dot(&builder.finish()).starts_with("digraph \"M\" {"));
/// ```
pub fn dot(program: &Program) -> String {
    let mut out =
        format!("digraph {} {{\n  rankdir = BT;\n  node [shape = box, fontname = \"sans-serif\"];\n", quoted(&program.name));
    let mut root = Frame::default();
    for (at, node) in program.nodes.iter().enumerate() {
        let parts = node.scope.split('.').filter(|part| !part.is_empty());
        parts.fold(&mut root, |frame, part| frame.inner.entry(part.to_string()).or_default()).nodes.push(at);
    }
    let mut frames = 0;
    root.write(program, &mut out, 1, &mut frames);
    for (at, node) in program.nodes.iter().enumerate() {
        for operand in node.operation.operands() {
            let _ = writeln!(out, "  n{} -> n{at};", operand.0);
        }
    }
    for (at, output) in program.outputs.iter().enumerate() {
        let _ = writeln!(out, "  o{at} [shape = plaintext, label = {}];", quoted(&output.name));
        let _ = writeln!(out, "  n{} -> o{at};", output.value.0);
    }
    out + "}\n"
}

/// A block with its operations.
#[derive(Default)]
struct Frame {
    nodes: Vec<usize>,
    inner: BTreeMap<String, Frame>,
}

impl Frame {
    fn write(&self, program: &Program, out: &mut String, depth: usize, frames: &mut usize) {
        let indent = "  ".repeat(depth);
        for &at in &self.nodes {
            let node = &program.nodes[at];
            let shape = match node.operation {
                Operation::Parameter(_) => ", shape = ellipse",
                Operation::Input(_) => ", shape = plaintext",
                _ => "",
            };
            let _ = writeln!(out, "{indent}n{at} [label = {}{shape}];", quoted(&label(program, node)));
        }
        for (name, frame) in &self.inner {
            *frames += 1;
            let _ = writeln!(out, "{indent}subgraph cluster{frames} {{\n{indent}  label = {};", quoted(name));
            frame.write(program, out, depth + 1, frames);
            let _ = writeln!(out, "{indent}}}");
        }
    }
}

/// What a node shows: its name, what it is, its sizes.
fn label(program: &Program, node: &Node) -> String {
    let batch = node.batched.then(|| "batch".to_string());
    let sizes: Vec<String> = batch.into_iter().chain(node.shape.iter().map(|axis| axis.size.to_string())).collect();
    let what = match &node.operation {
        Operation::Input(id) => program.inputs[id.0 as usize].name.clone(),
        Operation::Parameter(id) => {
            let parameter = program.parameter(*id);
            let name = parameter.path.rsplit('.').next().unwrap_or(&parameter.path);
            if parameter.trainable { name.to_string() } else { format!("{name} (frozen)") }
        }
        Operation::Map { function, .. } => function.name.clone(),
        other => other.word().to_string(),
    };
    let leaf = matches!(node.operation, Operation::Input(_) | Operation::Parameter(_));
    let name = if leaf || *node.name == *what { String::new() } else { format!("{} = ", node.name) };
    format!("{name}{what}\n[{}]", sizes.join(", "))
}

/// A string of the DOT language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
