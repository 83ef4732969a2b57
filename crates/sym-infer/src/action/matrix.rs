//! Small square matrices, and where a frame's rows lie in a parameter.

use crate::action::context::{Context, sizes};
use crate::action::tensor::{offsets, other_axes};
use crate::symmetries::MatrixFrame;
use sym_ir::Program;

/// Offsets of the entries that a frame moves.
#[derive(Debug)]
pub struct FrameOffsets {
    /// The parameter's number.
    pub parameter: usize,
    /// g⁻ᵀ instead of g.
    pub dual: bool,
    /// By position of the space.
    pub rows: Vec<usize>,
    /// By copy of the group.
    pub copies: Vec<usize>,
    /// By all other indices.
    pub rest: Vec<usize>,
    /// The diagonal matrix D of D·g·D⁻¹, by position of the space; none is the unit.
    pub gains: Option<Vec<f64>>,
}

impl FrameOffsets {
    /// Of one frame; `context` holds the gains, which is `None` only where the frame has none.
    pub fn of(program: &Program, frame: &MatrixFrame, context: Option<&Context>) -> Self {
        let gains = context.filter(|_| !frame.gains.is_empty()).map(|context| {
            frame.gains.iter().fold(Vec::new(), |diagonal: Vec<f64>, &(gain, exponent)| {
                let vector = context.value(gain).map_or(&[][..], |gain| &gain.values);
                let power = |at: usize, entry: f64| diagonal.get(at).unwrap_or(&1.0) * entry.powi(exponent);
                vector.iter().enumerate().map(|(at, &entry)| power(at, entry)).collect()
            })
        });
        let shape = sizes(&program.parameter(frame.parameter).shape);
        let moved: Vec<usize> = frame.axes.iter().chain(&frame.over).copied().collect();
        Self {
            parameter: frame.parameter.0 as usize,
            dual: frame.dual,
            rows: offsets(&shape, &frame.axes),
            copies: offsets(&shape, &frame.over),
            rest: offsets(&shape, &other_axes(shape.len(), &moved)),
            gains,
        }
    }

    /// `D_p / D_q`: what conjugation does to the entry (p, q) of a matrix.
    pub fn conjugation(&self, p: usize, q: usize) -> f64 {
        self.gains.as_ref().map_or(1.0, |gains| gains[p] / gains[q])
    }

    /// Replaces each column x of entries by D · matrix · D⁻¹ · x, in one copy.
    pub fn apply(&self, values: &mut [f64], copy: usize, matrix: &Matrix) {
        let size = self.rows.len();
        for rest in &self.rest {
            let column: Vec<f64> = self.rows.iter().map(|row| values[self.copies[copy] + row + rest]).collect();
            for (p, row) in self.rows.iter().enumerate() {
                values[self.copies[copy] + row + rest] =
                    (0..size).map(|q| self.conjugation(p, q) * matrix.entries[p * size + q] * column[q]).sum();
            }
        }
    }
}

/// A square matrix, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub size: usize,
    /// Entries.
    pub entries: Vec<f64>,
}

impl Matrix {
    /// The unit matrix.
    pub fn unit(size: usize) -> Self {
        let mut entries = vec![0.0; size * size];
        (0..size).for_each(|at| entries[at * size + at] = 1.0);
        Self { size, entries }
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let n = self.size;
        let mut entries = vec![0.0; n * n];
        for i in 0..n {
            for k in 0..n {
                let factor = self.entries[i * n + k];
                (0..n).for_each(|j| entries[i * n + j] += factor * other.entries[k * n + j]);
            }
        }
        Self { size: n, entries }
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let n = self.size;
        Self { size: n, entries: (0..n * n).map(|at| self.entries[at % n * n + at / n]).collect() }
    }

    /// All entries times a number.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { size: self.size, entries: self.entries.iter().map(|entry| factor * entry).collect() }
    }

    /// e^matrix: Taylor's series to rounding after halving to norm below ½, then squaring.
    #[must_use]
    pub fn exponential(&self) -> Self {
        let norm = self.entries.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
        let mut halvings = 0;
        while norm / f64::from(2u32.pow(halvings)) > 0.5 && halvings < 30 {
            halvings += 1;
        }
        let small = self.scaled(1.0 / f64::from(2u32.pow(halvings)));
        let mut term = Self::unit(self.size);
        let mut sum = term.clone();
        for order in 1..20 {
            term = term.times(&small).scaled(1.0 / f64::from(order));
            sum.entries.iter_mut().zip(&term.entries).for_each(|(total, part)| *total += part);
        }
        (0..halvings).fold(sum, |power, _| power.times(&power))
    }
}
