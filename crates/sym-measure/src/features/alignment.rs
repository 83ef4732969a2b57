//! Alignment of two representations of the same examples: PSU Eq. 5, and centred kernel alignment.
//!
//! | function | invariant under | source |
//! |---|---|---|
//! | [`alignment`], [`discrepancy`] | rotations, scales of each example | PSU Eq. 5: `ĥ_A(x₁)·ĥ_A(x₂)` = `ĥ_B(x₁)·ĥ_B(x₂)`, ĥ = h/\|h\| |
//! | [`cka`] | rotations, one scale, shifts | Kornblith et al. 2019, *Similarity of neural network representations revisited*, Eq. 3 with linear kernels |
//! | [`debiased_cka`] | the same | the unbiased HSIC₁ of Song et al. 2012, *Feature selection via dependence maximization*, Eq. 5, as in Nguyen et al. 2021 |
//!
//! The number of units of both may differ. How large a value is by chance, [`baseline`] says.

use crate::unmeasurable::{enough, same};
use crate::{Matrix, MatrixRef, Unmeasurable};
use sym_streams::Stream;

/// Cosines between the features of all pairs of examples. An example whose features are all zero has none with any, itself included.
fn cosines(features: MatrixRef<'_>) -> Matrix {
    let gram = features.gram();
    let norms: Vec<f64> = (0..gram.rows()).map(|row| gram.row(row)[row].sqrt()).collect();
    Matrix::from_fn(gram.rows(), gram.rows(), |row, column| {
        let product = norms[row] * norms[column];
        if product > 0.0 { gram.row(row)[column] / product } else { 0.0 }
    })
}

fn check(one: MatrixRef<'_>, other: MatrixRef<'_>, least: usize) -> Result<(), Unmeasurable> {
    same("examples", other.rows(), one.rows())?;
    enough("examples", one.rows(), least)?;
    if one.is_finite() && other.is_finite() { Ok(()) } else { Err(Unmeasurable::NotFinite) }
}

/// The sum of products of entries off the diagonals, with rows and columns of the second taken in an order.
fn off_diagonal(one: &Matrix, other: &Matrix, order: &[usize]) -> f64 {
    let row = |at: usize| -> f64 {
        let (own, other) = (one.row(at), other.row(order[at]));
        (0..own.len()).filter(|&column| column != at).map(|column| own[column] * other[order[column]]).sum()
    };
    (0..one.rows()).map(row).sum()
}

/// The degree of alignment in Eq. 5: the cosine ∑ A₁₂B₁₂ / √(∑ A₁₂² ∑ B₁₂²) over all pairs of different examples (for equal ones both sides of Eq. 5
/// are 1 whatever the features are), where A₁₂ = `ĥ_A(x₁)·ĥ_A(x₂)`. It is 1 where Eq. 5 holds.
///
/// # Errors
///
/// Different numbers of examples, fewer than two, entries that are not finite, features without any inner product.
pub fn alignment(one: MatrixRef<'_>, other: MatrixRef<'_>) -> Result<f64, Unmeasurable> {
    check(one, other, 2)?;
    aligned(&cosines(one), &cosines(other), &(0..one.rows()).collect::<Vec<_>>())
}

fn aligned(one: &Matrix, other: &Matrix, order: &[usize]) -> Result<f64, Unmeasurable> {
    let own: Vec<usize> = (0..one.rows()).collect();
    let norms = (off_diagonal(one, one, &own) * off_diagonal(other, other, &own)).sqrt();
    if norms > 0.0 { Ok(off_diagonal(one, other, order) / norms) } else { Err(Unmeasurable::Zero("an inner product")) }
}

/// The root mean square over pairs of different examples of the difference between both sides of Eq. 5: 0 where it holds.
///
/// # Errors
///
/// Different numbers of examples, fewer than two, entries that are not finite.
pub fn discrepancy(one: MatrixRef<'_>, other: MatrixRef<'_>) -> Result<f64, Unmeasurable> {
    check(one, other, 2)?;
    let (one, other) = (cosines(one), cosines(other));
    let difference = Matrix::from_fn(one.rows(), one.rows(), |row, column| one.row(row)[column] - other.row(row)[column]);
    let own: Vec<usize> = (0..one.rows()).collect();
    Ok((off_diagonal(&difference, &difference, &own) / (one.rows() * (one.rows() - 1)) as f64).sqrt())
}

/// What [`alignment`] is where the examples of the second representation are exchanged at random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// The mean over permutations.
    pub mean: f64,
    /// The standard deviation over permutations.
    pub deviation: f64,
    /// The largest value.
    pub largest: f64,
}

/// The permutation null of [`alignment`]: what representations of the same kind have in common without agreeing on any example.
///
/// # Errors
///
/// As [`alignment`], fewer than two permutations.
pub fn baseline(
    one: MatrixRef<'_>,
    other: MatrixRef<'_>,
    permutations: usize,
    stream: &mut Stream,
) -> Result<Baseline, Unmeasurable> {
    check(one, other, 2)?;
    enough("permutations", permutations, 2)?;
    let (one, other) = (cosines(one), cosines(other));
    let values = (0..permutations).map(|_| aligned(&one, &other, &stream.order(one.rows()))).collect::<Result<Vec<f64>, _>>()?;
    let mean = values.iter().sum::<f64>() / permutations as f64;
    let square: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(Baseline { mean, deviation: (square / (permutations - 1) as f64).sqrt(), largest })
}

/// Linear centred kernel alignment ‖`YᵀX‖²_F` / (‖`XᵀX`‖_F ‖`YᵀY`‖_F) of features centred over examples (Kornblith et al. 2019): 1 where they agree up to a
/// rotation and a scale.
///
/// # Errors
///
/// Different numbers of examples, entries that are not finite, features without variation.
pub fn cka(one: MatrixRef<'_>, other: MatrixRef<'_>) -> Result<f64, Unmeasurable> {
    check(one, other, 2)?;
    let (one, other) = (one.centred(), other.centred());
    let square = |one: &Matrix, other: &Matrix| -> Result<f64, Unmeasurable> {
        Ok(one.view().transposed().times(other.view())?.view().squared_norm())
    };
    let norms = (square(&one, &one)? * square(&other, &other)?).sqrt();
    if norms > 0.0 { Ok(square(&one, &other)? / norms) } else { Err(Unmeasurable::Zero("the variation of features")) }
}

/// [`cka`] from unbiased estimates: 0 in the mean for independent features, however many units there are, where [`cka`] goes to 1.
///
/// # Errors
///
/// As [`cka`], fewer than four examples.
pub fn debiased_cka(one: MatrixRef<'_>, other: MatrixRef<'_>) -> Result<f64, Unmeasurable> {
    check(one, other, 4)?;
    let (one, other) = (one.gram(), other.gram());
    let norms = unbiased(&one, &one) * unbiased(&other, &other);
    if norms > 0.0 { Ok(unbiased(&one, &other) / norms.sqrt()) } else { Err(Unmeasurable::Zero("the variation of features")) }
}

/// HSIC₁ = (tr K̃L̃ + 1ᵀK̃1 1ᵀL̃1 / ((n − 1)(n − 2)) − 2/(n − 2) 1ᵀK̃L̃1) / (n(n − 3)), where K̃ and L̃ have zero diagonals.
fn unbiased(one: &Matrix, other: &Matrix) -> f64 {
    let count = one.rows();
    let own: Vec<usize> = (0..count).collect();
    let sums = |matrix: &Matrix| -> Vec<f64> {
        (0..count).map(|row| (0..count).filter(|&at| at != row).map(|at| matrix.row(row)[at]).sum()).collect()
    };
    let (first, second) = (sums(one), sums(other));
    let (total, other_total): (f64, f64) = (first.iter().sum(), second.iter().sum());
    let joint: f64 = first.iter().zip(&second).map(|(first, second)| first * second).sum();
    let n = count as f64;
    (off_diagonal(one, other, &own) + total * other_total / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * joint) / (n * (n - 3.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rows: usize, columns: usize, path: &str) -> Matrix {
        let mut stream = Stream::new(5, "test", path);
        Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal()).collect()).expect("as many entries")
    }

    /// An orthogonal matrix: the eigenvectors of a random symmetric one.
    fn rotation(size: usize) -> Matrix {
        let symmetric = random(size, size, "rotation").view().gram();
        crate::spectrum::symmetric_eigen(symmetric.view()).expect("finite").vectors
    }

    #[test]
    fn a_rotation_and_a_scale_keep_a_representation_aligned_by_every_measure() {
        let one = random(7, 4, "one");
        let turned = one.view().times(rotation(4).view()).expect("sizes fit");
        let other = Matrix::from_fn(7, 4, |row, column| 3.0 * turned.row(row)[column]);
        for measure in [alignment, cka, debiased_cka] {
            assert!((measure(one.view(), other.view()).expect("finite") - 1.0).abs() < 1e-12);
        }
        assert!(discrepancy(one.view(), other.view()).expect("finite") < 1e-12);
    }

    #[test]
    fn equation_five_may_fail_for_one_pair_only() {
        // Unit vectors at 0°, 90°, 180° against 0°, 90°, 90°: inner products (0, −1, 0) against (0, 0, 1).
        let one = Matrix::new(3, 2, vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0]).expect("3 × 2");
        let other = Matrix::new(3, 2, vec![1.0, 0.0, 0.0, 1.0, 0.0, 1.0]).expect("3 × 2");
        assert_eq!(alignment(one.view(), other.view()), Ok(0.0));
        assert!((discrepancy(one.view(), other.view()).expect("finite") - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn the_size_of_each_example_is_immaterial_to_equation_five() {
        let (one, other) = (random(6, 3, "one"), random(6, 5, "other"));
        let scaled = Matrix::from_fn(6, 3, |row, column| (0.1 + row as f64) * one.row(row)[column]);
        let (before, after) = (alignment(one.view(), other.view()), alignment(scaled.view(), other.view()));
        assert!((before.expect("finite") - after.expect("finite")).abs() < 1e-13);
    }

    #[test]
    fn cka_is_the_cosine_of_centred_gram_matrices() {
        let (one, other) = (random(6, 3, "one"), random(6, 5, "other"));
        let centred = |features: &Matrix| {
            let gram = features.view().gram();
            let mean = |row: usize| gram.row(row).iter().sum::<f64>() / 6.0;
            let all = (0..6).map(mean).sum::<f64>() / 6.0;
            Matrix::from_fn(6, 6, |row, column| gram.row(row)[column] - mean(row) - mean(column) + all)
        };
        let (k, l) = (centred(&one), centred(&other));
        let inner = |a: &Matrix, b: &Matrix| a.values().iter().zip(b.values()).map(|(a, b)| a * b).sum::<f64>();
        let expected = inner(&k, &l) / (inner(&k, &k) * inner(&l, &l)).sqrt();
        assert!((cka(one.view(), other.view()).expect("finite") - expected).abs() < 1e-12);
    }

    #[test]
    fn the_debiased_estimate_is_a_sum_over_four_different_examples() {
        // HSIC as the mean over ordered (i, j, q, r), all different, of K_ij (L_ij + L_qr − 2 L_iq).
        let (one, other) = (random(6, 2, "one").view().gram(), random(6, 3, "other").view().gram());
        let (mut sum, mut count) = (0.0, 0.0);
        for i in 0..6 {
            for j in (0..6).filter(|&j| j != i) {
                for q in (0..6).filter(|q| ![i, j].contains(q)) {
                    for r in (0..6).filter(|r| ![i, j, q].contains(r)) {
                        sum += one.row(i)[j] * (other.row(i)[j] + other.row(q)[r] - 2.0 * other.row(i)[q]);
                        count += 1.0;
                    }
                }
            }
        }
        assert!((unbiased(&one, &other) - sum / count).abs() < 1e-12);
    }

    #[test]
    fn independent_features_of_many_units_look_aligned_only_to_the_biased_estimate() {
        let (one, other) = (random(12, 400, "one"), random(12, 400, "other"));
        assert!(cka(one.view(), other.view()).expect("finite") > 0.9);
        assert!(debiased_cka(one.view(), other.view()).expect("finite").abs() < 0.4);
    }

    #[test]
    fn the_baseline_is_the_mean_over_all_orders_of_examples() {
        let (one, other) = (random(4, 3, "one"), random(4, 3, "other"));
        // All 24 orders, by the definition.
        let mut every = Vec::new();
        for code in 0..256usize {
            let order: Vec<usize> = (0..4).map(|at| code >> (2 * at) & 3).collect();
            if (0..4).all(|at| order.contains(&at)) {
                let moved = Matrix::from_fn(4, 3, |row, column| other.row(order[row])[column]);
                every.push(alignment(one.view(), moved.view()).expect("finite"));
            }
        }
        assert_eq!(every.len(), 24);
        let exact = every.iter().sum::<f64>() / 24.0;
        let found = baseline(one.view(), other.view(), 4_000, &mut Stream::new(0, "test", "permutations")).expect("finite");
        // Five standard errors.
        assert!((found.mean - exact).abs() < 5.0 * found.deviation / 4_000.0f64.sqrt(), "{found:?} {exact}");
        assert!(found.largest <= every.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 1e-12);
    }

    #[test]
    fn features_without_any_are_aligned_with_nothing() {
        let (zero, one) = (Matrix::from_fn(5, 2, |_, _| 0.0), random(5, 2, "one"));
        assert!(alignment(zero.view(), one.view()).is_err() && cka(zero.view(), one.view()).is_err());
        assert!(debiased_cka(zero.view(), one.view()).is_err());
        assert!(alignment(random(4, 2, "one").view(), one.view()).is_err());
    }
}
