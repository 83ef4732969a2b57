//! Random invertible maps of inputs: x ↦ Mx.

use crate::element::Entries;
use crate::table::Table;
use sym_streams::Stream;

/// The largest matrix: 4,096 × 4,096.
pub const MOST_COLUMNS: usize = 4096;

/// A random matrix of this condition number, row after row: M = U diag(s) Vᵀ with independent orthogonal U and V of the uniform (Haar)
/// distribution and singular values that run geometrically from √condition down to 1/√condition, so that |det M| = 1.
///
/// U and V are the Q of a QR decomposition of normal numbers whose R has a positive diagonal (Mezzadri 2007).
pub fn invertible(size: usize, condition: f64, stream: &mut Stream) -> Vec<f64> {
    let left = orthogonal(size, size, stream);
    let right = orthogonal(size, size, stream);
    let singular = |at: usize| {
        let position = if size > 1 { at as f64 / (size - 1) as f64 } else { 0.5 };
        libm::pow(condition, 0.5 - position)
    };
    // Rows of `left` and `right` are the columns of U and V.
    let mut matrix = vec![0.0; size * size];
    for at in 0..size {
        let (u, v) = (&left[at * size..(at + 1) * size], &right[at * size..(at + 1) * size]);
        let value = singular(at);
        for (row, &u) in matrix.chunks_exact_mut(size.max(1)).zip(u) {
            let factor = value * u;
            row.iter_mut().zip(v).for_each(|(entry, &v)| *entry += factor * v);
        }
    }
    matrix
}

/// `count` orthonormal vectors of `size` entries, one a row: the rotation of the first axes by a uniformly distributed orthogonal matrix.
///
/// # Panics
///
/// For more vectors than entries.
pub fn orthogonal(count: usize, size: usize, stream: &mut Stream) -> Vec<f64> {
    assert!(count <= size, "there are at most as many orthonormal vectors as axes");
    let mut rows: Vec<f64> = (0..count * size).map(|_| stream.normal()).collect();
    for at in 0..count {
        let (before, rest) = rows.split_at_mut(at * size);
        let row = &mut rest[..size];
        // A second pass removes what rounding left of the first (Giraud et al. 2005).
        for _ in 0..2 {
            for other in before.chunks_exact(size) {
                let along: f64 = row.iter().zip(other).map(|(row, other)| row * other).sum();
                row.iter_mut().zip(other).for_each(|(row, other)| *row -= along * other);
            }
        }
        let norm = libm::sqrt(row.iter().map(|value| value * value).sum());
        for value in row {
            *value /= norm;
        }
    }
    rows
}

/// Each row x as Mx, in single precision.
///
/// # Panics
///
/// For a matrix of another size.
pub fn transform(table: &Table, matrix: &[f64]) -> Table {
    let width = table.width();
    assert_eq!(matrix.len(), width * width, "a matrix of the width of rows");
    let mut values = Vec::with_capacity(table.rows() * width);
    let mut row = vec![0.0; width];
    for at in 0..table.rows() {
        table.row(at, &mut row);
        let product = |weights: &[f64]| weights.iter().zip(&row).map(|(weight, value)| weight * value).sum::<f64>() as f32;
        values.extend(matrix.chunks_exact(width.max(1)).map(product));
    }
    Table::new(Entries::Single(values), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The products of all pairs of columns.
    fn gram(matrix: &[f64], size: usize) -> Vec<f64> {
        let mut gram = vec![0.0; size * size];
        for (i, row) in gram.chunks_exact_mut(size).enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry = (0..size).map(|k| matrix[k * size + i] * matrix[k * size + j]).sum();
            }
        }
        gram
    }

    #[test]
    fn the_singular_values_are_those_of_the_condition_number() {
        let (size, condition) = (6, 100.0);
        let matrix = invertible(size, condition, &mut Stream::new(3, "transform", ""));
        let gram = gram(&matrix, size);
        // Traces of G and G² are the sums of the second and fourth powers of the singular values.
        let singular: Vec<f64> = (0..6).map(|at| 100f64.powf(0.5 - f64::from(at) / 5.0)).collect();
        let trace: f64 = (0..size).map(|at| gram[at * size + at]).sum();
        let squares: f64 = gram.iter().map(|entry| entry * entry).sum();
        let sum = |power: i32| singular.iter().map(|value| value.powi(power)).sum::<f64>();
        assert!((trace / sum(2) - 1.0).abs() < 1e-12 && (squares / sum(4) - 1.0).abs() < 1e-12);
        // The determinant of G is 1: its pivots by elimination.
        let mut pivots = gram;
        let mut determinant = 1.0;
        for at in 0..size {
            determinant *= pivots[at * size + at];
            for row in at + 1..size {
                let factor = pivots[row * size + at] / pivots[at * size + at];
                (at..size).for_each(|column| pivots[row * size + column] -= factor * pivots[at * size + column]);
            }
        }
        assert!((determinant - 1.0).abs() < 1e-9, "{determinant}");
    }

    #[test]
    fn vectors_are_orthonormal() {
        let (count, size) = (40, 50);
        let rows = orthogonal(count, size, &mut Stream::new(1, "orthogonal", ""));
        for i in 0..count {
            for j in 0..count {
                let product: f64 = (0..size).map(|k| rows[i * size + k] * rows[j * size + k]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn rows_are_multiplied_by_the_matrix() {
        let table = Table::of(vec![1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!(transform(&table, &[0.0, 1.0, 2.0, 1.0]).dense(), [2.0, 4.0, 4.0, 10.0]);
    }
}
