//! The covariance of gradients of single examples: what noise stochastic gradients have.

use crate::spectrum::symmetric_eigenvalues;
use crate::unmeasurable::enough;
use crate::{Matrix, MatrixRef, Unmeasurable};

/// Gradients of single examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients {
    /// |ḡ|², the squared norm of their mean.
    pub squared_mean: f64,
    /// tr Σ of the sample covariance Σ = ∑ (gᵢ − ḡ)(gᵢ − ḡ)ᵀ / (n − 1).
    pub trace: f64,
    /// How many gradients.
    pub count: usize,
}

impl Gradients {
    /// Of gradients in the rows of a matrix (examples × parameters).
    ///
    /// # Errors
    ///
    /// Fewer than two examples, entries that are not finite.
    pub fn of(rows: MatrixRef<'_>) -> Result<Self, Unmeasurable> {
        let count = rows.rows();
        enough("examples", count, 2)?;
        if !rows.is_finite() {
            return Err(Unmeasurable::NotFinite);
        }
        let mean = |column: usize| (0..count).map(|row| rows.at(row, column)).sum::<f64>() / count as f64;
        let squared_mean = (0..rows.columns()).map(|column| mean(column).powi(2)).sum();
        Ok(Self { squared_mean, trace: rows.centred().view().squared_norm() / (count - 1) as f64, count })
    }

    /// The simple noise scale tr Σ / |G|² (`McCandlish` et al. 2018, *An empirical model of large-batch training*, Eq. 2.9): examples of a batch at which noise
    /// and gradient are alike. |G|² is estimated without bias, |ḡ|² − tr Σ / n (their Eq. A.2 with a small batch of 1).
    ///
    /// # Errors
    ///
    /// An estimate of |G|² that is not above 0: the gradient is lost in its noise.
    pub fn noise_scale(&self) -> Result<f64, Unmeasurable> {
        let square = self.squared_mean - self.trace / self.count as f64;
        if square > 0.0 { Ok(self.trace / square) } else { Err(Unmeasurable::Zero("the estimate of the gradient")) }
    }
}

/// The eigenvalues of Σ that can be other than 0, largest first: one an example, the last 0. Those of the Gram matrix of centred gradients, so that
/// parameters² entries are never formed.
///
/// # Errors
///
/// Fewer than two examples, entries that are not finite.
pub fn covariance_spectrum(rows: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    let count = rows.rows();
    enough("examples", count, 2)?;
    if !rows.is_finite() {
        return Err(Unmeasurable::NotFinite);
    }
    let gram = rows.centred().view().gram();
    let over = (count - 1) as f64;
    let values = symmetric_eigenvalues(Matrix::from_fn(count, count, |row, column| gram.row(row)[column] / over).view())?;
    // Below zero there is only rounding.
    Ok(values.into_iter().map(|value| value.max(0.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_streams::Stream;

    fn random(rows: usize, columns: usize) -> Matrix {
        let mut stream = Stream::new(9, "test", "gradients");
        Matrix::from_fn(rows, columns, {
            let values: Vec<f64> = (0..rows * columns).map(|_| stream.normal()).collect();
            move |row, column| 0.5 + values[row * columns + column]
        })
    }

    #[test]
    fn the_spectrum_is_that_of_the_dense_covariance() {
        let rows = random(5, 3);
        let found = Gradients::of(rows.view()).expect("five examples");
        let mean = |at: usize| (0..5).map(|row| rows.row(row)[at]).sum::<f64>() / 5.0;
        let covariance = Matrix::from_fn(3, 3, |a, b| {
            (0..5).map(|row| (rows.row(row)[a] - mean(a)) * (rows.row(row)[b] - mean(b))).sum::<f64>() / 4.0
        });
        let dense = symmetric_eigenvalues(covariance.view()).expect("finite");
        let spectrum = covariance_spectrum(rows.view()).expect("five examples");
        assert!(spectrum.iter().zip(dense.iter().chain(&[0.0, 0.0])).all(|(one, other)| (one - other).abs() < 1e-12));
        assert!((found.trace - dense.iter().sum::<f64>()).abs() < 1e-12);
        assert!((found.squared_mean - (0..3).map(|at| mean(at).powi(2)).sum::<f64>()).abs() < 1e-14);
    }

    #[test]
    fn the_noise_scale_is_that_of_the_distribution() {
        // Gradients (3, 4) + N(0, 1) in two dimensions: tr Σ / |G|² = 2/25.
        let mut stream = Stream::new(10, "test", "gradients");
        let values: Vec<f64> = (0..8_000).map(|at| [3.0, 4.0][at % 2] + stream.normal()).collect();
        let found = Gradients::of(Matrix::new(4_000, 2, values).expect("as many").view());
        // Only the trace and the mean are needed: their relative errors at 4,000 examples are 1.6 % and 0.6 %.
        let scale = found.expect("finite").noise_scale().expect("a gradient");
        assert!((scale - 0.08).abs() < 5.0 * 0.017 * 0.08, "{scale}");
    }

    #[test]
    fn equal_gradients_have_no_noise_and_opposite_ones_no_signal() {
        let equal = Gradients::of(Matrix::from_fn(4, 3, |_, column| column as f64).view()).expect("four");
        assert_eq!((equal.trace, equal.noise_scale()), (0.0, Ok(0.0)));
        let opposite = Gradients::of(Matrix::from_fn(4, 1, |row, _| if row % 2 == 0 { 1.0 } else { -1.0 }).view()).expect("four");
        assert!(opposite.noise_scale().is_err());
        assert!(Gradients::of(random(1, 3).view()).is_err());
    }
}
