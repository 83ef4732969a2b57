//! Distances of neighbouring units (PSU A.1, Eq. 3).

use sym_infer::{Frame, Space, Weights};
use sym_ir::Program;

/// The weights of each unit of a space, (in, bias, out) one after the other: the slices of every parameter axis that the space moves.
pub fn unit_vectors(program: &Program, space: &Space, weights: &Weights) -> Vec<Vec<f64>> {
    let mut units = vec![Vec::new(); space.size as usize];
    for action in space.acts_on.iter().filter(|action| action.frame != Frame::Shift) {
        let Some(axis) = action.axis else { continue };
        let at = action.parameter.0 as usize;
        let sizes: Vec<usize> = program.parameters[at].shape.iter().map(|axis| axis.size as usize).collect();
        let inner: usize = sizes[axis + 1..].iter().product();
        for block in weights.values[at].chunks((sizes[axis] * inner).max(1)) {
            for (unit, entries) in units.iter_mut().zip(block.chunks(inner.max(1))) {
                unit.extend_from_slice(entries);
            }
        }
    }
    units
}

/// Units sorted by norm, smallest first (equal ones in their own order); the Euclidean distance of each to the next. This is the distance of
/// the pair, √2 times ‖θ − Pθ‖ for the exchange of the two.
pub fn distances(program: &Program, space: &Space, weights: &Weights) -> Vec<f64> {
    let mut units: Vec<(f64, Vec<f64>)> = unit_vectors(program, space, weights)
        .into_iter()
        .map(|unit| (unit.iter().map(|entry| entry * entry).sum::<f64>(), unit))
        .collect();
    units.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    units
        .windows(2)
        .map(|pair| {
            let squares = pair[0].1.iter().zip(&pair[1].1).map(|(left, right)| (left - right) * (left - right));
            squares.sum::<f64>().sqrt()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Two inputs, three units, one output, with these (in, bias, out) vectors.
    fn distances_of(units: [[f64; 4]; 3]) -> Vec<f64> {
        let program = testing::mlp(&[2, 3, 1]);
        let weights = Weights {
            values: vec![
                units.iter().flat_map(|unit| unit[..2].to_vec()).collect(),
                units.iter().map(|unit| unit[2]).collect(),
                units.iter().map(|unit| unit[3]).collect(),
                vec![9.0],
            ],
        };
        distances(&program, &sym_infer::infer(&program).spaces[0], &weights)
    }

    #[test]
    fn units_are_ordered_by_norm_and_compared_with_their_neighbour() {
        // Norms 5, 1, 3; neighbours (0,1,0,0) → (2,0,1,2) → (3,0,0,4).
        let found = distances_of([[3.0, 0.0, 0.0, 4.0], [0.0, 1.0, 0.0, 0.0], [2.0, 0.0, 1.0, 2.0]]);
        let expected = [10.0f64.sqrt(), 6.0f64.sqrt()];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn equal_units_have_distance_zero() {
        assert_eq!(distances_of([[1.0, 2.0, 3.0, 4.0]; 3]), [0.0, 0.0]);
    }
}
