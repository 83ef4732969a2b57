//! Products and sums in index notation.

use super::declare::sizes;
use super::names::{is_name, is_reserved};
use super::{Expression, Writer, indexed, number};
use crate::program::{Axis, Label, Node, Operand, Operation, Program, Term};

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
        let mut labels: Vec<(Label, String)> = output.iter().copied().zip(indices(&node.shape)).collect();
        let factors = self.factors(operands, &mut labels);
        let mut text = product(coefficient, factors);
        let indices: Vec<String> = labels.into_iter().take(output.len()).map(|(_, name)| name).collect();
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
        let alike = terms.iter().all(|term| term.axes == whole && !self.inlined[term.value.0 as usize]);
        let indices = self::indices(&node.shape);
        let mut text = String::new();
        // An index has one size in all terms, so each product sums over indices of its own.
        let mut taken = indices.clone();
        for term in terms {
            let own: Vec<String> = if alike { Vec::new() } else { term.axes.iter().map(|&axis| indices[axis].clone()).collect() };
            let inner = &self.program.node(term.value).operation;
            if let (true, Operation::Einsum { operands, output, coefficient }) = (self.inlined[term.value.0 as usize], inner) {
                let mut named: Vec<(Label, String)> = output.iter().copied().zip(own).chain(unread_labels(&taken)).collect();
                let factors = self.factors(operands, &mut named);
                taken.extend(named.into_iter().map(|(_, name)| name));
                append(&mut text, term.coefficient * coefficient, Some(&factors.join(" * ")));
            } else {
                append(&mut text, term.coefficient, Some(&indexed(self.name(term.value), &own)));
            }
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

    /// Factors with their indices; labels that have no name yet get one that is free.
    fn factors(&self, operands: &[Operand], labels: &mut Vec<(Label, String)>) -> Vec<String> {
        for operand in operands {
            for (&label, axis) in operand.labels.iter().zip(&self.program.node(operand.value).shape) {
                if !labels.iter().any(|(known, _)| *known == label) {
                    let name = index(axis, labels.iter().map(|(_, name)| name.as_str()));
                    labels.push((label, name));
                }
            }
        }
        let name =
            |label: &Label| labels.iter().find(|(known, _)| known == label).map_or_else(String::new, |(_, name)| name.clone());
        let factor = |operand: &Operand| {
            let indices: Vec<String> = operand.labels.iter().map(name).collect();
            indexed(self.name(operand.value), &indices)
        };
        operands.iter().map(factor).collect()
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

/// Which products are written inside the only sum that reads them.
pub(super) fn inlined(program: &Program) -> Vec<bool> {
    let mut readers = vec![0usize; program.nodes.len()];
    for output in &program.outputs {
        readers[output.value.0 as usize] += 2;
    }
    let mut inlined = vec![false; program.nodes.len()];
    for node in &program.nodes {
        node.operation.operands().iter().for_each(|operand| readers[operand.0 as usize] += 1);
        let Operation::Add { terms, .. } = &node.operation else { continue };
        for term in terms {
            let Operation::Einsum { operands, output, coefficient } = &program.node(term.value).operation else { continue };
            let read = |label: &Label| operands.iter().any(|operand| operand.labels.contains(label));
            let exact = *coefficient == 1.0 || term.coefficient.abs() == 1.0;
            inlined[term.value.0 as usize] = exact && !operands.is_empty() && output.iter().all(read);
        }
    }
    inlined.iter().zip(readers).map(|(inlined, readers)| *inlined && readers == 1).collect()
}

/// Indices of a sum that a product in it must not use for its own.
fn unread_labels(indices: &[String]) -> impl Iterator<Item = (Label, String)> {
    indices.iter().enumerate().map(|(at, name)| (Label(u32::MAX - at as u32), name.clone()))
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
