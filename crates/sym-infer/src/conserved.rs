//! Conserved quantities of gradient flow (Noether): ½θᵀAθ for a symmetric generator A, its primitive where the generator shifts, ⟨A, θ⟩ where it is constant.
//!
//! Marcotte et al. 2023 count the independent ones; for two linear layers the count is r(r+1)/2 up to r ≤ n + m.

use crate::symmetries::{Conserved, Family, Field, Generators, MatrixFrame};
use sym_ir::{ParameterId, Program};

/// Names of indices.
const LETTERS: [&str; 6] = ["i", "j", "k", "l", "m", "n"];

/// The laws of one space.
pub fn conserved(program: &Program, size: u128, generators: &Generators) -> Vec<Conserved> {
    match generators {
        // The field of a scale that others take a constant back of is no gradient.
        Generators::Units { scales, .. } => scales
            .iter()
            .filter(|field| field.offsets.is_empty())
            .map(|field| Conserved { formula: charge(program, field), count: field.sizes.iter().product() })
            .collect(),
        Generators::Matrices { frames, family: Family::General, .. } if frames.iter().all(|frame| frame.gains.is_empty()) => {
            vec![energies(program, size, frames, &|frame| program.parameter(frames[frame].parameter).path.clone())]
        }
        Generators::Parallel { parts } => {
            let joined = |frame: usize| {
                let paths = parts.iter().map(|part| program.parameter(part[frame].parameter).path.as_str());
                format!("[{}]", paths.collect::<Vec<_>>().join("; "))
            };
            vec![energies(program, size, &parts[0], &joined)]
        }
        Generators::Branches { .. }
        | Generators::Turns { .. }
        | Generators::Form { .. }
        | Generators::Kernels { .. }
        | Generators::Trade { .. }
        | Generators::Constants { .. }
        | Generators::Split { .. }
        | Generators::Masked { .. }
        | Generators::Cut { .. }
        | Generators::Antisymmetric { .. }
        | Generators::Reparametrised { .. }
        | Generators::Skipless { .. }
        | Generators::Matrices { .. }
        | Generators::Assembled { .. } => Vec::new(),
    }
}

/// What constant shifts of a parameter along all axes but the summed ones conserve: by Noether's argument ⟨A, θ⟩ for the field θ' = A.
pub fn sums(program: &Program, parameter: ParameterId, summed: &[usize]) -> Conserved {
    let shape = &program.parameter(parameter).shape;
    let sum = if summed.is_empty() { "" } else { "Σ " };
    let others = (0..shape.len()).filter(|axis| !summed.contains(axis)).map(|axis| shape[axis].size);
    Conserved {
        formula: format!("{sum}{}", indexed(program, parameter, &|axis| !summed.contains(&axis))),
        count: others.fold(1, u128::saturating_mul),
    }
}

/// What shifts of a parameter along an axis that sum to zero conserve: the differences of its entries along the axis.
pub fn differences(program: &Program, parameter: ParameterId, axis: usize) -> Conserved {
    let shape = &program.parameter(parameter).shape;
    let others = shape.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, other)| other.size);
    let count = others.fold(1, u128::saturating_mul).saturating_mul(shape[axis].size.saturating_sub(1));
    let entry = indexed(program, parameter, &|_| true);
    Conserved { formula: format!("{entry} − mean of {}", indexed(program, parameter, &|other| other != axis)), count }
}

/// An entry of a parameter, with `:` for the axes that do not stay.
fn indexed(program: &Program, parameter: ParameterId, stays: &dyn Fn(usize) -> bool) -> String {
    let parameter = program.parameter(parameter);
    let index: Vec<&str> =
        (0..parameter.shape.len()).map(|axis| if stays(axis) { LETTERS[axis % LETTERS.len()] } else { ":" }).collect();
    if index.is_empty() { parameter.path.clone() } else { format!("{}[{}]", parameter.path, index.join(",")) }
}

/// The symmetric matrix of balanced energies of a space on which GL acts.
fn energies(program: &Program, size: u128, frames: &[MatrixFrame], name: &dyn Fn(usize) -> String) -> Conserved {
    let mut formula = String::new();
    let mut columns = 0u128;
    let mut copies = 1u128;
    for (at, frame) in frames.iter().enumerate() {
        let parameter = program.parameter(frame.parameter);
        let path = name(at);
        let rest: u128 = (0..parameter.shape.len())
            .filter(|axis| !frame.axes.contains(axis) && !frame.over.contains(axis))
            .map(|axis| parameter.shape[axis].size)
            .fold(1, u128::saturating_mul);
        copies = frame.over.iter().map(|&axis| parameter.shape[axis].size).product();
        columns = columns.saturating_add(rest);
        let leading = frame.axes.first() == Some(&0) || frame.axes.first() == frame.over.last().map(|axis| axis + 1).as_ref();
        let term = if leading { format!("{path}·{path}ᵀ") } else { format!("{path}ᵀ·{path}") };
        formula = match (formula.is_empty(), frame.dual) {
            (true, false) => term,
            (true, true) => format!("−{term}"),
            (false, false) => format!("{formula} + {term}"),
            (false, true) => format!("{formula} − {term}"),
        };
    }
    let all = size.saturating_mul(size.saturating_add(1)) / 2;
    let count = if size <= columns {
        all
    } else {
        columns.saturating_mul(size).saturating_sub(columns.saturating_mul(columns.saturating_sub(1)) / 2)
    };
    Conserved { formula, count: count.saturating_mul(copies) }
}

/// Σ degree · |entries|², with a shift's own coordinate in its place: b − ½|a|² for an exponential.
fn charge(program: &Program, field: &Field) -> String {
    let shifts = field.entries.iter().any(|entry| entry.shift);
    let mut text = String::new();
    for entry in &field.entries {
        let (numerator, denominator) = (entry.degree.numerator, entry.degree.denominator);
        let parameter = program.parameter(entry.parameter);
        // Indices are named in the order of the first parameter's axes.
        let first = &field.entries[0].axes;
        let letter = |at: usize| {
            LETTERS[first.iter().filter(|axis| first.get(at).is_some_and(|own| **axis < *own)).count() % LETTERS.len()]
        };
        let index: Vec<String> = (0..parameter.shape.len())
            .map(|axis| match entry.axes.iter().position(|own| *own == axis) {
                Some(at) => letter(at).to_string(),
                None => ":".to_string(),
            })
            .collect();
        let bracket = if index.is_empty() { String::new() } else { format!("[{}]", index.join(",")) };
        let name = format!("{}{bracket}", parameter.path);
        let term = if entry.shift {
            name
        } else if index.iter().any(|letter| letter == ":") {
            format!("|{name}|²")
        } else {
            format!("{name}²")
        };
        let factor = match (numerator.abs(), denominator, shifts && !entry.shift) {
            (1, 1, false) => String::new(),
            (1, 1, true) => "½".to_string(),
            (number, 1, false) => format!("{number}·"),
            (number, over, false) => format!("{number}/{over}·"),
            (number, over, true) => format!("{number}/{}·", 2 * over),
        };
        text.push_str(match (text.is_empty(), numerator < 0) {
            (true, false) => "",
            (true, true) => "−",
            (false, false) => " + ",
            (false, true) => " − ",
        });
        text.push_str(&factor);
        text.push_str(&term);
    }
    text
}
