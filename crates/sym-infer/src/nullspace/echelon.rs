//! Which vectors are new.

use super::{Field, Sparse, add_scaled};
use std::collections::BTreeMap;

/// An incrementally built row echelon form.
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
        let mut first_new = None;
        while let Some((lead, value)) = rest.get(rest.partition_point(|entry| entry.0 < from)) {
            let lead = *lead;
            from = lead + 1;
            match self.rows.get(&lead) {
                Some(row) => {
                    // A row starts with its lead.
                    let reduced = value.minus_over(&row[0].1).and_then(|factor| add_scaled(&rest, row, &factor));
                    let Some(reduced) = reduced else { return false };
                    rest = reduced;
                }
                None => first_new = first_new.or(Some(lead)),
            }
        }
        let Some(lead) = first_new else { return false };
        self.rows.insert(lead, rest);
        true
    }
}
