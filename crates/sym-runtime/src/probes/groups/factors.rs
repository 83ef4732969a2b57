//! What a group of matrices acts on.

use super::entries::{copies, extent, sides, two_sided};
use sym_infer::action::Coordinates;
use sym_infer::{Family, Generators, MatrixFrame, Space, Weights};
use sym_ir::Program;
use sym_measure::states::double_rotation;
use sym_measure::{MatrixRef, Unmeasurable};

/// For each copy of GL or O, such as a head, factors F with the space as rows.
#[derive(Debug, Clone)]
pub struct Factors {
    coordinates: Coordinates,
    parts: Vec<Vec<MatrixFrame>>,
}

impl Factors {
    /// Those of a space; `None` where no GL or O acts on it.
    pub fn of(program: &Program, space: &Space) -> Option<Self> {
        let coordinates = Coordinates::of(program, space)?;
        let parts = match &coordinates.generators {
            Generators::Matrices { frames, family: Family::General | Family::Orthogonal, .. } => vec![frames.clone()],
            Generators::Parallel { parts } => parts.clone(),
            _ => return None,
        };
        Some(Self { coordinates, parts })
    }

    /// Whether there is a product: g acts on one factor and g⁻ᵀ on another.
    pub fn are_two_sided(&self) -> bool {
        two_sided(&self.parts)
    }

    /// Directions of all copies together.
    pub fn directions(&self) -> usize {
        let (copies, size) = extent(&self.coordinates.program, &self.parts);
        copies * size
    }

    /// The eigenvalues of `∑ FFᵀ`, largest first, of one copy after the other.
    pub fn energies(&self, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        let mut energies = Vec::new();
        for factors in copies(&self.coordinates.program, &self.parts, &self.coordinates.lifted(weights)) {
            let views: Vec<MatrixRef<'_>> = factors.iter().map(|factor| factor.matrix.view()).collect();
            energies.extend(double_rotation::deltas(&views)?);
        }
        Ok(energies.into_iter().map(|delta| delta * delta).collect())
    }

    /// The singular values of `F_Qᵀ F_K`, largest first, for each copy: no change of basis g changes them.
    pub fn products(&self, weights: &Weights) -> Result<Vec<Vec<f64>>, Unmeasurable> {
        let copies = copies(&self.coordinates.program, &self.parts, &self.coordinates.lifted(weights));
        let product = |factors: &Vec<_>| {
            let [one, other] = sides(factors);
            Ok(double_rotation::double_rotation(one.view().transposed(), other.view())?.product)
        };
        copies.iter().map(product).collect()
    }
}
