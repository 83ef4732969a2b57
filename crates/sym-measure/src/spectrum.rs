//! Singular values and eigenvalues, largest first.

use crate::Unmeasurable;
use crate::matrix::{Matrix, MatrixRef, faer};
use crate::unmeasurable::same;
use ::faer::Side;

/// The singular values, largest first.
///
/// # Errors
///
/// Entries that are not finite.
pub fn singular_values(matrix: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    if !matrix.is_finite() {
        return Err(Unmeasurable::NotFinite);
    }
    if matrix.rows() == 0 || matrix.columns() == 0 {
        return Ok(Vec::new());
    }
    let mut values = faer(matrix).singular_values().map_err(|_| Unmeasurable::NoConvergence)?;
    values.sort_by(|left, right| right.total_cmp(left));
    Ok(values)
}

/// A symmetric matrix as U Λ Uᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// Eigenvalues, largest first.
    pub values: Vec<f64>,
    /// Row i is the unit eigenvector of eigenvalue i; its largest entry is positive.
    pub vectors: Matrix,
}

/// Eigenvalues and eigenvectors of a symmetric matrix, of which the lower triangle is read.
///
/// # Errors
///
/// Entries that are not finite, a matrix that is not square.
pub fn symmetric_eigen(matrix: MatrixRef<'_>) -> Result<Eigen, Unmeasurable> {
    let size = matrix.rows();
    same("columns", matrix.columns(), size)?;
    if !matrix.is_finite() {
        return Err(Unmeasurable::NotFinite);
    }
    if size == 0 {
        return Ok(Eigen { values: Vec::new(), vectors: Matrix::from_fn(0, 0, |_, _| 0.0) });
    }
    let found = faer(matrix).self_adjoint_eigen(Side::Lower).map_err(|_| Unmeasurable::NoConvergence)?;
    let (values, vectors) = (found.S().column_vector(), found.U());
    let last = size - 1;
    let signs: Vec<f64> = (0..size)
        .map(|at| {
            let largest = (0..size).map(|entry| vectors[(entry, at)]).fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a });
            if largest < 0.0 { -1.0 } else { 1.0 }
        })
        .collect();
    Ok(Eigen {
        values: (0..size).map(|at| values[last - at]).collect(),
        vectors: Matrix::from_fn(size, size, |at, entry| signs[last - at] * vectors[(entry, last - at)]),
    })
}

/// The eigenvalues of a symmetric matrix, largest first.
///
/// # Errors
///
/// As [`symmetric_eigen`].
pub fn symmetric_eigenvalues(matrix: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    symmetric_eigen(matrix).map(|found| found.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_of_a_diagonal_keeps_its_values() {
        let (sine, cosine) = (0.6, 0.8);
        let rotation = Matrix::from_fn(2, 2, |row, column| [[cosine, -sine], [sine, cosine]][row][column]);
        let diagonal = Matrix::from_fn(2, 2, |row, column| if row == column { [3.0, -5.0][row] } else { 0.0 });
        let turned = rotation.view().times(diagonal.view()).expect("sizes fit");
        let both = turned.view().times(rotation.view().transposed()).expect("sizes fit");
        let found = symmetric_eigen(both.view()).expect("finite");
        assert!((found.values[0] - 3.0).abs() < 1e-14 && (found.values[1] + 5.0).abs() < 1e-14);
        assert!((found.vectors.view().at(0, 0) - cosine).abs() < 1e-14 && (found.vectors.view().at(0, 1) - sine).abs() < 1e-14);
        let singular = singular_values(turned.view()).expect("finite");
        assert!((singular[0] - 5.0).abs() < 1e-14 && (singular[1] - 3.0).abs() < 1e-14);
    }

    #[test]
    fn what_is_not_finite_or_not_square_has_no_spectrum() {
        let infinite = Matrix::from_fn(2, 2, |row, _| if row == 0 { f64::INFINITY } else { 0.0 });
        assert_eq!(singular_values(infinite.view()), Err(Unmeasurable::NotFinite));
        let wide = Matrix::from_fn(2, 3, |_, _| 0.0);
        assert_eq!(symmetric_eigenvalues(wide.view()), Err(Unmeasurable::Sizes { what: "columns", found: 3, expected: 2 }));
        assert_eq!(singular_values(Matrix::from_fn(0, 3, |_, _| 0.0).view()), Ok(Vec::new()));
    }
}
