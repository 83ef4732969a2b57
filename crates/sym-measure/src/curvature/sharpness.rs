//! Sharpness: the largest eigenvalue of the Hessian, and how much the loss rises within a radius.

use super::inner;

/// The step that raises a loss most to first order within a radius ρ: ρ g/|g| (Foret et al. 2021, *Sharpness-aware minimization*, Eq. 2, p = 2); zero
/// where the gradient is.
pub fn ascent(gradient: &[f64], radius: f64) -> Vec<f64> {
    let norm = inner(gradient, gradient).sqrt();
    let factor = if norm > 0.0 { radius / norm } else { 0.0 };
    gradient.iter().map(|entry| factor * entry).collect()
}

/// L(w + ρ g/|g|) − L(w), with the loss as a function of the displacement.
///
/// # Errors
///
/// What the loss fails for.
pub fn rise<E>(gradient: &[f64], radius: f64, mut loss: impl FnMut(&[f64]) -> Result<f64, E>) -> Result<f64, E> {
    let here = loss(&vec![0.0; gradient.len()])?;
    Ok(loss(&ascent(gradient, radius))? - here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_rises_by_its_slope_and_half_its_curvature_along_the_gradient() {
        // L(w) = w₀² + 3w₁² at (1, 1): g = (2, 6), curvature along g: (2·4 + 6·36)/40.
        let loss = |step: &[f64]| -> Result<f64, ()> { Ok((1.0 + step[0]).powi(2) + 3.0 * (1.0 + step[1]).powi(2)) };
        let found = rise(&[2.0, 6.0], 0.5, loss).expect("never fails");
        let expected = 0.5 * 40.0f64.sqrt() + 0.5 * 0.25 * (224.0 / 40.0);
        assert!((found - expected).abs() < 1e-14);
    }

    #[test]
    fn without_a_gradient_nothing_rises() {
        assert_eq!(ascent(&[0.0, 0.0], 1.0), [0.0, 0.0]);
        assert_eq!(rise(&[0.0], 1.0, |step| -> Result<f64, ()> { Ok(step[0] * step[0]) }), Ok(0.0));
    }
}
