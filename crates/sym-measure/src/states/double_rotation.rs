//! Double rotations `W_Q → W_Q M`, `W_K → M⁻¹ W_K` (PSU Eqs. 8–13), and GL acting on any number of factors.
//!
//! A symmetric state has a direction n with `W_Q n = 0` and `W_Kᵀ n = 0` (Eq. 9). The printed definition compares diagonals of two matrices, which also
//! agree for balanced heads of full rank; the joint energies do not have that defect. Neither depends on the choice of an orthonormal basis, and
//! both change under a general change of basis M; the singular values of `W_Q W_K` change under none.

use crate::matrix::faer;
use crate::spectrum::{Eigen, singular_values, symmetric_eigen};
use crate::unmeasurable::same;
use crate::{Matrix, MatrixRef, Unmeasurable};

/// How far one head is from low rank, three ways.
#[derive(Debug, Clone, PartialEq)]
pub struct DoubleRotation {
    /// `Δᵢ = |(Λ_Q)ᵢᵢ − (A_K)ᵢᵢ|` with `W_QᵀW_Q = U Λ_Q Uᵀ` and `A_K = Uᵀ W_K W_Kᵀ U` (Eqs. 10–13), in the order of falling `Λ_Q`. Well defined where the
    /// eigenvalues of `W_QᵀW_Q` are distinct.
    pub printed: Vec<f64>,
    /// ‖θ − Pθ‖ for the reflections along the eigenvectors of `W_QᵀW_Q + W_K W_Kᵀ`: the roots of its eigenvalues, largest first.
    pub deltas: Vec<f64>,
    /// The singular values of `W_Q W_K`, largest first; as many as the head has dimensions.
    pub product: Vec<f64>,
}

/// The measurements of one head: `query` is d × k and `key` is k × d', as in Eq. 8.
///
/// # Errors
///
/// Entries that are not finite, different numbers of head dimensions.
pub fn double_rotation(query: MatrixRef<'_>, key: MatrixRef<'_>) -> Result<DoubleRotation, Unmeasurable> {
    same("head dimensions", key.rows(), query.columns())?;
    if !query.is_finite() || !key.is_finite() {
        return Err(Unmeasurable::NotFinite);
    }
    let size = query.columns();
    let parts = symmetric_eigen(query.transposed().gram().view())?;
    let turned = parts.vectors.view().times(key)?;
    let printed = (0..size)
        .map(|at| {
            let key: f64 = turned.row(at).iter().map(|entry| entry * entry).sum();
            (parts.values[at] - key).abs()
        })
        .collect();
    Ok(DoubleRotation { printed, deltas: deltas(&[query.transposed(), key])?, product: product(query, key)? })
}

/// For GL, or O, acting on the rows of all factors at once (each k × anything): ‖θ − Pθ‖ = √(∑ |nᵀFⱼ|²) for the reflections along the eigenvectors n of
/// ∑ `FⱼFⱼᵀ`, largest first. The last is 0 exactly at a state where one direction is unused by every factor.
///
/// # Errors
///
/// Entries that are not finite, different numbers of rows.
pub fn deltas(factors: &[MatrixRef<'_>]) -> Result<Vec<f64>, Unmeasurable> {
    let size = factors.first().map_or(0, MatrixRef::rows);
    for factor in factors {
        same("rows", factor.rows(), size)?;
    }
    // Singular values of the factors side by side: roots of eigenvalues of the sum without squaring.
    let places: Vec<(usize, usize)> =
        factors.iter().enumerate().flat_map(|(at, factor)| (0..factor.columns()).map(move |column| (at, column))).collect();
    let beside = Matrix::from_fn(size, places.len(), |row, column| factors[places[column].0].at(row, places[column].1));
    let mut values = singular_values(beside.view())?;
    values.resize(size, 0.0);
    Ok(values)
}

/// The same as eigenvalues of ∑ `FⱼFⱼᵀ`, with their eigenvectors n as rows.
///
/// # Errors
///
/// Entries that are not finite, different numbers of rows.
pub fn reflections(factors: &[MatrixRef<'_>]) -> Result<Eigen, Unmeasurable> {
    let size = factors.first().map_or(0, MatrixRef::rows);
    let mut sum = Matrix::from_fn(size, size, |_, _| 0.0);
    for factor in factors {
        same("rows", factor.rows(), size)?;
        let square = factor.times(factor.transposed())?;
        sum = Matrix::from_fn(size, size, |row, column| sum.row(row)[column] + square.row(row)[column]);
    }
    symmetric_eigen(sum.view())
}

/// The singular values of A B, as many as they share dimensions: those of the product of their triangular factors, without the product of full size.
fn product(one: MatrixRef<'_>, other: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    let (one, other) = (triangular(one), triangular(other.transposed()));
    let mut values = singular_values(one.view().times(other.view().transposed())?.view())?;
    values.resize(one.columns(), 0.0);
    Ok(values)
}

/// A matrix with no more rows than columns and the same inner products of columns.
fn triangular(matrix: MatrixRef<'_>) -> Matrix {
    if matrix.rows() <= matrix.columns() {
        return matrix.to_owned();
    }
    let parts = faer(matrix).qr();
    let upper = parts.thin_R();
    Matrix::from_fn(matrix.columns(), matrix.columns(), |row, column| if row <= column { upper[(row, column)] } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::states::symmetric;
    use sym_streams::Stream;

    fn random(rows: usize, columns: usize, path: &str) -> Matrix {
        let mut stream = Stream::new(3, "test", path);
        Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal()).collect()).expect("as many entries")
    }

    fn close(one: &[f64], other: &[f64], tolerance: f64) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() < tolerance)
    }

    #[test]
    fn the_printed_definition_by_hand() {
        // W_QᵀW_Q = diag(9, 4), so U = 1 and A_K = W_K W_Kᵀ with the diagonal (2, 4).
        let query = Matrix::new(2, 2, vec![3.0, 0.0, 0.0, 2.0]).expect("2 × 2");
        let key = Matrix::new(2, 2, vec![1.0, 1.0, 0.0, 2.0]).expect("2 × 2");
        let found = double_rotation(query.view(), key.view()).expect("finite");
        assert!(close(&found.printed, &[7.0, 0.0], 1e-14), "{:?}", found.printed);
        // W_QᵀW_Q + W_K W_Kᵀ = [[11, 2], [2, 8]], with the eigenvalues 12 and 7.
        assert!(close(&found.deltas, &[12.0f64.sqrt(), 7.0f64.sqrt()], 1e-14), "{:?}", found.deltas);
    }

    #[test]
    fn the_product_has_the_singular_values_of_the_full_matrix() {
        for (rows, size, columns) in [(7, 3, 6), (2, 3, 4), (5, 5, 5)] {
            let (query, key) = (random(rows, size, "query"), random(size, columns, "key"));
            let found = double_rotation(query.view(), key.view()).expect("finite").product;
            let mut dense = singular_values(query.view().times(key.view()).expect("sizes fit").view()).expect("finite");
            dense.resize(size, 0.0);
            assert!(close(&found, &dense, 1e-12), "{found:?} {dense:?}");
        }
    }

    #[test]
    fn an_unused_direction_is_one_symmetric_generator_by_each_measure() {
        let normal = [0.48, 0.6, 0.64];
        let project = Matrix::from_fn(3, 3, |row, column| f64::from(u8::from(row == column)) - normal[row] * normal[column]);
        let query = random(6, 3, "query").view().times(project.view()).expect("sizes fit");
        let key = project.view().times(random(3, 6, "key").view()).expect("sizes fit");
        let found = double_rotation(query.view(), key.view()).expect("finite");
        assert_eq!(symmetric(&found.printed, 1e-9), 1);
        assert_eq!(symmetric(&found.deltas, 1e-9), 1);
        assert_eq!(symmetric(&found.product, 1e-9), 1);
    }

    #[test]
    fn a_balanced_head_of_full_rank_is_symmetric_only_as_printed() {
        let query = random(6, 3, "query");
        let found = double_rotation(query.view(), query.view().transposed()).expect("finite");
        assert_eq!(symmetric(&found.printed, 1e-9), 3);
        assert_eq!(symmetric(&found.deltas, 1e-9), 0);
    }

    #[test]
    fn a_change_of_basis_keeps_the_product_and_a_rotation_keeps_everything() {
        let (query, key) = (random(6, 2, "query"), random(2, 6, "key"));
        let before = double_rotation(query.view(), key.view()).expect("finite");
        let changed = |basis: [[f64; 2]; 2], inverse: [[f64; 2]; 2]| {
            let basis = Matrix::from_fn(2, 2, |row, column| basis[row][column]);
            let inverse = Matrix::from_fn(2, 2, |row, column| inverse[row][column]);
            let query = query.view().times(basis.view()).expect("sizes fit");
            let key = inverse.view().times(key.view()).expect("sizes fit");
            double_rotation(query.view(), key.view()).expect("finite")
        };
        let general = changed([[2.0, 1.0], [1.0, 1.0]], [[1.0, -1.0], [-1.0, 2.0]]);
        assert!(close(&general.product, &before.product, 1e-11));
        assert!(!close(&general.deltas, &before.deltas, 0.1));
        let rotated = changed([[0.6, -0.8], [0.8, 0.6]], [[0.6, 0.8], [-0.8, 0.6]]);
        assert!(close(&rotated.product, &before.product, 1e-12) && close(&rotated.deltas, &before.deltas, 1e-12));
        assert!(close(&rotated.printed, &before.printed, 1e-12));
    }

    #[test]
    fn heads_of_different_dimensions_have_no_product() {
        assert!(double_rotation(random(4, 2, "query").view(), random(3, 4, "key").view()).is_err());
    }
}
