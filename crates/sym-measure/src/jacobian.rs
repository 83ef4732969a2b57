//! The neural tangent kernel K = J Jᵀ (Jacot, Gabriel and Hongler 2018, *Neural tangent kernel*): its rank, at most that of the projector onto a
//! symmetric state where the weights are (PSU Theorem 1), and its spectrum.

use crate::operator::{LinearOperator, dense};
use crate::spectrum::{singular_values, symmetric_eigenvalues};
use crate::{MatrixRef, Unmeasurable};

/// The eigenvalues of J Jᵀ, largest first, one a row of J (an output entry of an example); `jacobian` is (entries of outputs) × parameters. They are squares
/// of singular values of J, so that small ones are not lost in rounding as they are in the Gram matrix.
///
/// # Errors
///
/// Entries that are not finite.
pub fn kernel_spectrum(jacobian: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    let mut values: Vec<f64> = singular_values(jacobian)?.into_iter().map(|value| value * value).collect();
    values.resize(jacobian.rows(), 0.0);
    Ok(values)
}

/// The same from products with J Jᵀ alone, one for each of its columns.
///
/// # Errors
///
/// What a product fails for; entries that are not finite.
pub fn kernel_spectrum_of_products<A: LinearOperator>(kernel: &mut A) -> Result<Result<Vec<f64>, Unmeasurable>, A::Error> {
    Ok(symmetric_eigenvalues(dense(kernel)?.view()))
}

/// rank J, which is that of J Jᵀ: singular values of J above `threshold` times the largest.
///
/// # Errors
///
/// Entries that are not finite.
pub fn rank(jacobian: MatrixRef<'_>, threshold: f64) -> Result<usize, Unmeasurable> {
    Ok(crate::rank::numerical(&singular_values(jacobian)?, threshold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use crate::operator::Product;

    /// f = a · tanh(b x) for two units at three inputs: the Jacobian with respect to (a₀, a₁, b₀, b₁) by hand.
    fn two_units(a: [f64; 2], b: [f64; 2]) -> Matrix {
        let inputs = [0.3, -0.8, 1.7];
        Matrix::from_fn(3, 4, |row, column| {
            let (x, unit) = (inputs[row], column % 2);
            let value = libm::tanh(b[unit] * x);
            if column < 2 { value } else { a[unit] * (1.0 - value * value) * x }
        })
    }

    #[test]
    fn the_spectrum_is_that_of_the_gram_matrix() {
        let jacobian = two_units([1.0, -0.5], [0.7, 1.9]);
        let found = kernel_spectrum(jacobian.view()).expect("finite");
        let gram = jacobian.view().gram();
        let apply = |vector: &[f64], out: &mut [f64]| -> Result<(), Unmeasurable> { gram.view().apply(vector, out) };
        let products = kernel_spectrum_of_products(&mut Product { size: 3, product: apply }).expect("sizes fit").expect("finite");
        assert!(found.iter().zip(&products).all(|(one, other)| (one - other).abs() < 1e-13));
        // The trace is the sum of all squares.
        assert!((found.iter().sum::<f64>() - jacobian.view().squared_norm()).abs() < 1e-13);
    }

    #[test]
    fn identical_units_have_the_kernel_of_one() {
        // Four parameters at a symmetric state: rank(P) = 2.
        assert_eq!(rank(two_units([0.6, 0.6], [1.1, 1.1]).view(), 1e-12), Ok(2));
        assert_eq!(rank(two_units([0.6, 0.5], [1.1, 1.1]).view(), 1e-12), Ok(2));
        assert_eq!(rank(two_units([0.6, 0.5], [1.1, 0.2]).view(), 1e-12), Ok(3));
    }

    #[test]
    fn more_outputs_than_parameters_leave_zeros() {
        let jacobian = Matrix::from_fn(3, 1, |row, _| row as f64);
        assert_eq!(kernel_spectrum(jacobian.view()).map(|values| values[1..].to_vec()), Ok(vec![0.0, 0.0]));
    }
}
