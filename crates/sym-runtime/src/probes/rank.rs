//! Numerical ranks of weight matrices.

use sym_infer::Weights;
use sym_ir::{ParameterId, Program};

/// A parameter as a matrix, rows first: its first axis against all others.
pub fn matrix(program: &Program, id: ParameterId, weights: &Weights) -> faer::Mat<f64> {
    let values = &weights.values[id.0 as usize];
    let rows = program.parameter(id).shape.first().map_or(1, |axis| axis.size as usize);
    let columns = values.len().checked_div(rows).unwrap_or(0);
    faer::Mat::from_fn(rows, columns, |row, column| values[row * columns + column])
}

/// The number of singular values above `threshold` times the largest; `None` where entries are not finite.
pub fn rank(matrix: &faer::Mat<f64>, threshold: f64) -> Option<usize> {
    let singular = matrix.singular_values().ok()?;
    let largest = singular.iter().copied().fold(0.0, f64::max);
    largest.is_finite().then(|| singular.iter().filter(|&&value| value > threshold * largest && value > 0.0).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_is_relative_to_the_largest_singular_value() {
        let diagonal = |entries: [f64; 3]| faer::Mat::from_fn(3, 4, |row, column| if row == column { entries[row] } else { 0.0 });
        assert_eq!(rank(&diagonal([100.0, 2.0, 0.5]), 0.01), Some(2));
        assert_eq!(rank(&diagonal([1e-9, 1e-10, 0.0]), 0.01), Some(2));
        assert_eq!(rank(&diagonal([0.0, 0.0, 0.0]), 0.01), Some(0));
    }

    #[test]
    fn an_outer_product_has_rank_one() {
        let outer = faer::Mat::from_fn(5, 3, |row, column| (row as f64 + 1.0) * (column as f64 - 3.5));
        assert_eq!(rank(&outer, 1e-12), Some(1));
    }
}
