//! Traces of operators that are known by their products.

use super::inner;
use crate::operator::LinearOperator;
use sym_streams::Stream;

/// A mean over random samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error: the standard deviation of samples over √count; infinite for one sample.
    pub error: f64,
}

impl Estimate {
    /// Of independent samples; not a number of none.
    pub fn of(samples: &[f64]) -> Self {
        let count = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / count;
        let square: f64 = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum();
        let error = if samples.len() < 2 { f64::INFINITY } else { (square / (count * (count - 1.0))).sqrt() };
        Self { mean, error }
    }
}

/// tr A as the mean of vᵀAv over vectors of random signs (Hutchinson 1990, *A stochastic estimator of the trace of the influence matrix*, Eq. 3): the
/// variance of a sample is 2 ∑ (Aᵢⱼ)², i ≠ j, so that a diagonal A is exact.
///
/// # Errors
///
/// What a product fails for.
pub fn hutchinson<A: LinearOperator>(operator: &mut A, samples: usize, stream: &mut Stream) -> Result<Estimate, A::Error> {
    let mut product = vec![0.0; operator.size()];
    let mut values = Vec::with_capacity(samples);
    for _ in 0..samples {
        let signs: Vec<f64> = (0..operator.size()).map(|_| if stream.unit() < 0.5 { -1.0 } else { 1.0 }).collect();
        operator.apply(&signs, &mut product)?;
        values.push(inner(&signs, &product));
    }
    Ok(Estimate::of(&values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    fn matrix() -> Matrix {
        Matrix::from_fn(6, 6, |row, column| libm::cos((row * column) as f64) + if row == column { 2.0 } else { 0.0 })
    }

    #[test]
    fn a_diagonal_operator_has_its_exact_trace_from_one_sample() {
        let diagonal = Matrix::from_fn(4, 4, |row, column| if row == column { row as f64 - 1.0 } else { 0.0 });
        let found = hutchinson(&mut diagonal.view(), 3, &mut Stream::new(0, "test", "")).expect("sizes fit");
        assert_eq!((found.mean, found.error), (2.0, 0.0));
        assert_eq!(hutchinson(&mut diagonal.view(), 1, &mut Stream::new(0, "test", "")).expect("sizes fit").error, f64::INFINITY);
    }

    #[test]
    fn the_mean_over_all_signs_is_the_trace_and_their_variance_that_of_the_formula() {
        let matrix = matrix();
        let mut samples = Vec::new();
        for code in 0..64u32 {
            let sign = |at: usize| if code >> at & 1 == 0 { -1.0 } else { 1.0 };
            let pairs = (0..6).flat_map(|row| (0..6).map(move |column| (row, column)));
            samples.push(pairs.map(|(row, column)| sign(row) * matrix.row(row)[column] * sign(column)).sum::<f64>());
        }
        let trace: f64 = (0..6).map(|at| matrix.row(at)[at]).sum();
        assert!((samples.iter().sum::<f64>() / 64.0 - trace).abs() < 1e-12);
        let variance = samples.iter().map(|sample| (sample - trace).powi(2)).sum::<f64>() / 64.0;
        let off: f64 = (0..6)
            .flat_map(|row| (0..6).filter(move |&column| column != row).map(move |column| (row, column)))
            .map(|(row, column)| matrix.row(row)[column].powi(2))
            .sum();
        assert!((variance - 2.0 * off).abs() < 1e-9);
    }

    #[test]
    fn the_stated_error_is_that_of_the_estimate() {
        // Over 200 independent estimates the deviation from the trace in units of the stated error has a second moment of about 1.
        let matrix = matrix();
        let trace: f64 = (0..6).map(|at| matrix.row(at)[at]).sum();
        let square = |at: u64| {
            let found = hutchinson(&mut matrix.view(), 50, &mut Stream::new(at, "test", "calibration")).expect("sizes fit");
            ((found.mean - trace) / found.error).powi(2)
        };
        let mean = (0..200).map(square).sum::<f64>() / 200.0;
        // χ² of one degree has the variance 2: five standard errors of the mean of 200.
        assert!((mean - 1.0).abs() < 0.5, "{mean}");
    }
}
