//! A program as a `.sym` file: one statement an operation, all parameters in front with their stored names.
//!
//! What comes back from [`compile`](crate::compile()) computes the same function of the same stored tensors. Names of blocks are gone: a parameter
//! `fc1.weight` is called `fc1_weight` and stored as `fc1.weight`. Initial values that are neither drawn nor constant are those of
//! the stored tensors, and so are entries that a mask has frozen.
//!
//! | operations | module |
//! |---|---|
//! | einsum, add | `products` |
//! | map | `functions` |
//! | all that name axes | `axes` |

mod axes;
mod declare;
mod functions;
mod names;
mod products;

use crate::Scalar;
use crate::program::{Operation, Output, Program, ValueId};
use names::Names;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The text of a file with one model, in the layout of `symc fmt`.
pub fn source(program: &Program) -> String {
    let mut writer = Writer {
        program,
        names: Names::of(program),
        values: vec![String::new(); program.nodes.len()],
        inlined: products::inlined(program),
        settings: Vec::new(),
        functions: Vec::new(),
        zeros: BTreeMap::new(),
        lines: Vec::new(),
    };
    writer.declarations();
    for at in 0..program.nodes.len() {
        writer.node(ValueId(at as u32));
    }
    for output in &program.outputs {
        writer.output(output);
    }
    let text = writer.file();
    sym_syntax::format(&text).unwrap_or(text)
}

/// The right side of a statement, with the indices of its left side where it has them.
struct Expression {
    indices: Option<Vec<String>>,
    text: String,
}

impl Expression {
    fn plain(text: String) -> Self {
        Self { indices: None, text }
    }
}

struct Writer<'a> {
    program: &'a Program,
    names: Names,
    /// What each value is called.
    values: Vec<String>,
    /// Products that are written inside the only sum that reads them.
    inlined: Vec<bool>,
    /// Sizes that layouts refer to by name.
    settings: Vec<(String, u128)>,
    /// Elementwise functions that are items of their own.
    functions: Vec<(String, Scalar)>,
    /// Vectors of zeros by size: what is added along an axis that nothing else has.
    zeros: BTreeMap<u128, String>,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn name(&self, value: ValueId) -> &str {
        &self.values[value.0 as usize]
    }

    fn node(&mut self, value: ValueId) {
        if self.inlined[value.0 as usize] {
            return;
        }
        let node = self.program.node(value);
        let expression = match &node.operation {
            Operation::Input(id) => {
                self.values[value.0 as usize] = self.names.input(*id);
                return;
            }
            Operation::Parameter(id) => {
                self.values[value.0 as usize] = self.names.parameter(*id);
                return;
            }
            Operation::Einsum { operands, output, coefficient } => self.einsum(node, operands, output, *coefficient),
            Operation::Add { terms, constant } => self.add(node, terms, *constant),
            Operation::Map { value, function } => self.map(*value, function),
            _ => self.along_axes(node),
        };
        let output = self.program.outputs.iter().find(|output| output.value == value);
        if self.is_only_result(value) {
            return self.lines.push(match expression.indices {
                None => format!("output {}", expression.text),
                Some(indices) => format!("output output[{}] = {}", indices.join(", "), expression.text),
            });
        }
        let name = self.names.value(node, output);
        let indices = expression.indices.map_or_else(String::new, |indices| format!("[{}]", indices.join(", ")));
        self.lines.push(format!("{name}{indices} = {}", expression.text));
        self.values[value.0 as usize] = name;
    }

    /// Whether a value is the last one and the model's result without a name.
    fn is_only_result(&self, value: ValueId) -> bool {
        matches!(self.program.outputs.as_slice(), [output] if output.value == value && output.name == "output")
            && value.0 as usize + 1 == self.program.nodes.len()
    }

    fn output(&mut self, output: &Output) {
        if self.is_only_result(output.value) {
            return;
        }
        let name = self.name(output.value);
        if name == output.name {
            return self.lines.push(format!("output {name}"));
        }
        let indices = products::indices(&self.program.node(output.value).shape);
        let line = format!("output {}[{}] = {}", output.name, indices.join(", "), indexed(name, &indices));
        self.lines.push(line);
    }

    fn file(self) -> String {
        let mut text = String::new();
        let mut line = |arguments: std::fmt::Arguments<'_>| writeln!(text, "{arguments}").expect("writing to a string succeeds");
        for (name, body) in &self.functions {
            line(format_args!("fn {name}(x) = {}", functions::scalar(body)));
        }
        let settings: Vec<String> = self.settings.iter().map(|(name, size)| format!("{name}: int = {size}")).collect();
        let settings = if settings.is_empty() { String::new() } else { format!("({})", settings.join(", ")) };
        line(format_args!("model {}{settings} {{", names::model(&self.program.name)));
        for statement in &self.lines {
            line(format_args!("    {statement}"));
        }
        line(format_args!("}}"));
        text
    }
}

/// `x[i, j]`; a number has no brackets.
fn indexed(name: &str, indices: &[String]) -> String {
    if indices.is_empty() { name.to_string() } else { format!("{name}[{}]", indices.join(", ")) }
}

/// A number with all its digits.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:?}") }
}
