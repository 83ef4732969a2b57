//! How many dimensions a matrix uses, three ways, from its singular values.

/// The number of singular values above `threshold` times the largest: the numerical rank.
pub fn numerical(singular: &[f64], threshold: f64) -> usize {
    let largest = singular.iter().copied().fold(0.0, f64::max);
    singular.iter().filter(|&&value| value > threshold * largest && value > 0.0).count()
}

/// The stable rank ‖`A‖²_F` / ‖A‖²₂ = ∑ σᵢ² / σ₁² (Rudelson and Vershynin 2007, *Sampling from large matrices*): at most the rank; 0 for a zero
/// matrix.
pub fn stable(singular: &[f64]) -> f64 {
    let largest = singular.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 { 0.0 } else { singular.iter().map(|value| (value / largest) * (value / largest)).sum() }
}

/// The effective rank exp(−∑ pᵢ ln pᵢ) with pᵢ = σᵢ / ∑ σ (Roy and Vetterli 2007, *The effective rank*, Definition 1): between 1 and the rank;
/// 0 for a zero matrix.
pub fn effective(singular: &[f64]) -> f64 {
    let sum: f64 = singular.iter().sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f64 =
        singular.iter().map(|value| value / sum).filter(|&part| part > 0.0).map(|part| -part * libm::log(part)).sum();
    libm::exp(entropy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::singular_values;
    use crate::{Matrix, MatrixRef};
    use sym_streams::Stream;

    fn random(rows: usize, columns: usize) -> Matrix {
        let mut stream = Stream::new(1, "test", "rank");
        let values = (0..rows * columns).map(|_| stream.normal()).collect();
        Matrix::new(rows, columns, values).expect("as many entries")
    }

    #[test]
    fn equal_singular_values_count_fully_by_every_measure() {
        let singular = [2.0; 5];
        assert_eq!(numerical(&singular, 0.01), 5);
        assert!((stable(&singular) - 5.0).abs() < 1e-14);
        assert!((effective(&singular) - 5.0).abs() < 1e-13);
    }

    #[test]
    fn a_zero_matrix_has_no_rank() {
        assert_eq!((numerical(&[0.0; 3], 0.01), stable(&[0.0; 3]), effective(&[0.0; 3])), (0, 0.0, 0.0));
        assert_eq!((numerical(&[], 0.01), stable(&[]), effective(&[])), (0, 0.0, 0.0));
    }

    #[test]
    fn the_numerical_rank_is_relative_to_the_largest_singular_value() {
        assert_eq!(numerical(&[100.0, 2.0, 0.5], 0.01), 2);
        assert_eq!(numerical(&[1e-9, 1e-10, 0.0], 0.01), 2);
    }

    #[test]
    fn two_values_have_the_effective_rank_of_their_entropy() {
        // p = (3/4, 1/4): exp(H) = (4/3)^(3/4) · 4^(1/4).
        let expected = (4.0f64 / 3.0).powf(0.75) * 4.0f64.powf(0.25);
        assert!((effective(&[3.0, 1.0]) - expected).abs() < 1e-14);
    }

    #[test]
    fn the_stable_rank_is_a_quotient_of_norms_that_need_no_decomposition() {
        let matrix = random(7, 4);
        // The spectral norm by power iteration.
        let gram = matrix.view().transposed().gram();
        let mut vector = vec![1.0; 4];
        let mut square = 0.0;
        for _ in 0..2_000 {
            let next: Vec<f64> = (0..4).map(|row| gram.row(row).iter().zip(&vector).map(|(a, b)| a * b).sum()).collect();
            square = next.iter().map(|value: &f64| value * value).sum::<f64>().sqrt();
            vector = next.iter().map(|value| value / square).collect();
        }
        let singular = singular_values(matrix.view()).expect("finite");
        assert!((stable(&singular) - matrix.view().squared_norm() / square).abs() < 1e-10);
    }

    #[test]
    fn ranks_are_those_of_the_transpose_and_of_any_multiple() {
        let matrix = random(6, 3);
        let low = Matrix::from_fn(6, 3, |row, column| matrix.row(row)[0] * [1.0, -2.0, 0.5][column]);
        for matrix in [&matrix, &low] {
            let of = |view: MatrixRef<'_>| singular_values(view).expect("finite");
            let scaled = Matrix::from_fn(6, 3, |row, column| -40.0 * matrix.view().at(row, column));
            let (own, other, scaled) = (of(matrix.view()), of(matrix.view().transposed()), of(scaled.view()));
            assert_eq!(numerical(&own, 1e-9), numerical(&other, 1e-9));
            for measure in [stable, effective] {
                assert!((measure(&own) - measure(&other)).abs() < 1e-12 && (measure(&own) - measure(&scaled)).abs() < 1e-12);
            }
            assert!(effective(&own) <= numerical(&own, 1e-12) as f64 + 1e-12);
        }
    }
}
