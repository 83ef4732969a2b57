//! Matrices of a family that come closest to a given one.

use faer::{Mat, Side};
use sym_infer::Family;
use sym_infer::action::Matrix;

/// The norm-preserving matrix g of a family with the largest ⟨g, m⟩: orthogonal Procrustes (Schönemann 1966), within the complement of the
/// ones where those are kept, by pairs where g commutes with rotations. Also that product.
pub fn nearest(family: Family, m: &Mat<f64>) -> (Matrix, f64) {
    let n = m.nrows();
    let polar = match family {
        Family::General | Family::Orthogonal => orthogonal(m),
        Family::OrthogonalFixingOnes => {
            let centred = |m: &Mat<f64>| {
                let mean = |column: usize| (0..n).map(|row| m[(row, column)]).sum::<f64>() / n as f64;
                let means: Vec<f64> = (0..n).map(mean).collect();
                Mat::from_fn(n, n, |row, column| m[(row, column)] - means[column])
            };
            let inner = centred(&centred(m).transpose().to_owned()).transpose().to_owned();
            // A large part along the ones, which then map to themselves.
            let part = (1.0 + inner.norm_l2()) / n as f64;
            orthogonal(&Mat::from_fn(n, n, |row, column| inner[(row, column)] + part))
        }
        Family::Complex(pairs) | Family::Unitary(pairs) => {
            let mut turn = Mat::zeros(n, n);
            for at in 0..n / 2 {
                let (p, q) = pairs.entries(at, n);
                let (real, imaginary) = (m[(p, p)] + m[(q, q)], m[(q, p)] - m[(p, q)]);
                let length = real.hypot(imaginary);
                let (cosine, sine) = if length > 0.0 { (real / length, imaginary / length) } else { (1.0, 0.0) };
                turn[(p, p)] = cosine;
                turn[(q, q)] = cosine;
                turn[(q, p)] = sine;
                turn[(p, q)] = -sine;
            }
            Some(turn)
        }
    };
    let g = polar.unwrap_or_else(|| Mat::identity(n, n));
    let mut product = 0.0;
    for row in 0..n {
        for column in 0..n {
            product += g[(row, column)] * m[(row, column)];
        }
    }
    (matrix(&g), product)
}

/// U Vᵀ of m = U S Vᵀ; `None` where that has no finite result.
fn orthogonal(m: &Mat<f64>) -> Option<Mat<f64>> {
    let svd = m.svd().ok()?;
    Some(svd.U() * svd.V().transpose())
}

/// As the elements of `sym_infer` hold it.
pub fn matrix(m: &Mat<f64>) -> Matrix {
    let size = m.nrows();
    Matrix { size, entries: (0..size * size).map(|at| m[(at / size, at % size)]).collect() }
}

/// f(eigenvalue) on the eigenvectors of a symmetric matrix; `None` where the smallest eigenvalue is below 1e-12 of the largest.
pub fn function(m: &Mat<f64>, f: fn(f64) -> f64) -> Option<Mat<f64>> {
    let eigen = m.self_adjoint_eigen(Side::Lower).ok()?;
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let largest = values.iter().copied().fold(0.0, f64::max);
    if values.iter().any(|&value| !value.is_finite() || value <= 1e-12 * largest) {
        return None;
    }
    let n = m.nrows();
    let vectors = eigen.U();
    let scaled = Mat::from_fn(n, n, |row, column| vectors[(row, column)] * f(values[column]));
    Some(scaled * vectors.transpose())
}
