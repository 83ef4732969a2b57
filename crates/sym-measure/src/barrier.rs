//! The barrier between two points of a loss.

/// max over t of L((1 − t) A + t B) − ((1 − t) L(A) + t L(B)) (Frankle et al. 2020, *Linear mode connectivity and the lottery ticket hypothesis*) from losses
/// at equally spaced points, both ends among them. Never below 0, which it is at the ends; infinite where a loss is not finite.
pub fn height(losses: &[f64]) -> f64 {
    let (Some(&first), Some(&last)) = (losses.first(), losses.last()) else { return 0.0 };
    if !losses.iter().all(|loss| loss.is_finite()) {
        return f64::INFINITY;
    }
    let share = |at: usize| at as f64 / (losses.len().max(2) - 1) as f64;
    // In this form the line between equal ends is exactly as high as they are.
    let excess = |(at, loss): (usize, &f64)| loss - (first + share(at) * (last - first));
    losses.iter().enumerate().map(excess).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barrier_is_measured_from_the_line_between_both_ends() {
        assert_eq!(height(&[1.0, 4.0, 3.0]), 2.0);
        assert_eq!(height(&[1.0, 1.5, 3.0]), 0.0);
        assert_eq!((height(&[]), height(&[7.0])), (0.0, 0.0));
        assert_eq!(height(&[1.0, f64::NAN, 1.0]), f64::INFINITY);
    }

    #[test]
    fn a_double_well_has_its_hump() {
        // (w² − 1)² from −1 to 1.
        let losses: Vec<f64> =
            (0..=10).map(|at| (f64::from(at) / 5.0 - 1.0).powi(2)).map(|square| (square - 1.0).powi(2)).collect();
        assert!((height(&losses) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_linear_function_added_to_the_loss_changes_no_barrier() {
        let losses = [0.2, 1.7, 0.4, 0.9];
        let tilted: Vec<f64> = losses.iter().enumerate().map(|(at, loss)| loss + 3.0 - 0.5 * at as f64).collect();
        assert!((height(&losses) - height(&tilted)).abs() < 1e-14);
    }
}
