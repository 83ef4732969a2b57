//! Ranks and null directions of dense matrices.

use faer::Mat;

/// Singular values in descending order; empty for an empty matrix, and infinite where the decomposition fails, so that nothing is
/// mistaken for zero.
pub(super) fn singular_values(matrix: &Mat<f64>) -> Vec<f64> {
    if matrix.nrows() == 0 || matrix.ncols() == 0 {
        return Vec::new();
    }
    // Tall matrices are brought to a square first.
    let values =
        if matrix.nrows() > 2 * matrix.ncols() { matrix.qr().thin_R().singular_values() } else { matrix.singular_values() };
    values.unwrap_or_else(|_| vec![f64::INFINITY; matrix.ncols()])
}

/// The range of a matrix's columns and its orthogonal complement.
pub(super) struct Split {
    /// The dimension of the range.
    pub rank: usize,
    /// An orthonormal basis of the complement; `None` stands for the whole space.
    pub complement: Option<Mat<f64>>,
}

/// Splits the space by the columns' range; singular values up to `tolerance` × the largest count as zero.
pub(super) fn split(columns: &Mat<f64>, tolerance: f64) -> Split {
    if columns.ncols() == 0 {
        return Split { rank: 0, complement: None };
    }
    let Ok(svd) = columns.thin_svd() else { return Split { rank: 0, complement: None } };
    let values: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    let rank = values.iter().filter(|&&value| value > tolerance * values[0]).count();
    let range = svd.U().subcols(0, rank).to_owned();
    let basis = range.qr().compute_Q();
    Split { rank, complement: Some(basis.subcols(rank, basis.ncols() - rank).to_owned()) }
}

/// The right singular vectors of the smallest `count` singular values.
pub(super) fn smallest_directions(matrix: &Mat<f64>, count: usize) -> Option<Mat<f64>> {
    let square = if matrix.nrows() > matrix.ncols() { matrix.qr().thin_R().to_owned() } else { matrix.clone() };
    let svd = square.svd().ok()?;
    let vectors = svd.V();
    Some(vectors.subcols(vectors.ncols() - count, count).to_owned())
}
