//! Gaussian elimination of long equations.
//!
//! Equations of one or two unknowns are used first, then unknowns that stand in one equation, then the rest by the shortest equation; for
//! feed-forward graphs the fill-in stays bounded and the time linear. Where there is a choice the lightest unknown is eliminated: its
//! value becomes a combination, while those that stand for many remain free and make solutions of few entries.

use super::{Field, Sparse, add_scaled, coefficient};
use std::collections::{BTreeSet, VecDeque};

/// A system during its elimination.
#[derive(Debug)]
pub struct Elimination<F> {
    /// Empty once used.
    rows: Vec<Sparse<F>>,
    /// The rows in which each unknown has stood; it may stand in some of them no more.
    columns: Vec<Vec<u32>>,
    /// In how many rows it stands.
    counts: Vec<u32>,
    weights: Vec<u32>,
    /// Pivot unknown with what it equals, in order of elimination.
    pivots: Vec<(u32, Sparse<F>)>,
    short: VecDeque<u32>,
    /// Unknowns by weight that have stood in one row.
    lonely: BTreeSet<(u32, u32)>,
    /// Rows by length once the queues have run dry; a row may have become shorter since.
    long: Option<BTreeSet<(usize, u32)>>,
}

/// The unknowns in terms of the free ones.
#[derive(Debug)]
pub struct Values<F> {
    free: Vec<bool>,
    values: Vec<Sparse<F>>,
}

impl<F: Field> Values<F> {
    /// Whether an unknown is free.
    pub fn is_free(&self, unknown: u32) -> bool {
        self.free[unknown as usize]
    }

    /// An unknown as a combination of free ones.
    pub fn of(&self, unknown: u32) -> &Sparse<F> {
        &self.values[unknown as usize]
    }
}

impl<F: Field> Elimination<F> {
    /// Of equations over unknowns of these weights.
    pub fn new(rows: Vec<Sparse<F>>, weights: Vec<u32>) -> Self {
        let unknowns = weights.len();
        let mut elimination = Self {
            rows: vec![Sparse::new(); rows.len()],
            columns: vec![Vec::new(); unknowns],
            counts: vec![0; unknowns],
            pivots: Vec::new(),
            weights,
            short: VecDeque::new(),
            lonely: BTreeSet::new(),
            long: None,
        };
        for (at, row) in rows.into_iter().enumerate() {
            for (unknown, _) in &row {
                elimination.columns[*unknown as usize].push(at as u32);
                elimination.counts[*unknown as usize] += 1;
            }
            elimination.place(at as u32, row);
        }
        (0..unknowns as u32).for_each(|unknown| elimination.note_lonely(unknown));
        elimination
    }

    /// Eliminates one unknown after another.
    pub fn run(mut self) -> Values<F> {
        let mut free = vec![true; self.columns.len()];
        while let Some((row, pivot)) = self.next() {
            free[pivot as usize] = false;
            self.eliminate(row, pivot);
        }
        self.back_substitute(free)
    }

    /// The next row to use and the unknown that it defines.
    fn next(&mut self) -> Option<(u32, u32)> {
        let (counts, weights) = (&self.counts, &self.weights);
        let rarest = |row: &Sparse<F>| {
            row.iter().map(|entry| entry.0).min_by_key(|&unknown| (counts[unknown as usize], weights[unknown as usize]))
        };
        while let Some(at) = self.short.pop_front() {
            if let Some(pivot) = rarest(&self.rows[at as usize]) {
                return Some((at, pivot));
            }
        }
        while let Some((_, unknown)) = self.lonely.pop_first() {
            if counts[unknown as usize] == 1 {
                let stands = |at: &&u32| coefficient(&self.rows[**at as usize], unknown).is_some();
                if let Some(&at) = self.columns[unknown as usize].iter().find(stands) {
                    return Some((at, unknown));
                }
            }
        }
        let rows = &self.rows;
        let long = self.long.get_or_insert_with(|| {
            let rows = rows.iter().enumerate().filter(|(_, row)| !row.is_empty());
            rows.map(|(at, row)| (row.len(), at as u32)).collect()
        });
        while let Some((length, at)) = long.pop_first() {
            let row = &rows[at as usize];
            if row.len() != length {
                long.extend((!row.is_empty()).then_some((row.len(), at)));
            } else if let Some(pivot) = rarest(row) {
                return Some((at, pivot));
            }
        }
        None
    }

    fn eliminate(&mut self, at: u32, pivot: u32) {
        let row = std::mem::take(&mut self.rows[at as usize]);
        row.iter().for_each(|(unknown, _)| self.leave(*unknown));
        let Some(own) = coefficient(&row, pivot) else { return };
        let rest = || row.iter().filter(|(unknown, _)| *unknown != pivot);
        let quotients = rest().map(|(unknown, value)| Some((*unknown, value.minus_over(own)?)));
        let definition = quotients.collect::<Option<Sparse<F>>>().unwrap_or_else(|| {
            // Overflow: the pivot is set to zero, and what remains of its equation stays one.
            self.replace(at, &Sparse::new(), rest().cloned().collect());
            Sparse::new()
        });
        for other in std::mem::take(&mut self.columns[pivot as usize]) {
            let Some(factor) = coefficient(&self.rows[other as usize], pivot).cloned() else { continue };
            let before = std::mem::take(&mut self.rows[other as usize]);
            let kept: Sparse<F> = before.iter().filter(|(unknown, _)| *unknown != pivot).cloned().collect();
            let sum = add_scaled(&kept, &definition, &factor).unwrap_or_else(|| {
                // Overflow: both parts vanish on their own, which is a stronger condition.
                self.rows.push(Sparse::new());
                self.replace(self.rows.len() as u32 - 1, &Sparse::new(), definition.clone());
                kept
            });
            self.replace(other, &before, sum);
        }
        self.pivots.push((pivot, definition));
    }

    /// Counts one row less of an unknown.
    fn leave(&mut self, unknown: u32) {
        self.counts[unknown as usize] -= 1;
        self.note_lonely(unknown);
    }

    fn note_lonely(&mut self, unknown: u32) {
        if self.counts[unknown as usize] == 1 {
            self.lonely.insert((self.weights[unknown as usize], unknown));
        }
    }

    /// Puts a row where `before` stood.
    fn replace(&mut self, at: u32, before: &Sparse<F>, row: Sparse<F>) {
        for (unknown, _) in before.iter().filter(|(unknown, _)| coefficient(&row, *unknown).is_none()) {
            self.leave(*unknown);
        }
        for (unknown, _) in row.iter().filter(|(unknown, _)| coefficient(before, *unknown).is_none()) {
            self.columns[*unknown as usize].push(at);
            self.counts[*unknown as usize] += 1;
            self.note_lonely(*unknown);
        }
        self.place(at, row);
    }

    fn place(&mut self, at: u32, row: Sparse<F>) {
        match row.len() {
            0 => {}
            1 | 2 => self.short.push_back(at),
            length => {
                if let Some(long) = &mut self.long {
                    long.insert((length, at));
                }
            }
        }
        self.rows[at as usize] = row;
    }

    fn back_substitute(self, mut free: Vec<bool>) -> Values<F> {
        let mut values: Vec<Sparse<F>> = vec![Sparse::new(); self.columns.len()];
        for (unknown, value) in values.iter_mut().enumerate().filter(|(unknown, _)| free[*unknown]) {
            value.push((unknown as u32, F::unit()));
        }
        let mut dropped = BTreeSet::new();
        for (pivot, definition) in self.pivots.iter().rev() {
            let mut sum = Sparse::new();
            for (unknown, factor) in definition {
                let source = &values[*unknown as usize];
                match add_scaled(&sum, source, factor) {
                    Some(next) => sum = next,
                    None => dropped.extend(source.iter().map(|entry| entry.0)),
                }
            }
            values[*pivot as usize] = sum;
        }
        if !dropped.is_empty() {
            dropped.iter().for_each(|&unknown| free[unknown as usize] = false);
            values.iter_mut().for_each(|value| value.retain(|(unknown, _)| !dropped.contains(unknown)));
        }
        Values { free, values }
    }
}
