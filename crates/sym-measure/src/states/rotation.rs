//! Rotations W → R W: low-rank states are the fixed points of reflections.

use crate::spectrum::singular_values;
use crate::{MatrixRef, Unmeasurable};

/// For each reflection 1 − 2nnᵀ along a left singular vector n of W (n = 1 … rows of W) the norm ‖θ − Pθ‖ = |nᵀW|: the singular value, and 0 for
/// rows beyond the columns. Largest first. The only fixed point of all rotations is W = 0, at distance ‖W‖_F.
///
/// # Errors
///
/// Entries that are not finite.
pub fn deltas(matrix: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    let mut values = singular_values(matrix)?;
    values.resize(matrix.rows(), 0.0);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use crate::spectrum::symmetric_eigen;
    use sym_streams::Stream;

    #[test]
    fn a_delta_is_the_distance_to_the_fixed_points_of_a_reflection() {
        let mut stream = Stream::new(2, "test", "rotation");
        let matrix = Matrix::new(4, 3, (0..12).map(|_| stream.normal()).collect()).expect("4 × 3");
        let found = deltas(matrix.view()).expect("finite");
        let directions = symmetric_eigen(matrix.view().gram().view()).expect("finite").vectors;
        for (at, found) in found.iter().enumerate() {
            let normal = directions.row(at);
            // W − ½(W + (1 − 2nnᵀ)W).
            let along: Vec<f64> = (0..3).map(|column| (0..4).map(|row| normal[row] * matrix.row(row)[column]).sum()).collect();
            let away: f64 =
                (0..4).flat_map(|row| along.iter().map(move |along| (normal[row] * along).powi(2))).sum::<f64>().sqrt();
            assert!((found - away).abs() < 1e-7, "{found} {away}");
        }
    }

    #[test]
    fn a_rotation_changes_no_delta() {
        let matrix = Matrix::from_fn(2, 2, |row, column| 1.0 + (row * 3 + column) as f64);
        let turn = Matrix::from_fn(2, 2, |row, column| [[0.6, -0.8], [0.8, 0.6]][row][column]);
        let turned = turn.view().times(matrix.view()).expect("sizes fit");
        let (one, other) = (deltas(matrix.view()).expect("finite"), deltas(turned.view()).expect("finite"));
        assert!(one.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-13));
    }
}
