//! Subspaces of ℝⁿ by whichever basis is short: their own, or that of what is orthogonal to them.
//!
//! What a vocabulary of n words spans has n − 1 dimensions; as the complement of one vector it costs n, and not the n³ of a decomposition.

use crate::action::basis::{Vectors, complement, identity, span};

/// A subspace of ℝⁿ. Both bases are orthonormal.
#[derive(Debug, Clone, PartialEq)]
pub enum Subspace {
    /// Spanned by vectors.
    Of(Vectors),
    /// All that is orthogonal to vectors.
    Beside(Vectors),
}

impl Subspace {
    /// {0}.
    pub fn nothing() -> Self {
        Self::Of(Vectors::new())
    }

    /// ℝⁿ.
    pub fn everything() -> Self {
        Self::Beside(Vectors::new())
    }

    /// All vectors of n entries whose sum is zero.
    pub fn sums_to_zero(n: usize) -> Self {
        Self::Beside(vec![vec![1.0 / (n as f64).sqrt(); n]])
    }

    /// The span of vectors of n entries.
    pub fn spanned(vectors: Vectors, n: usize) -> Self {
        let basis = span(vectors);
        if basis.len() == n { Self::everything() } else { Self::Of(basis) }
    }

    /// What is orthogonal to it.
    pub fn complement(self) -> Self {
        match self {
            Self::Of(vectors) => Self::Beside(vectors),
            Self::Beside(vectors) => Self::Of(vectors),
        }
    }

    /// An orthonormal basis.
    pub fn basis(&self, n: usize) -> Vectors {
        match self {
            Self::Of(vectors) => vectors.clone(),
            Self::Beside(vectors) if vectors.is_empty() => identity(n),
            Self::Beside(vectors) => complement(vectors, n),
        }
    }

    /// A vector without its part in the subspace.
    pub fn remainder(&self, vector: &[f64]) -> Vec<f64> {
        let (Self::Of(vectors) | Self::Beside(vectors)) = self;
        let mut rest = vector.to_vec();
        for own in vectors {
            let part: f64 = rest.iter().zip(own).map(|(entry, along)| entry * along).sum();
            rest.iter_mut().zip(own).for_each(|(entry, along)| *entry -= part * along);
        }
        match self {
            Self::Of(_) => rest,
            Self::Beside(_) => vector.iter().zip(rest).map(|(entry, rest)| entry - rest).collect(),
        }
    }

    /// The sum of subspaces of ℝⁿ.
    pub fn sum(parts: impl IntoIterator<Item = Self>, n: usize) -> Self {
        let mut spanned: Vec<Vectors> = Vec::new();
        let mut beside: Vec<Vectors> = Vec::new();
        for part in parts {
            let (known, vectors) = match part {
                Self::Of(vectors) => (&mut spanned, vectors),
                Self::Beside(vectors) => (&mut beside, vectors),
            };
            if !known.contains(&vectors) {
                known.push(vectors);
            }
        }
        beside.sort_by_key(Vec::len);
        let mut beside = beside.into_iter();
        let Some(mut left) = beside.next() else {
            // A single orthonormal basis is one of the sum.
            return if spanned.len() == 1 { Self::Of(spanned.remove(0)) } else { Self::spanned(spanned.concat(), n) };
        };
        // What is orthogonal to a sum is what is orthogonal to each summand.
        for other in beside {
            let other = Self::Of(other);
            let outside: Vectors = left.iter().map(|vector| other.remainder(vector)).collect();
            left = combinations(&left, transposed(&outside));
        }
        for vectors in spanned {
            let products = vectors.iter().map(|vector| left.iter().map(|own| dot(own, vector)).collect()).collect();
            left = combinations(&left, products);
        }
        Self::Beside(left)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// What a row of unit vectors' products must exceed not to be rounding.
const TOLERANCE: f64 = 1e-10;

/// An orthonormal basis of the combinations of orthonormal vectors whose coefficients are orthogonal to all rows.
fn combinations(vectors: &[Vec<f64>], mut rows: Vectors) -> Vectors {
    rows.retain(|row| dot(row, row).sqrt() > TOLERANCE);
    let coefficients = complement(&span(rows), vectors.len());
    let combined = |own: &Vec<f64>| {
        let mut sum = vec![0.0; vectors[0].len()];
        for (factor, vector) in own.iter().zip(vectors) {
            sum.iter_mut().zip(vector).for_each(|(entry, part)| *entry += factor * part);
        }
        sum
    };
    coefficients.iter().map(combined).collect()
}

fn transposed(vectors: &[Vec<f64>]) -> Vectors {
    let length = vectors.first().map_or(0, Vec::len);
    (0..length).map(|at| vectors.iter().map(|vector| vector[at]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::Subspace;
    use crate::action::basis::{Vectors, span};

    fn vectors(count: usize, length: usize, seed: usize) -> Vectors {
        let entry = |row: usize, column: usize| ((7 * row * row + 5 * row * column + 3 * column + seed) as f64).sin();
        (0..count).map(|row| (0..length).map(|column| entry(row, column)).collect()).collect()
    }

    /// Whether two subspaces of ℝⁿ are equal: neither has a vector beyond the other.
    fn same(one: &Subspace, other: &Subspace, n: usize) -> bool {
        let within = |of: &Subspace, all: &Subspace| {
            of.basis(n).iter().all(|vector| all.remainder(vector).iter().all(|entry| entry.abs() < 1e-9))
        };
        within(one, other) && within(other, one)
    }

    #[test]
    fn sums_do_not_depend_on_the_basis_that_is_kept() {
        let n = 7;
        let spaces: Vec<Vectors> = [(1, 1), (2, 2), (3, 3), (5, 4)].map(|(count, seed)| span(vectors(count, n, seed))).into();
        for one in &spaces {
            for other in &spaces {
                let expected = Subspace::spanned([one.clone(), other.clone()].concat(), n);
                let long = |vectors: &Vectors| Subspace::Of(vectors.clone());
                let short = |vectors: &Vectors| Subspace::Beside(Subspace::Of(vectors.clone()).complement().basis(n));
                for (a, b) in [(long(one), short(other)), (short(one), long(other)), (short(one), short(other))] {
                    assert!(same(&Subspace::sum([a, b], n), &expected, n), "{} and {}", one.len(), other.len());
                }
            }
        }
    }

    #[test]
    fn a_sum_with_everything_is_everything_and_one_with_nothing_changes_nothing() {
        let own = Subspace::sums_to_zero(5);
        assert_eq!(Subspace::sum([own.clone(), Subspace::nothing(), own.clone()], 5), own);
        assert_eq!(Subspace::sum([own.clone(), Subspace::everything()], 5), Subspace::everything());
        assert!(same(&Subspace::sum([own, Subspace::spanned(vec![vec![1.0; 5]], 5)], 5), &Subspace::everything(), 5));
    }
}
