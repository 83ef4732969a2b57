//! Exact null spaces of sparse homogeneous systems, over ℚ and 𝔽₂.
//!
//! Systems from programs are long and thin: nearly all equations have two unknowns, and an unknown of a weight stands in one equation
//! only. Equations of one or two unknowns are used first, then unknowns that stand in one equation, then the rest by the shortest
//! equation; for feed-forward graphs the fill-in stays bounded and the time linear.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, One, Zero};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
}

impl Field for Rational {
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
        if divisor.is_one() {
            return Some(-self);
        }
        self.checked_div(divisor).map(|quotient| -quotient)
    }
}

/// The field of two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parity(pub bool);

impl Field for Parity {
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

/// A sparse vector: index to nonzero coefficient.
pub type Sparse<F> = BTreeMap<u32, F>;

/// Adds `factor · source` to `target`.
pub fn add_scaled<F: Field>(target: &mut Sparse<F>, source: &Sparse<F>, factor: &F) -> Option<()> {
    for (&index, value) in source {
        let value = value.times(factor)?;
        let sum = match target.get(&index) {
            Some(present) => present.plus(&value)?,
            None => value,
        };
        if sum.is_null() {
            target.remove(&index);
        } else {
            target.insert(index, sum);
        }
    }
    Some(())
}

/// A homogeneous system over unknowns `0..unknowns`.
#[derive(Debug, Default)]
pub struct System<F> {
    /// Equations Σ coefficient · unknown = 0.
    pub rows: Vec<Sparse<F>>,
    /// The number of unknowns.
    pub unknowns: u32,
}

/// A basis of solutions: one for each free unknown, in which that unknown is 1 and the other free ones are 0.
#[derive(Debug)]
pub struct Solutions<F> {
    /// The free unknowns, ascending.
    pub free: Vec<u32>,
    /// For each unknown its value as a combination of free unknowns.
    pub value: Vec<Sparse<F>>,
}

impl<F: Field> System<F> {
    /// A new unknown.
    pub fn unknown(&mut self) -> u32 {
        self.unknowns += 1;
        self.unknowns - 1
    }

    /// Adds Σ terms = 0; terms may repeat an unknown.
    pub fn equation(&mut self, terms: impl IntoIterator<Item = (u32, F)>) {
        let mut row = Sparse::new();
        for (unknown, coefficient) in terms {
            // A sum of a few given coefficients cannot overflow; if it does, the unknown is dropped from the equation's freedom below.
            let _ = add_scaled(&mut row, &Sparse::from([(unknown, coefficient)]), &F::unit());
        }
        if !row.is_empty() {
            self.rows.push(row);
        }
    }

    /// All solutions. An arithmetic overflow sets the unknown concerned to zero: fewer solutions, all of them true.
    pub fn solve(self) -> Solutions<F> {
        Elimination::new(self).run()
    }
}

struct Elimination<F> {
    rows: Vec<Option<Sparse<F>>>,
    columns: Vec<BTreeSet<u32>>,
    /// Pivot unknown with the row that defines it, in order of elimination; an empty row means zero.
    pivots: Vec<(u32, Sparse<F>)>,
    short: VecDeque<u32>,
    lonely: VecDeque<u32>,
}

impl<F: Field> Elimination<F> {
    fn new(system: System<F>) -> Self {
        let mut columns = vec![BTreeSet::new(); system.unknowns as usize];
        for (at, row) in system.rows.iter().enumerate() {
            row.keys().for_each(|&unknown| {
                columns[unknown as usize].insert(at as u32);
            });
        }
        let short = (0..system.rows.len() as u32).filter(|&at| system.rows[at as usize].len() <= 2).collect();
        let lonely = (0..system.unknowns).filter(|&unknown| columns[unknown as usize].len() == 1).collect();
        Self { rows: system.rows.into_iter().map(Some).collect(), columns, pivots: Vec::new(), short, lonely }
    }

    fn run(mut self) -> Solutions<F> {
        let count = self.columns.len();
        let mut eliminated = vec![false; count];
        let mut long: BTreeSet<(usize, u32)> = BTreeSet::new();
        let mut long_built = false;
        loop {
            let (row, pivot) = if let Some(at) = self.short.pop_front() {
                let Some(row) = &self.rows[at as usize] else { continue };
                let Some(pivot) = row.keys().copied().min_by_key(|&unknown| self.columns[unknown as usize].len()) else {
                    self.rows[at as usize] = None;
                    continue;
                };
                (at, pivot)
            } else if let Some(unknown) = self.lonely.pop_front() {
                if eliminated[unknown as usize] || self.columns[unknown as usize].len() != 1 {
                    continue;
                }
                let Some(&at) = self.columns[unknown as usize].first() else { continue };
                (at, unknown)
            } else {
                if !long_built {
                    long_built = true;
                    long = self
                        .rows
                        .iter()
                        .enumerate()
                        .filter_map(|(at, row)| row.as_ref().map(|row| (row.len(), at as u32)))
                        .collect();
                }
                let Some((length, at)) = long.pop_first() else { break };
                let Some(row) = &self.rows[at as usize] else { continue };
                if row.len() != length {
                    long.insert((row.len(), at));
                    continue;
                }
                let Some(pivot) = row.keys().copied().min_by_key(|&unknown| self.columns[unknown as usize].len()) else {
                    continue;
                };
                (at, pivot)
            };
            eliminated[pivot as usize] = true;
            self.eliminate(row, pivot);
        }
        self.back_substitute(&eliminated)
    }

    fn eliminate(&mut self, at: u32, pivot: u32) {
        let Some(row) = self.rows[at as usize].take() else { return };
        for unknown in row.keys() {
            let column = &mut self.columns[*unknown as usize];
            column.remove(&at);
            if column.len() == 1 {
                self.lonely.push_back(*unknown);
            }
        }
        let mut definition = Sparse::new();
        let mut zero = false;
        for (&unknown, coefficient) in &row {
            if unknown == pivot {
                continue;
            }
            match coefficient.minus_over(&row[&pivot]) {
                Some(value) => {
                    definition.insert(unknown, value);
                }
                None => zero = true,
            }
        }
        if zero {
            // Overflow: the pivot is set to zero, and what remains of its equation stays one.
            let mut rest = row.clone();
            rest.remove(&pivot);
            self.place(at, rest);
            definition.clear();
        }
        for other in std::mem::take(&mut self.columns[pivot as usize]) {
            let Some(mut target) = self.rows[other as usize].take() else { continue };
            for unknown in target.keys().filter(|&&unknown| unknown != pivot) {
                self.columns[*unknown as usize].remove(&other);
            }
            let Some(factor) = target.remove(&pivot) else { continue };
            let mut sum = target.clone();
            if add_scaled(&mut sum, &definition, &factor).is_none() {
                // Overflow: both parts vanish on their own, which is a stronger condition.
                self.rows.push(None);
                let extra = self.rows.len() as u32 - 1;
                self.place(extra, definition.clone());
                sum = target;
            }
            self.place(other, sum);
        }
        self.pivots.push((pivot, definition));
    }

    fn place(&mut self, at: u32, row: Sparse<F>) {
        if row.is_empty() {
            self.rows[at as usize] = None;
            return;
        }
        for unknown in row.keys() {
            let column = &mut self.columns[*unknown as usize];
            column.insert(at);
            if column.len() == 1 {
                self.lonely.push_back(*unknown);
            }
        }
        if row.len() <= 2 {
            self.short.push_back(at);
        }
        self.rows[at as usize] = Some(row);
    }

    fn back_substitute(self, eliminated: &[bool]) -> Solutions<F> {
        let free: Vec<u32> = (0..self.columns.len() as u32).filter(|&unknown| !eliminated[unknown as usize]).collect();
        let mut value: Vec<Sparse<F>> = vec![Sparse::new(); self.columns.len()];
        for &unknown in &free {
            value[unknown as usize].insert(unknown, F::unit());
        }
        let mut dropped = BTreeSet::new();
        for (pivot, definition) in self.pivots.iter().rev() {
            let mut sum = Sparse::new();
            for (unknown, factor) in definition {
                let source = value[*unknown as usize].clone();
                if add_scaled(&mut sum, &source, factor).is_none() {
                    dropped.extend(source.keys().copied());
                }
            }
            value[*pivot as usize] = sum;
        }
        for expression in &mut value {
            expression.retain(|unknown, _| !dropped.contains(unknown));
        }
        Solutions { free: free.into_iter().filter(|unknown| !dropped.contains(unknown)).collect(), value }
    }
}

/// An incrementally built row echelon form: tells which vectors are new.
#[derive(Debug, Default)]
pub struct Echelon<F> {
    rows: BTreeMap<u32, Sparse<F>>,
}

impl<F: Field> Echelon<F> {
    /// An empty one.
    pub fn new() -> Self {
        Self { rows: BTreeMap::new() }
    }

    /// Adds a vector; whether it was independent of those before. On overflow it counts as dependent.
    pub fn insert(&mut self, vector: &Sparse<F>) -> bool {
        let mut rest = vector.clone();
        let mut from = 0;
        while let Some((&lead, value)) = rest.range(from..).next() {
            from = lead + 1;
            if let Some(row) = self.rows.get(&lead) {
                let Some(factor) = value.minus_over(&row[&lead]) else { return false };
                if add_scaled(&mut rest, row, &factor).is_none() {
                    return false;
                }
            }
        }
        let Some((&lead, _)) = rest.iter().find(|(lead, _)| !self.rows.contains_key(lead)) else { return false };
        self.rows.insert(lead, rest);
        true
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
            let mut system = System { unknowns: 8, ..System::default() };
            for row in &rows {
                system.equation(row.iter().filter(|(_, value)| *value != 0).map(|&(unknown, value)| (unknown, rational(value))));
            }
            let kept = system.rows.clone();
            let mut echelon = Echelon::new();
            let rank = kept.iter().filter(|row| echelon.insert(row)).count();
            let solutions = system.solve();
            prop_assert_eq!(solutions.free.len() + rank, 8);
            for row in &kept {
                let mut sum = Sparse::new();
                for (unknown, factor) in row {
                    add_scaled(&mut sum, &solutions.value[*unknown as usize], factor).expect("small numbers");
                }
                prop_assert!(sum.is_empty());
            }
        }
    }

    #[test]
    fn the_field_of_two_elements_has_its_own_solutions() {
        let mut system = System { unknowns: 2, ..System::default() };
        system.equation([(0, Parity(true)), (1, Parity(true))]);
        let solutions = system.solve();
        assert_eq!(solutions.free.len(), 1);
    }
}
