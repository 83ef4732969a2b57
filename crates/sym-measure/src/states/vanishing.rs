//! Signs, scales and rescalings: the fixed points of g = −1, of λ, and of (λ, λ⁻ᵖ) are those where everything that g moves vanishes.
//!
//! PSU's Table 1 lists |u| = |w| as the state of a rescaling: that is where decay is least on an orbit, not a fixed point. The
//! distance from the fixed points is the norm of what g moves; [`imbalances`] are those from the balance.

use crate::unmeasurable::same;
use crate::{MatrixRef, Unmeasurable};

/// For each unit ∑ⱼ degreeⱼ |factorⱼ|², where a factor scales as λ^degree: |u|² − |w|² for u → λu, w → w/λ (Du et al. 2018, *Algorithmic regularization
/// in learning deep homogeneous models*, Theorem 2.1), |u|² − p|w|² for w → λ⁻ᵖw. Gradient flow keeps it; 0 where the balance is reached.
///
/// # Errors
///
/// Factors with different numbers of units.
pub fn imbalances(factors: &[(MatrixRef<'_>, f64)]) -> Result<Vec<f64>, Unmeasurable> {
    let units = factors.first().map_or(0, |(factor, _)| factor.rows());
    let mut sums = vec![0.0; units];
    for (factor, degree) in factors {
        same("units", factor.rows(), units)?;
        for (sum, square) in sums.iter_mut().zip(squares(*factor)) {
            *sum += degree * square;
        }
    }
    Ok(sums)
}

/// The squared norm of each row.
fn squares(matrix: MatrixRef<'_>) -> Vec<f64> {
    (0..matrix.rows()).map(|row| (0..matrix.columns()).map(|at| matrix.at(row, at) * matrix.at(row, at)).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn the_imbalance_of_relu_units_is_conserved_along_gradient_flow() {
        // f = ∑ wᵢ relu(uᵢ x) with targets y: Runge–Kutta of fourth order on u' = −∂L/∂u.
        let inputs = [0.7, -1.1, 0.4, 2.0];
        let targets = [1.0, 0.2, -0.4, 0.6];
        let slope = |state: &[f64; 4]| -> [f64; 4] {
            let mut gradient = [0.0; 4];
            for (x, y) in inputs.iter().zip(targets) {
                let units = [(state[0] * x).max(0.0), (state[1] * x).max(0.0)];
                let error = state[2] * units[0] + state[3] * units[1] - y;
                for unit in 0..2 {
                    gradient[2 + unit] -= error * units[unit];
                    gradient[unit] -= if units[unit] > 0.0 { error * state[2 + unit] * x } else { 0.0 };
                }
            }
            gradient
        };
        let add = |state: &[f64; 4], other: &[f64; 4], factor: f64| -> [f64; 4] {
            std::array::from_fn(|at| state[at] + factor * other[at])
        };
        let imbalance = |state: &[f64; 4]| {
            let (inner, outer) = (Matrix::new(2, 1, state[..2].to_vec()), Matrix::new(2, 1, state[2..].to_vec()));
            let (inner, outer) = (inner.expect("two entries"), outer.expect("two entries"));
            imbalances(&[(inner.view(), 1.0), (outer.view(), -1.0)]).expect("two units each")
        };
        let mut state = [0.9, -0.5, 0.3, 1.2];
        let before = imbalance(&state);
        for _ in 0..1_000 {
            let h = 1e-2;
            let k1 = slope(&state);
            let k2 = slope(&add(&state, &k1, h / 2.0));
            let k3 = slope(&add(&state, &k2, h / 2.0));
            let k4 = slope(&add(&state, &k3, h));
            for (at, entry) in state.iter_mut().enumerate() {
                *entry += h / 6.0 * (k1[at] + 2.0 * k2[at] + 2.0 * k3[at] + k4[at]);
            }
        }
        let after = imbalance(&state);
        assert!(before.iter().zip(&after).all(|(before, after)| (before - after).abs() < 1e-8), "{before:?} {after:?}");
        assert!((state[2] - 0.3).abs() > 0.05, "the weights moved");
    }

    #[test]
    fn the_imbalance_needs_as_many_units_on_both_sides() {
        let (two, three) = (Matrix::from_fn(2, 1, |_, _| 1.0), Matrix::from_fn(3, 1, |_, _| 1.0));
        assert!(imbalances(&[(two.view(), 1.0), (three.view(), -1.0)]).is_err());
    }
}
