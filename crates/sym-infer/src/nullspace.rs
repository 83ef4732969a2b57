//! Exact null spaces of sparse homogeneous systems, over ℚ and 𝔽₂.
//!
//! Systems from programs are long and thin: nearly all equations have one or two unknowns. Those are used as they come, by a union–find
//! of proportional unknowns ([`proportions`]); what is left, equations of three unknowns and more between classes, is eliminated
//! ([`elimination`]).

mod echelon;
mod elimination;
mod proportions;

pub use echelon::Echelon;

use elimination::Elimination;
use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, One, Zero};
use proportions::Proportions;

/// A rational number of bounded height: exact, or an overflow that is reported.
pub type Rational = Ratio<i128>;

/// A field for exact elimination. `None` is overflow.
pub trait Field: Clone + PartialEq {
    /// Whether it is the neutral element of addition.
    fn is_null(&self) -> bool;
    /// The neutral element of multiplication.
    fn unit() -> Self;
    /// a + b
    fn plus(&self, other: &Self) -> Option<Self>;
    /// a · b
    fn times(&self, other: &Self) -> Option<Self>;
    /// −a / b for b ≠ 0
    fn minus_over(&self, divisor: &Self) -> Option<Self>;
    /// −1
    fn minus() -> Self;
}

impl Field for Rational {
    fn minus() -> Self {
        Ratio::new_raw(-1, 1)
    }

    fn is_null(&self) -> bool {
        self.is_zero()
    }

    fn unit() -> Self {
        One::one()
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        if self.is_integer() && other.is_integer() {
            return i128::checked_add(*self.numer(), *other.numer()).map(Ratio::from_integer);
        }
        self.checked_add(other)
    }

    fn times(&self, other: &Self) -> Option<Self> {
        if self.is_integer() && other.is_integer() {
            return i128::checked_mul(*self.numer(), *other.numer()).map(Ratio::from_integer);
        }
        self.checked_mul(other)
    }

    fn minus_over(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_integer() && self.is_integer() {
            match *divisor.numer() {
                1 => return self.numer().checked_neg().map(Ratio::from_integer),
                -1 => return Some(*self),
                _ => {}
            }
        }
        self.checked_div(divisor).map(|quotient| -quotient)
    }
}

/// The field of two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parity(pub bool);

impl Field for Parity {
    fn minus() -> Self {
        Self(true)
    }

    fn is_null(&self) -> bool {
        !self.0
    }

    fn unit() -> Self {
        Self(true)
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self(self.0 != other.0))
    }

    fn times(&self, other: &Self) -> Option<Self> {
        Some(Self(self.0 && other.0))
    }

    fn minus_over(&self, _: &Self) -> Option<Self> {
        Some(*self)
    }
}

/// A sparse vector: nonzero coefficients with their indices, ascending.
pub type Sparse<F> = Vec<(u32, F)>;

/// target + factor · source; `None` is overflow.
pub fn add_scaled<F: Field>(target: &Sparse<F>, source: &Sparse<F>, factor: &F) -> Option<Sparse<F>> {
    let mut sum = Sparse::with_capacity(target.len() + source.len());
    let mut rest = target.iter().peekable();
    for (index, value) in source {
        while let Some(entry) = rest.next_if(|entry| entry.0 < *index) {
            sum.push(entry.clone());
        }
        let value = value.times(factor)?;
        let value = match rest.next_if(|entry| entry.0 == *index) {
            Some((_, present)) => present.plus(&value)?,
            None => value,
        };
        if !value.is_null() {
            sum.push((*index, value));
        }
    }
    sum.extend(rest.cloned());
    Some(sum)
}

/// The sparse vector of terms that may repeat an index; `None` is overflow.
pub fn collected<F: Field>(mut terms: Vec<(u32, F)>) -> Option<Sparse<F>> {
    collect(&mut terms)?;
    Some(terms)
}

/// Sums terms of one index in place.
fn collect<F: Field>(terms: &mut Vec<(u32, F)>) -> Option<()> {
    terms.sort_by_key(|term| term.0);
    let mut overflow = false;
    terms.dedup_by(|next, kept| {
        next.0 == kept.0 && {
            match kept.1.plus(&next.1) {
                Some(sum) => kept.1 = sum,
                None => overflow = true,
            }
            true
        }
    });
    terms.retain(|(_, value)| !value.is_null());
    (!overflow).then_some(())
}

/// The coefficient at an index, if it is not zero.
pub fn coefficient<F>(vector: &Sparse<F>, index: u32) -> Option<&F> {
    vector.binary_search_by_key(&index, |entry| entry.0).ok().map(|at| &vector[at].1)
}

/// A homogeneous system over unknowns `0..unknowns`.
#[derive(Debug)]
pub struct System<F> {
    classes: Proportions<F>,
    /// Equations Σ coefficient · unknown = 0 of more than two unknowns.
    rows: Vec<Sparse<F>>,
    /// Room for the equation being read.
    row: Vec<(u32, F)>,
}

/// A basis of solutions: one for each free unknown, in which that unknown is 1 and the other free ones are 0.
#[derive(Debug)]
pub struct Solutions<F> {
    /// The free unknowns, ascending.
    pub free: Vec<u32>,
    /// For each of them the solution: the value of each unknown.
    pub basis: Vec<Sparse<F>>,
}

impl<F: Field> System<F> {
    /// Without equations.
    pub fn new(unknowns: u32) -> Self {
        Self { classes: Proportions::new(unknowns), rows: Vec::new(), row: Vec::new() }
    }

    /// Adds unknown = 0.
    pub fn zero(&mut self, unknown: u32) {
        self.classes.vanish(unknown);
    }

    /// Adds Σ terms = 0; terms may repeat an unknown. Where a sum overflows, all its unknowns are zero: a stronger condition.
    pub fn equation(&mut self, terms: &[(u32, F)]) {
        match terms {
            [a, b] if a.0 != b.0 && !a.1.is_null() && !b.1.is_null() => self.classes.relate(a, b),
            _ => {
                let mut row = std::mem::take(&mut self.row);
                if self.is_long(terms, &mut row) {
                    self.rows.push(row.clone());
                }
                self.row = row;
            }
        }
    }

    /// Writes an equation as one between classes into `row`; `None` is overflow.
    fn of_classes(&mut self, terms: &[(u32, F)], row: &mut Vec<(u32, F)>) -> Option<()> {
        row.clear();
        for (unknown, coefficient) in terms {
            if let Some((root, ratio)) = self.classes.root(*unknown) {
                row.push((root, coefficient.times(&ratio)?));
            }
        }
        collect(row)
    }

    /// Uses an equation, unless more than two classes stand in it; as one between classes it is left in `row`.
    fn is_long(&mut self, terms: &[(u32, F)], row: &mut Vec<(u32, F)>) -> bool {
        if self.of_classes(terms, row).is_none() {
            terms.iter().for_each(|term| self.classes.vanish(term.0));
            return false;
        }
        match row.as_slice() {
            [] => {}
            [(unknown, _)] => self.classes.vanish(*unknown),
            [a, b] => self.classes.relate(a, b),
            _ => return true,
        }
        false
    }

    /// All solutions. An arithmetic overflow sets the unknown concerned to zero: fewer solutions, all of them true.
    pub fn solve(mut self) -> Solutions<F> {
        // What one row says of classes can shorten those before it.
        let mut rows = std::mem::take(&mut self.rows);
        loop {
            let before = rows.len();
            rows.retain_mut(|row| {
                let terms = std::mem::take(row);
                self.is_long(&terms, row)
            });
            if rows.len() * 8 >= before * 7 {
                break;
            }
        }
        // Shortens all paths, so that no ratio overflows any more and classes stay as they are.
        (0..self.classes.len()).for_each(|unknown| {
            self.classes.root(unknown);
        });
        let mut left = Vec::with_capacity(rows.len());
        for row in rows {
            let mut reduced = Vec::new();
            if self.of_classes(&row, &mut reduced).is_some() {
                left.push(reduced);
            } else {
                let roots = row.iter().filter_map(|term| self.classes.root(term.0));
                left.extend(roots.map(|(root, _)| vec![(root, F::unit())]));
            }
        }
        let roots: Vec<Option<(u32, F)>> = (0..self.classes.len()).map(|unknown| self.classes.root(unknown)).collect();
        Solutions::of(&roots, left)
    }
}

impl<F: Field> Solutions<F> {
    /// Of unknowns as multiples of roots, and equations between the roots.
    fn of(roots: &[Option<(u32, F)>], mut rows: Vec<Sparse<F>>) -> Self {
        const NONE: u32 = u32::MAX;
        // The roots in equations are numbered, as the elimination wants them.
        let mut live: Vec<u32> = rows.iter().flatten().map(|entry| entry.0).collect();
        live.sort_unstable();
        live.dedup();
        let mut number = vec![NONE; roots.len()];
        live.iter().enumerate().for_each(|(at, &root)| number[root as usize] = at as u32);
        rows.iter_mut().flatten().for_each(|entry| entry.0 = number[entry.0 as usize]);
        let mut sizes = vec![0; live.len()];
        for (root, _) in roots.iter().flatten().filter(|(root, _)| number[*root as usize] != NONE) {
            sizes[number[*root as usize] as usize] += 1;
        }
        let values = Elimination::new(rows, sizes).run();

        let is_root = |unknown: u32| roots[unknown as usize].as_ref().is_some_and(|(root, _)| *root == unknown);
        let is_free = |unknown: u32| number[unknown as usize] == NONE || values.is_free(number[unknown as usize]);
        let free: Vec<u32> = (0..roots.len() as u32).filter(|&unknown| is_root(unknown) && is_free(unknown)).collect();
        let mut place = vec![NONE; roots.len()];
        free.iter().enumerate().for_each(|(at, &unknown)| place[unknown as usize] = at as u32);
        // `None` once a value overflows.
        let mut basis: Vec<Option<Sparse<F>>> = vec![Some(Sparse::new()); free.len()];
        let mut add = |unknown: usize, of: u32, value: Option<F>| {
            let vector = &mut basis[place[of as usize] as usize];
            match (value, vector.as_mut()) {
                (Some(value), Some(vector)) => vector.push((unknown as u32, value)),
                _ => *vector = None,
            }
        };
        for (unknown, root) in roots.iter().enumerate() {
            let Some((root, ratio)) = root else { continue };
            if number[*root as usize] == NONE {
                add(unknown, *root, Some(ratio.clone()));
            } else {
                for (other, factor) in values.of(number[*root as usize]) {
                    add(unknown, live[*other as usize], factor.times(ratio));
                }
            }
        }
        let (free, basis) = free.into_iter().zip(basis).filter_map(|(free, vector)| Some((free, vector?))).unzip();
        Self { free, basis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rational(value: i128) -> Rational {
        Rational::from_integer(value)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn solutions_solve_and_rank_plus_nullity_is_the_number_of_unknowns(
            rows in prop::collection::vec(prop::collection::vec((0u32..8, -3i128..4), 0..5), 0..10)
        ) {
            let mut system = System::new(8);
            let mut echelon = Echelon::new(8);
            let mut rank = 0;
            for row in &rows {
                let terms: Vec<(u32, Rational)> = row.iter().map(|&(unknown, value)| (unknown, rational(value))).collect();
                system.equation(&terms);
                rank += usize::from(echelon.insert(collected(terms).expect("small numbers")));
            }
            let solutions = system.solve();
            prop_assert_eq!(solutions.free.len() + rank, 8);
            for (&free, vector) in solutions.free.iter().zip(&solutions.basis) {
                prop_assert_eq!(coefficient(vector, free), Some(&rational(1)));
                for row in &rows {
                    let products = row.iter().map(|&(unknown, value)| coefficient(vector, unknown).map_or(rational(0), |own| own * value));
                    prop_assert!(products.sum::<Rational>().is_zero());
                }
            }
        }
    }

    #[test]
    fn the_field_of_two_elements_has_its_own_solutions() {
        let mut system = System::new(2);
        system.equation(&[(0, Parity(true)), (1, Parity(true))]);
        let solutions = system.solve();
        assert_eq!(solutions.free.len(), 1);
    }
}
