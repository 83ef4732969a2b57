//! Conserved quantities of gradient flow and their drift under a discrete optimiser.
//!
//! A symmetry f(e^{tA}θ) = f(θ) with a symmetric generator A conserves ½θᵀAθ (Noether; Kunin et al. 2021, *Neural mechanics*; Marcotte et al. 2023,
//! *Abide by the law and follow the flow*): `|u|² − |w|²` for rescalings ([`crate::states::vanishing::imbalances`]), `W₁W₁ᵀ − W₂ᵀW₂` for GL.

use crate::unmeasurable::same;
use crate::{Matrix, MatrixRef, Unmeasurable};

/// ∑ signⱼ `FⱼFⱼᵀ` over factors that share their rows (each k × anything): `W₁W₁ᵀ − W₂ᵀW₂` for the factors `W₁` with sign 1 and `W₂ᵀ` with −1 (Arora, Cohen and
/// Hazan 2018, *On the optimization of deep networks*, Eq. 6).
///
/// # Errors
///
/// Factors with different numbers of rows.
pub fn balance(factors: &[(MatrixRef<'_>, f64)]) -> Result<Matrix, Unmeasurable> {
    let size = factors.first().map_or(0, |(factor, _)| factor.rows());
    let mut grams = Vec::with_capacity(factors.len());
    for (factor, sign) in factors {
        same("rows", factor.rows(), size)?;
        grams.push((factor.gram(), *sign));
    }
    Ok(Matrix::from_fn(size, size, |row, column| grams.iter().map(|(gram, sign)| sign * gram.row(row)[column]).sum()))
}

/// |Q(t) − Q(0)| / max(|Q(0)|, scale): how far charges have moved, where `scale` is a size that they are sums of (such as |θ|²), so that charges that start
/// at 0 have a drift too.
///
/// # Errors
///
/// Different numbers of charges; nothing to compare with.
pub fn drift(start: &[f64], now: &[f64], scale: f64) -> Result<f64, Unmeasurable> {
    same("charges", now.len(), start.len())?;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let before = norm(&mut start.iter().copied()).max(scale);
    if before > 0.0 {
        Ok(norm(&mut start.iter().zip(now).map(|(start, now)| now - start)) / before)
    } else {
        Err(Unmeasurable::Zero("the scale of charges"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step of gradient descent on ½‖W₂W₁ − C‖² for 2 × 2 matrices.
    fn step(inner: &Matrix, outer: &Matrix, rate: f64) -> (Matrix, Matrix) {
        let target = [[1.0, 0.5], [-0.3, 0.8]];
        let product = outer.view().times(inner.view()).expect("2 × 2");
        let error = Matrix::from_fn(2, 2, |row, column| product.row(row)[column] - target[row][column]);
        let to_inner = outer.view().transposed().times(error.view()).expect("2 × 2");
        let to_outer = error.view().times(inner.view().transposed()).expect("2 × 2");
        let moved = |weight: &Matrix, slope: &Matrix| {
            Matrix::from_fn(2, 2, |row, column| weight.row(row)[column] - rate * slope.row(row)[column])
        };
        (moved(inner, &to_inner), moved(outer, &to_outer))
    }

    /// The drift of the balance over a time of 2.
    fn drift_at(rate: f64) -> f64 {
        let mut inner = Matrix::new(2, 2, vec![0.4, -0.2, 0.1, 0.5]).expect("2 × 2");
        let mut outer = Matrix::new(2, 2, vec![0.3, 0.2, -0.4, 0.6]).expect("2 × 2");
        let charge = |inner: &Matrix, outer: &Matrix| {
            balance(&[(inner.view(), 1.0), (outer.view().transposed(), -1.0)]).expect("sizes fit").values().to_vec()
        };
        let start = charge(&inner, &outer);
        for _ in 0..(2.0 / rate).round() as usize {
            (inner, outer) = step(&inner, &outer, rate);
        }
        drift(&start, &charge(&inner, &outer), 1.0).expect("as many charges")
    }

    #[test]
    fn the_drift_under_gradient_descent_vanishes_with_the_learning_rate() {
        // A step changes the balance by η² (g₁g₁ᵀ − g₂ᵀg₂): over a fixed time the drift is proportional to η.
        let (large, small) = (drift_at(0.01), drift_at(0.005));
        assert!(large > 1e-5 && (large / small - 2.0).abs() < 0.05, "{large} {small}");
    }

    #[test]
    fn the_balance_does_not_depend_on_a_rotation_of_inputs() {
        let weight = Matrix::new(2, 2, vec![0.4, -0.2, 0.1, 0.5]).expect("2 × 2");
        let turn = Matrix::new(2, 2, vec![0.6, -0.8, 0.8, 0.6]).expect("2 × 2");
        let turned = weight.view().times(turn.view()).expect("2 × 2");
        let of = |weight: &Matrix| balance(&[(weight.view(), 1.0)]).expect("one factor");
        assert!(of(&weight).values().iter().zip(of(&turned).values()).all(|(one, other)| (one - other).abs() < 1e-15));
    }

    #[test]
    fn charges_from_zero_drift_in_units_of_the_scale() {
        assert_eq!(drift(&[0.0, 0.0], &[3.0, 4.0], 10.0), Ok(0.5));
        assert_eq!(drift(&[3.0, 4.0], &[3.0, 9.0], 0.0), Ok(1.0));
        assert!(drift(&[0.0], &[1.0], 0.0).is_err() && drift(&[0.0], &[], 1.0).is_err());
    }
}
