//! The simplest elements of claimed groups, one at a time: what a refutation names and what maximality is tested with.

use crate::action::Weights;
use crate::action::branches;
use crate::action::element::{flip_by, layouts, permute_by, rescale_by, tuples, unit_counts};
use crate::action::family::basis;
use crate::action::masked;
use crate::action::matrix::Matrix;
use crate::action::turns;
use crate::symmetries::{Generators, Space, Surviving};
use std::fmt;
use sym_ir::Program;

/// Units, tuples and dimensions that are enumerated at most, each.
const LISTED: usize = 24;
/// The logarithm of the factor of a scaling.
const LOGARITHM: f64 = 0.4;

/// A simple element of a space's group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elementary {
    /// Two units change places.
    Exchange {
        /// One.
        one: usize,
        /// The other.
        other: usize,
    },
    /// One tuple of a sign field changes sign.
    Flip {
        /// The field's number among the space's sign fields.
        field: usize,
        /// The tuple.
        tuple: usize,
    },
    /// One tuple of a scale field is scaled.
    Scale {
        /// The field's number among the space's scale fields.
        field: usize,
        /// The tuple.
        tuple: usize,
    },
    /// One tuple is shifted by half a period.
    HalfTurn {
        /// The number of the space's field of half turns.
        field: usize,
        /// The tuple.
        tuple: usize,
    },
    /// One entry is shifted by a whole period.
    Turn {
        /// The entry.
        entry: usize,
    },
    /// e^{0.4 E} with a basis element E of the algebra, in the first copy.
    Matrix {
        /// Its number in the basis.
        direction: usize,
        /// The row of its first entry.
        row: usize,
        /// The column of its first entry.
        column: usize,
    },
}

impl fmt::Display for Elementary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Elementary::Exchange { one, other } => write!(formatter, "the exchange of units {one} and {other}"),
            Elementary::Flip { tuple, .. } => write!(formatter, "the sign flip of unit {tuple}"),
            Elementary::HalfTurn { tuple, .. } => write!(formatter, "the half turn of unit {tuple}"),
            Elementary::Turn { entry } => write!(formatter, "the whole turn of unit {entry}"),
            Elementary::Scale { tuple, .. } => write!(formatter, "the scaling of unit {tuple} by {:.2}", LOGARITHM.exp()),
            Elementary::Matrix { row, column, .. } if row == column => {
                write!(formatter, "the scaling of dimension {row} by {:.2}", LOGARITHM.exp())
            }
            Elementary::Matrix { row, column, .. } => write!(formatter, "the mixing of dimension {column} into {row}"),
        }
    }
}

/// The simple elements of a space's group, exchanges first; none where it acts with coefficients that depend on θ.
pub fn elementary(program: &Program, space: &Space) -> Vec<Elementary> {
    let mut elements = Vec::new();
    match &space.generators {
        Generators::Units { permuted, scales, signs } => {
            if let Some((size, _)) = unit_counts(program, permuted) {
                elements.extend((1..size.min(LISTED)).map(|other| Elementary::Exchange { one: other - 1, other }));
            }
            for (field, of) in signs.iter().enumerate() {
                elements.extend((0..tuples(of).min(LISTED)).map(|tuple| Elementary::Flip { field, tuple }));
            }
            for (field, of) in scales.iter().enumerate() {
                elements.extend((0..tuples(of).min(LISTED)).map(|tuple| Elementary::Scale { field, tuple }));
            }
        }
        Generators::Matrices { frames, family, .. } => {
            let Some(frame) = frames.first() else { return elements };
            let shape = &program.parameter(frame.parameter).shape;
            let size = frame.axes.iter().map(|&axis| shape[axis].size as usize).product();
            if size <= LISTED {
                let first = |(direction, entries): (usize, Vec<(usize, usize, f64)>)| {
                    entries.first().map(|&(row, column, _)| Elementary::Matrix { direction, row, column })
                };
                elements.extend(basis(*family, size).into_iter().enumerate().filter_map(first));
            }
        }
        Generators::Turns { halves, whole } => {
            for (field, of) in halves.iter().enumerate() {
                elements.extend((0..tuples(&of.signs).min(LISTED)).map(|tuple| Elementary::HalfTurn { field, tuple }));
            }
            let entries = program.parameter(whole.0).entries().map_or(0, |entries| entries.min(LISTED as u128) as usize);
            elements.extend((0..entries).map(|entry| Elementary::Turn { entry }));
        }
        Generators::Branches { parts, .. } => {
            elements.extend((1..parts.len().min(LISTED)).map(|other| Elementary::Exchange { one: other - 1, other }));
        }
        Generators::Masked { rows, surviving: Surviving::Units(units) } => {
            let inner = Space { generators: rows[0].clone(), ..space.clone() };
            return masked::elementary(elementary(program, &inner), units);
        }
        Generators::Masked { .. }
        | Generators::Assembled { .. }
        | Generators::Antisymmetric { .. }
        | Generators::Reparametrised { .. }
        | Generators::Skipless { .. }
        | Generators::Form { .. }
        | Generators::Parallel { .. }
        | Generators::Trade { .. }
        | Generators::Constants { .. }
        | Generators::Split { .. }
        | Generators::Cut { .. }
        | Generators::Kernels { .. } => {}
    }
    elements
}

/// gθ for a simple element of a space's group.
pub fn apply_elementary(program: &Program, space: &Space, weights: &Weights, element: &Elementary) -> Weights {
    let mut moved = weights.clone();
    match (&space.generators, element) {
        (Generators::Units { permuted, .. }, Elementary::Exchange { one, other }) => {
            let (size, copies) = unit_counts(program, permuted).unwrap_or_default();
            let mut order: Vec<usize> = (0..size).collect();
            order.swap(*one, *other);
            permute_by(program, &mut moved, permuted, &vec![order; copies]);
        }
        (Generators::Turns { halves, .. }, Elementary::HalfTurn { field, tuple }) => {
            let mut counts = vec![0; tuples(&halves[*field].signs)];
            counts[*tuple] = 1;
            turns::half(program, &mut moved, &halves[*field], &counts);
        }
        (Generators::Turns { whole: (parameter, amount), .. }, Elementary::Turn { entry }) => {
            moved.values[parameter.0 as usize][*entry] += amount;
        }
        (Generators::Branches { parts, over }, Elementary::Exchange { one, other }) => {
            let mut order: Vec<usize> = (0..parts.len()).collect();
            order.swap(*one, *other);
            let orders = vec![order; branches::copies(program, parts, over)];
            branches::permute(program, &mut moved, parts, over, &orders);
        }
        (Generators::Units { signs, .. }, Elementary::Flip { field, tuple }) => {
            let flipped: Vec<bool> = (0..tuples(&signs[*field])).map(|at| at == *tuple).collect();
            flip_by(program, &mut moved, &signs[*field], &flipped);
        }
        (Generators::Units { scales, .. }, Elementary::Scale { field, tuple }) => {
            let mut logarithms = vec![0.0; tuples(&scales[*field])];
            logarithms[*tuple] = LOGARITHM;
            rescale_by(program, &mut moved, &scales[*field], &logarithms);
        }
        (Generators::Matrices { frames, family, .. }, Elementary::Matrix { direction, .. }) => {
            for layout in layouts(program, weights, frames) {
                let size = layout.rows.len();
                let mut generator = Matrix { size, entries: vec![0.0; size * size] };
                for &(row, column, entry) in &basis(*family, size)[*direction] {
                    generator.entries[row * size + column] += LOGARITHM * entry;
                }
                let generator = if layout.dual { generator.transposed().scaled(-1.0) } else { generator };
                layout.apply(&mut moved.values[layout.parameter], 0, &generator.exponential());
            }
        }
        _ => {}
    }
    moved
}
