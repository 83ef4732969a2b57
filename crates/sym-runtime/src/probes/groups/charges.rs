//! What gradient flow conserves on a space.

use super::entries::{copies, entries_of, extent, moved, tuples};
use super::subgroup::pair_squares;
use sym_infer::action::Coordinates;
use sym_infer::{Family, Field, Generators, MatrixFrame, Space, Weights};
use sym_ir::{Pairs, Program};
use sym_measure::conserved::balance;
use sym_measure::states::vanishing;
use sym_measure::{Matrix, MatrixRef, Unmeasurable};

/// Conserved quantities that are sums of squares.
#[derive(Debug, Clone)]
pub struct Charges {
    coordinates: Coordinates,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// ∑ degree · |entries|², one a tuple of each field.
    Fields(Vec<Field>),
    /// `W₁W₁ᵀ − W₂ᵀW₂`, for each copy.
    Balance(Vec<Vec<MatrixFrame>>),
    /// The trace of the same over each pair of positions, for each copy: what pairs that are scaled together leave of it.
    Pairs(Vec<Vec<MatrixFrame>>, Pairs),
}

impl Charges {
    /// The charges of a space; `None` where it has none that are sums of squares. In coordinates that stretch the weights gradient flow is another one.
    pub fn of(program: &Program, space: &Space) -> Option<Self> {
        let coordinates = Coordinates::of(program, space).filter(|coordinates| coordinates.is_isometric)?;
        let without_gains = |frames: &[MatrixFrame]| frames.iter().all(|frame| frame.gains.is_empty());
        let kind = match &coordinates.generators {
            Generators::Units { scales, .. } => {
                let plain = |field: &&Field| field.offsets.is_empty() && field.entries.iter().all(|entry| !entry.shift);
                let fields: Vec<Field> = scales.iter().filter(plain).cloned().collect();
                (!fields.is_empty()).then_some(Kind::Fields(fields))?
            }
            Generators::Matrices { frames, family: Family::General, .. } if without_gains(frames) => {
                Kind::Balance(vec![frames.clone()])
            }
            Generators::Matrices { frames, family: Family::Complex(pairs), .. } if without_gains(frames) => {
                Kind::Pairs(vec![frames.clone()], *pairs)
            }
            Generators::Parallel { parts } if parts.iter().all(|frames| without_gains(frames)) => Kind::Balance(parts.clone()),
            _ => return None,
        };
        Some(Self { coordinates, kind })
    }

    /// How many charges.
    pub fn count(&self) -> usize {
        let program = &self.coordinates.program;
        match &self.kind {
            Kind::Fields(fields) => fields.iter().map(tuples).sum(),
            Kind::Balance(parts) => {
                let (copies, size) = extent(program, parts);
                copies * size * size
            }
            Kind::Pairs(parts, _) => {
                let (copies, size) = extent(program, parts);
                copies * (size / 2)
            }
        }
    }

    /// Their values.
    pub fn values(&self, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        let program = &self.coordinates.program;
        let weights = &*self.coordinates.lifted(weights);
        let mut charges = Vec::new();
        let sign = |dual: bool| if dual { -1.0 } else { 1.0 };
        match &self.kind {
            Kind::Fields(fields) => {
                for field in fields {
                    let parts: Vec<(Matrix, f64)> = field
                        .entries
                        .iter()
                        .map(|entry| {
                            let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
                            (entries_of(program, entry.parameter, &entry.axes, weights), degree)
                        })
                        .collect();
                    let factors: Vec<(MatrixRef<'_>, f64)> = parts.iter().map(|(part, degree)| (part.view(), *degree)).collect();
                    charges.extend(vanishing::imbalances(&factors)?);
                }
            }
            Kind::Balance(parts) => {
                for factors in copies(program, parts, weights) {
                    let signed: Vec<(MatrixRef<'_>, f64)> =
                        factors.iter().map(|factor| (factor.matrix.view(), sign(factor.dual))).collect();
                    charges.extend_from_slice(balance(&signed)?.values());
                }
            }
            Kind::Pairs(parts, pairs) => {
                for factors in copies(program, parts, weights) {
                    let size = factors.first().map_or(0, |factor| factor.matrix.rows());
                    charges.extend(pair_squares(&factors, *pairs, size, |factor| sign(factor.dual)));
                }
            }
        }
        Ok(charges)
    }

    /// The sum of squares of everything that the charges are sums of.
    pub fn scale(&self, weights: &Weights) -> f64 {
        let program = &self.coordinates.program;
        let weights = &*self.coordinates.lifted(weights);
        match &self.kind {
            Kind::Fields(fields) => fields.iter().map(|field| moved(program, field, weights).view().squared_norm()).sum(),
            Kind::Balance(parts) | Kind::Pairs(parts, _) => {
                let all = copies(program, parts, weights);
                all.iter().flatten().map(|factor| factor.matrix.view().squared_norm()).sum()
            }
        }
    }
}
