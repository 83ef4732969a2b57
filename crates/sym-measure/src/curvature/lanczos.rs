//! Eigenvalues of a symmetric operator from its products: Lanczos iteration (Lanczos 1950) with full reorthogonalisation.
//!
//! From several starts it is band Lanczos (Golub and Underwood 1977): an eigenvalue that occurs m times is found m times from m starts, and once from one.

use super::{add, inner};
use crate::operator::LinearOperator;
use crate::spectrum::symmetric_eigen;
use crate::{Matrix, Unmeasurable};

/// An orthonormal basis of a Krylov space with the operator on it.
#[derive(Debug, Clone)]
pub struct Krylov {
    /// Basis vectors, those with a product first.
    basis: Vec<Vec<f64>>,
    /// Rayleigh–Ritz values, largest first.
    values: Vec<f64>,
    /// Row i: the i-th Ritz vector in the basis.
    vectors: Matrix,
    /// For each Ritz value |A y − θ y|.
    residuals: Vec<f64>,
}

/// An approximate eigenvalue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RitzValue {
    /// The value.
    pub value: f64,
    /// |A y − θ y| for the unit vector y that belongs to it: an eigenvalue is no further away than this.
    pub residual: f64,
}

/// The Krylov space of starts after so many products, or less where it is invariant. Starts that are zero, or within the span of others, count for
/// nothing.
///
/// # Errors
///
/// What a product fails for.
pub fn krylov<A: LinearOperator>(
    operator: &mut A,
    starts: &[Vec<f64>],
    products: usize,
) -> Result<Result<Krylov, Unmeasurable>, A::Error> {
    let size = operator.size();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for start in starts.iter().filter(|start| start.len() == size) {
        let mut start = start.clone();
        let before = inner(&start, &start).sqrt();
        let left = orthogonalise(&mut start, &basis, &mut []);
        // What is left below this is rounding: the start is in the span of others.
        if left > 1e-12_f64.max(1e-12 * before) {
            basis.push(start.iter().map(|entry| entry / left).collect());
        }
    }
    // Column j: A qⱼ in the basis.
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut scale = 1e-3f64;
    while columns.len() < products.min(size) && columns.len() < basis.len() {
        let mut next = vec![0.0; size];
        operator.apply(&basis[columns.len()], &mut next)?;
        let mut column = vec![0.0; basis.len()];
        let left = orthogonalise(&mut next, &basis, &mut column);
        scale = column.iter().fold(scale, |scale, entry| scale.max(entry.abs()));
        // What is left below this is rounding: the space is invariant.
        if left > 1e-9 * scale && basis.len() < size {
            basis.push(next.iter().map(|entry| entry / left).collect());
            column.push(left);
        }
        columns.push(column);
    }
    Ok(ritz(basis, &columns))
}

/// Removes the span of a basis from a vector, adds what was along each to `along`, and gives the norm of the rest.
fn orthogonalise(vector: &mut [f64], basis: &[Vec<f64>], along: &mut [f64]) -> f64 {
    // Once is not enough for orthogonality to rounding, twice is.
    for _ in 0..2 {
        for (at, direction) in basis.iter().enumerate() {
            let part = inner(direction, vector);
            add(vector, -part, direction);
            if let Some(along) = along.get_mut(at) {
                *along += part;
            }
        }
    }
    inner(vector, vector).sqrt()
}

/// Eigenvalues of the operator restricted to the basis vectors with a product.
fn ritz(basis: Vec<Vec<f64>>, columns: &[Vec<f64>]) -> Result<Krylov, Unmeasurable> {
    let count = columns.len();
    let entry = |row: usize, column: usize| columns[column].get(row).copied().unwrap_or(0.0);
    let found =
        symmetric_eigen(Matrix::from_fn(count, count, |row, column| 0.5 * (entry(row, column) + entry(column, row))).view())?;
    let residual = |at: usize| {
        let beyond = (count..basis.len())
            .map(|row| -> f64 { (0..count).map(|column| entry(row, column) * found.vectors.row(at)[column]).sum() });
        beyond.map(|part| part * part).sum::<f64>().sqrt()
    };
    let residuals = (0..count).map(residual).collect();
    Ok(Krylov { basis, values: found.values, vectors: found.vectors, residuals })
}

impl Krylov {
    /// All Ritz values, largest first.
    pub fn values(&self) -> Vec<RitzValue> {
        self.values.iter().zip(&self.residuals).map(|(&value, &residual)| RitzValue { value, residual }).collect()
    }

    /// The largest Ritz value.
    pub fn highest(&self) -> Option<RitzValue> {
        self.values().first().copied()
    }

    /// The smallest Ritz value.
    pub fn lowest(&self) -> Option<RitzValue> {
        self.values().last().copied()
    }

    /// The unit vector of the i-th Ritz value; empty where there is none.
    pub fn vector(&self, at: usize) -> Vec<f64> {
        let mut vector = vec![0.0; self.basis.first().map_or(0, Vec::len)];
        if at < self.values.len() {
            for (factor, direction) in self.vectors.row(at).iter().zip(&self.basis) {
                add(&mut vector, *factor, direction);
            }
        }
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Product;
    use sym_streams::Stream;

    fn found(spectrum: &[f64], starts: &[Vec<f64>], products: usize) -> Krylov {
        let product = |vector: &[f64], out: &mut [f64]| -> Result<(), ()> {
            out.iter_mut().zip(vector.iter().zip(spectrum)).for_each(|(out, (entry, value))| *out = entry * value);
            Ok(())
        };
        krylov(&mut Product { size: spectrum.len(), product }, starts, products).expect("no product fails").expect("finite")
    }

    fn random(size: usize, path: &str) -> Vec<f64> {
        let mut stream = Stream::new(8, "test", path);
        (0..size).map(|_| stream.normal()).collect()
    }

    #[test]
    fn both_ends_of_a_spectrum_are_found_although_the_low_one_is_small() {
        // One large eigenvalue, many near zero, and a slightly negative one.
        let spectrum: Vec<f64> = (0..100).map(|at| f64::from(at) * 1e-3).chain([3.0, -0.04]).collect();
        let found = found(&spectrum, &[vec![0.1; 102]], 24);
        let (highest, lowest) = (found.highest().expect("some").value, found.lowest().expect("some").value);
        assert!((highest - 3.0).abs() < 1e-9 && (lowest + 0.04).abs() < 1e-6, "{lowest} {highest}");
    }

    #[test]
    fn as_many_products_as_dimensions_give_the_whole_spectrum_of_a_dense_matrix() {
        let values = random(49, "dense");
        let matrix = Matrix::from_fn(7, 7, |row, column| values[row * 7 + column] + values[column * 7 + row]);
        let dense = crate::spectrum::symmetric_eigenvalues(matrix.view()).expect("finite");
        for starts in [1, 2, 3] {
            let starts: Vec<Vec<f64>> = (0..starts).map(|at| random(7, &at.to_string())).collect();
            let found = krylov(&mut matrix.view(), &starts, 7).expect("sizes fit").expect("finite");
            for (at, (ritz, dense)) in found.values().iter().zip(&dense).enumerate() {
                assert!((ritz.value - dense).abs() < 1e-12 && ritz.residual < 1e-12);
                let vector = found.vector(at);
                let mut product = vec![0.0; 7];
                matrix.view().apply(&vector, &mut product).expect("sizes fit");
                assert!(product.iter().zip(&vector).all(|(product, entry)| (product - dense * entry).abs() < 1e-12));
            }
        }
    }

    #[test]
    fn an_eigenvalue_is_no_further_away_than_the_residual() {
        let spectrum: Vec<f64> = (0..60).map(|at| libm::exp(-0.1 * f64::from(at))).collect();
        for products in [2, 5, 10] {
            for ritz in found(&spectrum, &[random(60, "start"), random(60, "other")], products).values() {
                let nearest = spectrum.iter().map(|value| (value - ritz.value).abs()).fold(f64::INFINITY, f64::min);
                assert!(nearest <= ritz.residual + 1e-12, "{nearest} {}", ritz.residual);
            }
        }
    }

    #[test]
    fn an_eigenvalue_is_found_as_often_as_there_are_starts() {
        let spectrum = [5.0, 5.0, 5.0, 2.0, 1.0, 0.5, 0.1, 0.0];
        let starts: Vec<Vec<f64>> = (0..3).map(|at| random(8, &at.to_string())).collect();
        let count = |starts: &[Vec<f64>]| {
            let values = found(&spectrum, starts, 8).values();
            values.iter().filter(|ritz| (ritz.value - 5.0).abs() < 1e-9).count()
        };
        assert_eq!((count(&starts[..1]), count(&starts[..2]), count(&starts)), (1, 2, 3));
    }

    #[test]
    fn an_empty_space_has_no_eigenvalue() {
        for starts in [vec![], vec![vec![0.0; 3]], vec![vec![1.0; 2]]] {
            assert!(found(&[1.0, 2.0, 3.0], &starts, 8).highest().is_none());
        }
        assert_eq!(found(&[0.0; 3], &[vec![1.0; 3]], 8).values(), [RitzValue { value: 0.0, residual: 0.0 }]);
    }

    #[test]
    fn a_product_that_fails_or_is_not_finite_is_said() {
        let mut failing = Product { size: 2, product: |_: &[f64], _: &mut [f64]| Err("broken") };
        assert_eq!(krylov(&mut failing, &[vec![1.0; 2]], 2).err(), Some("broken"));
        let mut infinite = Product {
            size: 2,
            product: |_: &[f64], out: &mut [f64]| -> Result<(), ()> {
                out.fill(f64::NAN);
                Ok(())
            },
        };
        assert_eq!(krylov(&mut infinite, &[vec![1.0; 2]], 2).expect("no product fails").err(), Some(Unmeasurable::NotFinite));
    }
}
