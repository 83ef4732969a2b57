//! Products and sums in index notation.

use super::declare::sizes;
use super::names::{is_name, is_reserved};
use super::{Expression, Writer, indexed, number};
use crate::program::{Axis, Label, Node, Operand, Term};

/// Names of indices that have none of their own.
const LETTERS: &str = "ijklmnopqrstuvwyzabcdefgh";

impl Writer<'_> {
    pub fn einsum(&mut self, node: &Node, operands: &[Operand], output: &[Label], coefficient: f64) -> Expression {
        if operands.is_empty() {
            return Expression::plain(constant(&node.shape, coefficient));
        }
        let alike = operands.iter().all(|operand| operand.labels == output);
        if alike {
            let factors = operands.iter().map(|operand| self.name(operand.value).to_string()).collect();
            return Expression::plain(product(coefficient, factors));
        }
        let mut labels: Vec<(Label, String)> = Vec::new();
        let axes = output.iter().copied().zip(&node.shape);
        let own = operands.iter().flat_map(|operand| operand.labels.iter().copied().zip(&self.program.node(operand.value).shape));
        for (label, axis) in axes.chain(own) {
            if !labels.iter().any(|(known, _)| *known == label) {
                let name = index(axis, labels.iter().map(|(_, name)| name.as_str()));
                labels.push((label, name));
            }
        }
        let name =
            |label: &Label| labels.iter().find(|(known, _)| known == label).map_or_else(String::new, |(_, name)| name.clone());
        let names = |labels: &[Label]| labels.iter().map(name).collect::<Vec<_>>();
        let factors = operands.iter().map(|operand| indexed(self.name(operand.value), &names(&operand.labels))).collect();
        let mut text = product(coefficient, factors);
        let indices = names(output);
        for ((label, axis), index) in output.iter().zip(&node.shape).zip(&indices) {
            if !operands.iter().any(|operand| operand.labels.contains(label)) {
                let zeros = self.zeros(axis.size);
                text.extend([" + ", &zeros, "[", index, "]"]);
            }
        }
        Expression { indices: Some(indices), text }
    }

    pub fn add(&mut self, node: &Node, terms: &[Term], constant: f64) -> Expression {
        if terms.is_empty() {
            return Expression::plain(self::constant(&node.shape, constant));
        }
        let whole: Vec<usize> = (0..node.shape.len()).collect();
        let alike = terms.iter().all(|term| term.axes == whole);
        let indices = self::indices(&node.shape);
        let mut text = String::new();
        for term in terms {
            let own: Vec<String> = if alike { Vec::new() } else { term.axes.iter().map(|&axis| indices[axis].clone()).collect() };
            let factor = indexed(self.name(term.value), &own);
            append(&mut text, term.coefficient, Some(&factor));
        }
        if constant != 0.0 {
            append(&mut text, constant, None);
        }
        if alike {
            return Expression::plain(text);
        }
        for (at, axis) in node.shape.iter().enumerate() {
            if !terms.iter().any(|term| term.axes.contains(&at)) {
                let zeros = self.zeros(axis.size);
                text.extend([" + ", &zeros, "[", &indices[at], "]"]);
            }
        }
        Expression { indices: Some(indices), text }
    }

    /// The name of a vector of zeros.
    fn zeros(&mut self, size: u128) -> String {
        if let Some(name) = self.zeros.get(&size) {
            return name.clone();
        }
        let name = self.names.fresh(&format!("zeros_{size}"));
        self.lines.push(format!("{name} = zeros([{size}])"));
        self.zeros.insert(size, name.clone());
        name
    }
}

/// Different indices for the axes of a value.
pub(super) fn indices(shape: &[Axis]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(shape.len());
    for axis in shape {
        let name = index(axis, names.iter().map(String::as_str));
        names.push(name);
    }
    names
}

/// A tensor of one number.
fn constant(shape: &[Axis], value: f64) -> String {
    if shape.is_empty() {
        return number(value);
    }
    let zeros = format!("zeros([{}])", sizes(shape));
    if value == 0.0 { zeros } else { format!("{zeros} + {}", number(value)) }
}

fn product(coefficient: f64, factors: Vec<String>) -> String {
    let factors = factors.join(" * ");
    if coefficient == 1.0 { factors } else { format!("{} * {factors}", number(coefficient)) }
}

/// One more summand.
fn append(text: &mut String, coefficient: f64, factor: Option<&str>) {
    let (sign, size) = if coefficient < 0.0 { ("-", -coefficient) } else { ("+", coefficient) };
    match (text.is_empty(), sign) {
        (true, "+") => {}
        (true, _) => text.push('-'),
        (false, sign) => text.extend([" ", sign, " "]),
    }
    match factor {
        Some(factor) => text.push_str(&product(size, vec![factor.to_string()])),
        None => text.push_str(&number(size)),
    }
}

/// The name of an axis, or a letter.
fn index<'n>(axis: &Axis, used: impl Iterator<Item = &'n str> + Clone) -> String {
    let free = |name: &str| !used.clone().any(|other| other == name);
    if is_name(&axis.name) && !is_reserved(&axis.name) && free(&axis.name) {
        return axis.name.to_string();
    }
    let letters = LETTERS.chars().map(String::from).chain((1..).map(|number| format!("i{number}")));
    letters.into_iter().find(|letter| free(letter)).unwrap_or_default()
}
