//! Correlations between the features of examples, their spectrum and its gap (PSU Figs. 4 and 11).

use crate::spectrum::symmetric_eigenvalues;
use crate::unmeasurable::enough;
use crate::{Matrix, MatrixRef, Unmeasurable};
use std::collections::BTreeMap;

/// Pearson's correlation of each pair of rows, over columns: Cᵢⱼ = ⟨xᵢ − x̄ᵢ, xⱼ − x̄ⱼ⟩ / (|xᵢ − x̄ᵢ| |xⱼ − x̄ⱼ|). With a row for each example it is
/// the matrix of PSU Fig. 4; of the transpose, correlations between units. A row without variation is correlated with nothing, itself included.
///
/// # Errors
///
/// Entries that are not finite, fewer than two columns.
pub fn correlation(rows: MatrixRef<'_>) -> Result<Matrix, Unmeasurable> {
    enough("columns", rows.columns(), 2)?;
    if !rows.is_finite() {
        return Err(Unmeasurable::NotFinite);
    }
    let centred = rows.transposed().centred();
    let covariance = centred.view().transposed().gram();
    // What is left of a constant row is rounding of its mean.
    let noise = |row: usize| {
        let square: f64 = (0..rows.columns()).map(|column| rows.at(row, column).powi(2)).sum();
        square * (8.0 * f64::EPSILON).powi(2)
    };
    let norms: Vec<f64> = (0..rows.rows())
        .map(|row| {
            let square = covariance.row(row)[row];
            if square <= noise(row) { 0.0 } else { square.sqrt() }
        })
        .collect();
    let entry = |row: usize, column: usize| match (row == column, norms[row] * norms[column]) {
        (_, 0.0) => 0.0,
        (true, _) => 1.0,
        (false, product) => (covariance.row(row)[column] / product).clamp(-1.0, 1.0),
    };
    Ok(Matrix::from_fn(rows.rows(), rows.rows(), entry))
}

/// The places of the first `each` examples of every class, class by class: the order of the examples in PSU Fig. 4.
pub fn first_of_each(classes: &[usize], each: usize) -> Vec<usize> {
    let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, &class) in classes.iter().enumerate() {
        let places = of.entry(class).or_default();
        if places.len() < each {
            places.push(place);
        }
    }
    of.into_values().flatten().collect()
}

/// The eigenvalues of the [`correlation`] matrix, largest first.
///
/// # Errors
///
/// As [`correlation`].
pub fn spectrum(rows: MatrixRef<'_>) -> Result<Vec<f64>, Unmeasurable> {
    symmetric_eigenvalues(correlation(rows)?.view())
}

/// (`λ_k` − λ_{k+1}) / ∑ λ for k from 1: the gap behind the k largest eigenvalues as a part of the trace. `values` are sorted, largest first.
///
/// # Errors
///
/// No eigenvalue k + 1, a trace of zero.
pub fn gap(values: &[f64], k: usize) -> Result<f64, Unmeasurable> {
    enough("eigenvalues", values.len(), k.saturating_add(1))?;
    enough("eigenvalues before the gap", k, 1)?;
    let trace: f64 = values.iter().sum();
    if trace == 0.0 { Err(Unmeasurable::Zero("the trace")) } else { Ok((values[k - 1] - values[k]) / trace) }
}

/// The k of the largest gap, the smallest where several are as large; `None` of fewer than two values.
pub fn widest(values: &[f64]) -> Option<usize> {
    let gaps = values.windows(2).map(|pair| pair[0] - pair[1]).enumerate();
    gaps.fold(
        None,
        |best: Option<(usize, f64)>, (at, gap)| if best.is_some_and(|(_, most)| most >= gap) { best } else { Some((at, gap)) },
    )
    .map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_streams::Stream;

    fn random(rows: usize, columns: usize) -> Matrix {
        let mut stream = Stream::new(4, "test", "correlation");
        Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal()).collect()).expect("as many entries")
    }

    #[test]
    fn entries_are_cosines_of_centred_rows() {
        let features = random(4, 6);
        let found = correlation(features.view()).expect("finite");
        for one in 0..4 {
            for other in 0..4 {
                let (a, b) = (features.row(one), features.row(other));
                // n ∑ab − ∑a ∑b over the roots of the same with itself.
                let joint = |a: &[f64], b: &[f64]| {
                    6.0 * a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() - a.iter().sum::<f64>() * b.iter().sum::<f64>()
                };
                let expected = joint(a, b) / (joint(a, a) * joint(b, b)).sqrt();
                assert!((found.row(one)[other] - expected).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn a_shift_and_a_positive_scale_of_each_row_change_nothing() {
        let features = random(4, 6);
        let moved = Matrix::from_fn(4, 6, |row, column| (1.0 + row as f64) * features.row(row)[column] - 3.0 * row as f64);
        let (one, other) = (correlation(features.view()).expect("finite"), correlation(moved.view()).expect("finite"));
        assert!(one.values().iter().zip(other.values()).all(|(one, other)| (one - other).abs() < 1e-13));
    }

    #[test]
    fn two_classes_without_variation_have_two_eigenvalues() {
        // Rows +v, +v, w, w with centred v ⟂ w: the eigenvalues are the sizes of the classes.
        let class = [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, -2.0]];
        let features = Matrix::from_fn(5, 4, |row, column| class[usize::from(row > 2)][column]);
        let values = spectrum(features.view()).expect("finite");
        let expected = [3.0, 2.0, 0.0, 0.0, 0.0];
        assert!(values.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-13), "{values:?}");
        assert_eq!(widest(&values), Some(2));
        assert!((gap(&values, 2).expect("three values") - 0.4).abs() < 1e-13);
        assert!(gap(&values, 5).is_err() && gap(&values, 0).is_err());
    }

    #[test]
    fn examples_come_class_by_class() {
        assert_eq!(first_of_each(&[2, 0, 2, 1, 0, 2, 0], 2), [1, 4, 3, 0, 2]);
        assert_eq!(first_of_each(&[], 3), [0; 0]);
    }

    #[test]
    fn a_constant_row_is_correlated_with_nothing() {
        let features = Matrix::from_fn(2, 3, |row, column| if row == 0 { 0.1 } else { column as f64 });
        assert_eq!(correlation(features.view()).expect("finite").values(), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(widest(&[1.0]), None);
    }
}
