//! Names of stored tensors, with holes for positions of axes.

use super::{StorageFault, StoredTensor};
use crate::program::ParameterId;
use std::collections::HashMap;
use std::fmt;

/// A name such as `fc1.weight`, or `experts.{}.w1.weight` with a tensor for each position of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredName {
    /// The text in front of each hole and behind the last one: one more than there are holes.
    pieces: Vec<String>,
    /// The axis of the parameter that each hole counts.
    axes: Vec<usize>,
}

impl StoredName {
    /// A name without holes.
    pub fn plain(name: impl Into<String>) -> Self {
        Self { pieces: vec![name.into()], axes: Vec::new() }
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) {
        if let Some(last) = self.pieces.last_mut() {
            last.push_str(text);
        }
    }

    /// Appends a hole that counts an axis of the parameter.
    pub fn push_axis(&mut self, axis: usize) {
        self.axes.push(axis);
        self.pieces.push(String::new());
    }

    /// The axes that its holes count.
    pub fn axes(&self) -> &[usize] {
        &self.axes
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.axes.is_empty() && self.pieces.iter().all(String::is_empty)
    }

    /// Whether each hole is set off: a digit or another hole beside one makes it unclear which number stands where.
    pub fn is_readable(&self) -> bool {
        self.pieces.windows(2).enumerate().all(|(at, pair)| {
            let digit = |letter: char| letter.is_ascii_digit();
            let last = at + 2 == self.pieces.len();
            !pair[0].ends_with(digit) && !pair[1].starts_with(digit) && (last || !pair[1].is_empty())
        })
    }

    /// The name with numbers in its holes.
    pub fn at(&self, positions: &[u128]) -> String {
        let mut name = self.pieces[0].clone();
        for (position, piece) in positions.iter().zip(&self.pieces[1..]) {
            name.push_str(&position.to_string());
            name.push_str(piece);
        }
        name
    }

    /// The name with `{}` for each hole.
    pub fn pattern(&self) -> String {
        self.pieces.join("{}")
    }

    /// The numbers and holes in it, with what stands between them.
    fn numbers(&self, stack: &[u128]) -> (String, Vec<Number>) {
        let (mut frame, mut numbers) = (String::new(), Vec::new());
        for (at, piece) in self.pieces.iter().enumerate() {
            let mut rest = piece.as_str();
            while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
                let digits = rest[start..].find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len() - start);
                frame.push_str(&rest[..start]);
                frame.push('#');
                numbers.push(Number::Fixed(rest[start..start + digits].to_string()));
                rest = &rest[start + digits..];
            }
            frame.push_str(rest);
            if let Some(&size) = stack.get(at) {
                frame.push('#');
                numbers.push(Number::Below(size));
            }
        }
        (frame, numbers)
    }
}

/// `{0}` for a hole that counts axis 0.
impl fmt::Display for StoredName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.pieces[0])?;
        for (axis, piece) in self.axes.iter().zip(&self.pieces[1..]) {
            write!(formatter, "{{{axis}}}{piece}")?;
        }
        Ok(())
    }
}

/// What stands in a name where a number can stand.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Number {
    /// Digits of the name itself.
    Fixed(String),
    /// All numbers below a size.
    Below(u128),
}

impl Number {
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Number::Fixed(one), Number::Fixed(other)) => one == other,
            (Number::Below(_), Number::Below(_)) => true,
            (Number::Fixed(digits), Number::Below(size)) | (Number::Below(size), Number::Fixed(digits)) => {
                digits.parse().is_ok_and(|number: u128| number < *size && number.to_string() == *digits)
            }
        }
    }
}

/// The numbers in the name of a parameter.
type Named = (ParameterId, Vec<Number>);

/// Names that two patterns share, or a pattern and a plain name.
pub(super) fn check(tensors: &[StoredTensor], faults: &mut Vec<StorageFault>) {
    if tensors.iter().all(|tensor| tensor.stack.is_empty()) {
        return;
    }
    // By what stands between the numbers, then by which of them are holes.
    let mut frames: HashMap<String, HashMap<Vec<bool>, Vec<Named>>> = HashMap::new();
    for tensor in tensors {
        let Some(first) = tensor.views.first() else { continue };
        let (frame, numbers) = tensor.name.numbers(&tensor.stack);
        let holes: Vec<bool> = numbers.iter().map(|number| matches!(number, Number::Below(_))).collect();
        let known = frames.entry(frame).or_default();
        // Names with holes in the same places differ in a digit elsewhere, or they would be one tensor.
        let others = known.iter().filter(|(other, _)| **other != holes).flat_map(|(_, names)| names);
        let meeting = others.filter(|(_, other)| other.iter().zip(&numbers).all(|(one, other)| one.meets(other)));
        faults.extend(meeting.map(|(other, _)| *other).min().map(|other| StorageFault::Named(other, first.parameter)));
        known.entry(holes).or_default().push((first.parameter, numbers));
    }
}
