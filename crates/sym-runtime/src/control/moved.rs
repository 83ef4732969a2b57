//! What a space moves, entry by entry.

use faer::Mat;
use std::collections::BTreeMap;
use sym_infer::action::{FrameOffsets, layouts, offsets, other_axes};
use sym_infer::{Family, Field, Generators, Space, Weights};
use sym_ir::{ParameterId, Program};

/// How a space's discrete or norm-preserving part moves its axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By permutations.
    Units,
    /// By matrices of a family.
    Matrices(Family),
}

/// An axis of a parameter that a space permutes or mixes.
#[derive(Debug, Clone)]
pub struct Axis {
    /// The parameter.
    pub parameter: ParameterId,
    /// The axes that form the index.
    pub axes: Vec<usize>,
    /// The axes whose positions have elements of their own.
    pub over: Vec<usize>,
}

/// The axes that a space permutes or mixes.
#[derive(Debug, Clone)]
pub struct Moved {
    /// How.
    pub kind: Kind,
    /// Where.
    pub axes: Vec<Axis>,
}

impl Moved {
    /// Of a space; `None` where it neither permutes nor mixes positions.
    pub fn of(space: &Space) -> Option<Self> {
        let (kind, axes) = match &space.generators {
            Generators::Units { permuted, .. } => {
                let axis = |unit: &sym_infer::UnitAxis| Axis {
                    parameter: unit.parameter,
                    axes: unit.axes.clone(),
                    over: unit.over.clone(),
                };
                (Kind::Units, permuted.iter().map(axis).collect())
            }
            Generators::Matrices { frames, family, .. } => {
                let axis = |frame: &sym_infer::MatrixFrame| Axis {
                    parameter: frame.parameter,
                    axes: frame.axes.clone(),
                    over: frame.over.clone(),
                };
                (Kind::Matrices(*family), frames.iter().map(axis).collect::<Vec<_>>())
            }
            _ => return None,
        };
        (!axes.is_empty()).then_some(Self { kind, axes })
    }

    /// Where the entries lie, with the gains at given weights.
    pub fn layouts(&self, program: &Program, space: &Space, weights: &Weights) -> Vec<FrameOffsets> {
        match &space.generators {
            Generators::Matrices { frames, .. } => layouts(program, weights, frames),
            _ => self.axes.iter().map(|axis| axis.layout(program)).collect(),
        }
    }
}

impl Axis {
    fn layout(&self, program: &Program) -> FrameOffsets {
        let shape = shape(program, self.parameter);
        let used: Vec<usize> = self.axes.iter().chain(&self.over).copied().collect();
        FrameOffsets {
            parameter: self.parameter.0 as usize,
            dual: false,
            rows: offsets(&shape, &self.axes),
            copies: offsets(&shape, &self.over),
            rest: offsets(&shape, &other_axes(shape.len(), &used)),
            gains: None,
        }
    }
}

/// The sizes of a parameter's axes.
pub fn shape(program: &Program, parameter: ParameterId) -> Vec<usize> {
    program.parameter(parameter).shape.iter().map(|axis| axis.size as usize).collect()
}

/// The entries of a layout from `start` on as a matrix [positions, all other indices], divided by the gains.
pub fn columns(layout: &FrameOffsets, start: usize, weights: &Weights) -> Mat<f64> {
    let values = &weights.values[layout.parameter];
    let gain = |row: usize| layout.gains.as_ref().map_or(1.0, |gains| gains[row]);
    Mat::from_fn(layout.rows.len(), layout.rest.len(), |row, column| {
        values[start + layout.rows[row] + layout.rest[column]] / gain(row)
    })
}

/// For each copy and unit of a space the tuple of a field, where the field has one number a unit.
pub fn tuples_of_units(program: &Program, moved: &Moved, field: &Field) -> Option<Vec<Vec<usize>>> {
    let matching = field.entries.iter().find_map(|entry| {
        let axis = moved.axes.iter().find(|axis| {
            let mut own: Vec<usize> = axis.axes.iter().chain(&axis.over).copied().collect();
            let mut of_field = entry.axes.clone();
            own.sort_unstable();
            of_field.sort_unstable();
            axis.parameter == entry.parameter && own == of_field
        })?;
        Some((entry, axis))
    });
    let (entry, axis) = matching?;
    let starts = offsets(&shape(program, entry.parameter), &entry.axes);
    let tuple: BTreeMap<usize, usize> = starts.into_iter().enumerate().map(|(tuple, start)| (start, tuple)).collect();
    let layout = axis.layout(program);
    layout.copies.iter().map(|copy| layout.rows.iter().map(|row| tuple.get(&(copy + row)).copied()).collect()).collect()
}
