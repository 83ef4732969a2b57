//! Generators and random elements of the matrix families.

use crate::action::matrix::Matrix;
use crate::frames::Family;

/// A sparse matrix: (row, column, entry).
pub type Sparse = Vec<(usize, usize, f64)>;

/// A basis of the Lie algebra of n×n matrices of a family.
pub fn basis(family: Family, n: usize) -> Vec<Sparse> {
    let pairs = |entries: &dyn Fn(usize, usize) -> Vec<Sparse>| -> Vec<Sparse> {
        let (Family::Complex(pairing) | Family::Unitary(pairing)) = family else { return Vec::new() };
        (0..n / 2).flat_map(|at| entries(pairing.entries(at, n).0, pairing.entries(at, n).1)).collect()
    };
    let rotation = |p: usize, q: usize| vec![(p, q, -1.0), (q, p, 1.0)];
    match family {
        Family::General => (0..n * n).map(|at| vec![(at / n, at % n, 1.0)]).collect(),
        Family::Orthogonal => (0..n).flat_map(|q| (0..q).map(move |p| vec![(p, q, 1.0), (q, p, -1.0)])).collect(),
        Family::OrthogonalFixingOnes => {
            let helmert: Vec<Vec<f64>> = (1..n).map(|row| helmert(row, n)).collect();
            let wedge = |a: &[f64], b: &[f64]| -> Sparse {
                let entry = |p: usize, q: usize| (p, q, a[p] * b[q] - b[p] * a[q]);
                (0..n * n).map(|at| entry(at / n, at % n)).filter(|entry| entry.2 != 0.0).collect()
            };
            helmert.iter().enumerate().flat_map(|(at, b)| helmert[..at].iter().map(move |a| wedge(a, b))).collect()
        }
        Family::Complex(_) => pairs(&|p, q| vec![vec![(p, p, 1.0), (q, q, 1.0)], rotation(p, q)]),
        Family::Unitary(_) => pairs(&|p, q| vec![rotation(p, q)]),
    }
}

/// The row-th vector of Helmert's orthonormal basis of the complement of the ones.
fn helmert(row: usize, n: usize) -> Vec<f64> {
    let norm = ((row * (row + 1)) as f64).sqrt();
    (0..n)
        .map(|at| match at.cmp(&row) {
            std::cmp::Ordering::Less => 1.0 / norm,
            std::cmp::Ordering::Equal => -(row as f64) / norm,
            std::cmp::Ordering::Greater => 0.0,
        })
        .collect()
}

/// g and g⁻ᵀ for a random g = F·e^X: X a normal combination of the basis times `spread`, F a reflection or a transposition in the family
/// for one in two.
pub fn random(family: Family, n: usize, spread: f64, normal: &mut dyn FnMut() -> f64) -> (Matrix, Matrix) {
    let mut generator = Matrix { size: n, entries: vec![0.0; n * n] };
    for direction in basis(family, n) {
        let amount = spread * normal();
        direction.iter().for_each(|&(p, q, entry)| generator.entries[p * n + q] += amount * entry);
    }
    let turn = normal() < 0.0;
    let mut primal = generator.exponential();
    // (F e^X)⁻ᵀ = F (e^{−X})ᵀ for an orthogonal F.
    let mut dual = generator.scaled(-1.0).exponential().transposed();
    for matrix in [&mut primal, &mut dual] {
        match family {
            Family::General | Family::Orthogonal if turn && n > 0 => {
                matrix.entries[..n].iter_mut().for_each(|entry| *entry = -*entry);
            }
            Family::OrthogonalFixingOnes if turn && n > 1 => (0..n).for_each(|column| matrix.entries.swap(column, n + column)),
            _ => {}
        }
    }
    (primal, dual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_ir::Pairs;

    const FAMILIES: [Family; 6] = [
        Family::General,
        Family::Orthogonal,
        Family::OrthogonalFixingOnes,
        Family::Complex(Pairs::Interleaved),
        Family::Complex(Pairs::Halves),
        Family::Unitary(Pairs::Halves),
    ];

    fn draw() -> impl FnMut() -> f64 {
        let mut state = 1u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }
    }

    fn distance(a: &Matrix, b: &Matrix) -> f64 {
        a.entries.iter().zip(&b.entries).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn bases_have_the_dimension_of_their_group() {
        let sizes: Vec<usize> = FAMILIES.iter().map(|&family| basis(family, 4).len()).collect();
        assert_eq!(sizes, [16, 6, 3, 4, 4, 2]);
    }

    #[test]
    fn the_dual_is_the_inverse_transpose() {
        for family in FAMILIES {
            let (primal, dual) = random(family, 4, 0.3, &mut draw());
            assert!(distance(&primal.transposed().times(&dual), &Matrix::unit(4)) < 1e-14, "{family:?}");
        }
    }

    #[test]
    fn elements_keep_what_their_family_keeps() {
        let mut normal = draw();
        for family in FAMILIES {
            for _ in 0..4 {
                let (g, dual) = random(family, 4, 0.3, &mut normal);
                assert!(!family.is_orthogonal() || distance(&g, &dual) < 1e-14, "{family:?}");
                if family == Family::OrthogonalFixingOnes {
                    assert!((0..4).all(|row| (g.entries[4 * row..4 * row + 4].iter().sum::<f64>() - 1.0).abs() < 1e-14));
                }
                if let Family::Complex(pairing) | Family::Unitary(pairing) = family {
                    let mut turn = Matrix { size: 4, entries: vec![0.0; 16] };
                    for (at, angle) in [0.7f64, 1.9].into_iter().enumerate() {
                        let (p, q) = pairing.entries(at, 4);
                        for (row, column, entry) in
                            [(p, p, angle.cos()), (q, q, angle.cos()), (p, q, -angle.sin()), (q, p, angle.sin())]
                        {
                            turn.entries[4 * row + column] = entry;
                        }
                    }
                    assert!(distance(&g.times(&turn), &turn.times(&g)) < 1e-14, "{family:?}");
                }
            }
        }
    }
}
