//! Which vectors are new.

use super::{Field, Sparse, add_scaled};

/// An incrementally built row echelon form.
#[derive(Debug)]
pub struct Echelon<F> {
    rows: Vec<Sparse<F>>,
    /// The row that starts with each unknown.
    leads: Vec<Option<u32>>,
}

impl<F: Field> Echelon<F> {
    /// An empty one, for vectors over this many unknowns.
    pub fn new(unknowns: usize) -> Self {
        Self { rows: Vec::new(), leads: vec![None; unknowns] }
    }

    /// Adds a vector; whether it was independent of those before. On overflow it counts as dependent.
    pub fn insert(&mut self, mut vector: Sparse<F>) -> bool {
        let mut new = None;
        let mut at = 0;
        while let Some((lead, value)) = vector.get(at) {
            if let Some(row) = self.leads[*lead as usize] {
                // The row starts with this unknown, so that what stands before it stays and it itself goes.
                let row = &self.rows[row as usize];
                let reduced = value.minus_over(&row[0].1).and_then(|factor| add_scaled(&vector, row, &factor));
                let Some(reduced) = reduced else { return false };
                vector = reduced;
            } else {
                new = new.or(Some(*lead));
                at += 1;
            }
        }
        let Some(lead) = new else { return false };
        self.leads[lead as usize] = Some(self.rows.len() as u32);
        self.rows.push(vector);
        true
    }
}
