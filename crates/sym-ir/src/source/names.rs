//! What inputs, parameters and values are called.

use crate::Builtin;
use crate::names::PRIMITIVES;
use crate::program::{InputId, Node, Output, ParameterId, Program};
use std::collections::BTreeSet;

/// Words that begin or divide statements and expressions: legal as names, but not readable.
const WORDS: [&str; 24] = [
    "input",
    "param",
    "frozen",
    "stored",
    "init",
    "fixed",
    "rank",
    "for",
    "in",
    "if",
    "else",
    "scan",
    "collect",
    "backwards",
    "output",
    "return",
    "over",
    "and",
    "or",
    "not",
    "true",
    "false",
    "fn",
    "block",
];

/// Names that say no more than that something is a result.
const RESULTS: [&str; 3] = ["y", "add", "einsum"];

/// The names of one model.
pub(super) struct Names {
    used: BTreeSet<String>,
    inputs: Vec<String>,
    parameters: Vec<String>,
}

impl Names {
    /// Names for the inputs, which keep theirs, for outputs that are values of their own, and for the parameters.
    pub fn of(program: &Program) -> Self {
        let mut names = Self { used: BTreeSet::new(), inputs: Vec::new(), parameters: Vec::new() };
        for input in &program.inputs {
            names.used.insert(input.name.clone());
            names.inputs.push(input.name.clone());
        }
        let outputs = program.outputs.iter().map(|output| output.name.clone());
        let outputs: Vec<String> = outputs.filter(|name| names.is_free(name)).collect();
        names.used.extend(outputs);
        names.parameters = program.parameters.iter().map(|parameter| names.fresh(&parameter.path)).collect();
        names
    }

    pub fn input(&self, id: InputId) -> String {
        self.inputs[id.0 as usize].clone()
    }

    pub fn parameter(&self, id: ParameterId) -> String {
        self.parameters[id.0 as usize].clone()
    }

    /// The name of an operation's result: that of the output that it is, or its own, with the block it stands in where it is taken.
    pub fn value(&mut self, node: &Node, output: Option<&Output>) -> String {
        if let Some(output) = output.filter(|output| is_name(&output.name) && !is_reserved(&output.name)) {
            return output.name.clone();
        }
        let own = word(&node.name);
        let scope = word(&node.scope);
        // What a block returns is called like the block.
        if node.scope.is_empty() || own.starts_with(&scope) {
            self.fresh(&own)
        } else if RESULTS.contains(&own.as_str()) {
            self.fresh(&scope)
        } else {
            self.fresh(&format!("{scope}_{own}"))
        }
    }

    /// A name like the wanted one that nothing else has.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let wanted = word(wanted);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|name| self.is_free(name)).unwrap_or(wanted);
        self.used.insert(free.clone());
        free
    }

    fn is_free(&self, name: &str) -> bool {
        is_name(name) && !is_reserved(name) && !self.used.contains(name)
    }
}

/// Whether a name of a value would hide a word of the language.
pub(super) fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name) || PRIMITIVES.contains(&name) || Builtin::ALL.iter().any(|(builtin, _)| *builtin == name)
}

/// Whether it is a name of the language.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A text as a name: what is neither letter nor digit becomes `_`.
fn word(text: &str) -> String {
    let letters: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let parts: Vec<&str> = letters.split('_').filter(|part| !part.is_empty()).collect();
    let joined = parts.join("_");
    if is_name(&joined) { joined } else { format!("v{joined}") }
}

/// The model's name.
pub(super) fn model(name: &str) -> String {
    let name = word(name);
    if is_reserved(&name) { format!("{name}_model") } else { name }
}
