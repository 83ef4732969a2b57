//! Data sets that several runs have in common: each is in memory once.

use super::{DataSet, load};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use sym_diagnostics::Diagnostic;
use sym_ir::experiment::Data;
use sym_ir::program::Entries;
use sym_ir::{Input, Program};

/// A data set with the hash of every number in it.
#[derive(Debug)]
pub struct Loaded {
    set: DataSet,
    /// [`DataSet::hash`].
    pub hash: String,
}

impl Deref for Loaded {
    type Target = DataSet;

    fn deref(&self) -> &DataSet {
        &self.set
    }
}

/// The data sets that runs use at present, and the last one that was asked for, so that runs one after the other share it too. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Shared(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    slots: Vec<(Key, Slot)>,
    last: Option<Arc<Loaded>>,
}

/// A set, locked while it is loaded, so that runs that begin together load it once.
type Slot = Arc<Mutex<Weak<Loaded>>>;

/// Everything that a set depends on.
#[derive(Debug, PartialEq)]
struct Key {
    data: Data,
    inputs: Vec<OfInput>,
    base: PathBuf,
}

/// What examples depend on of an input of the model: its name, its sizes, and what its entries are.
type OfInput = (String, Vec<u128>, Entries);

fn of_input(input: &Input) -> OfInput {
    (input.name.clone(), input.shape.iter().map(|axis| axis.size).collect(), input.entries)
}

impl Shared {
    /// The examples of a data item for a model, as [`load`] gives them.
    ///
    /// # Errors
    ///
    /// Those of [`load`].
    pub fn load(&self, data: &Data, program: &Program, base: &Path) -> Result<Arc<Loaded>, Vec<Diagnostic>> {
        let inputs = program.inputs.iter().map(of_input).collect();
        let slot = self.slot(Key { data: data.clone(), inputs, base: base.to_path_buf() });
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = if let Some(loaded) = slot.upgrade() {
            loaded
        } else {
            let set = load(data, program, base)?;
            let hash = set.hash();
            Arc::new(Loaded { set, hash })
        };
        *slot = Arc::downgrade(&loaded);
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).last.replace(loaded.clone());
        // Freeing a large set takes time: nobody waits for it.
        drop(before);
        Ok(loaded)
    }

    fn slot(&self, key: Key) -> Slot {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = known.slots.iter().find(|(other, _)| *other == key) {
            return slot.clone();
        }
        let is_used = |slot: &Slot| Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|set| set.strong_count() > 0);
        known.slots.retain(|(_, slot)| is_used(slot));
        let slot = Slot::default();
        known.slots.push((key, slot.clone()));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use sym_ir::experiment::{DataSource, Preparation};

    fn digits(label_noise: f64) -> Data {
        Data {
            name: "Digits".to_string(),
            source: DataSource::Digits,
            preparation: Preparation { label_noise, ..Preparation::default() },
            fresh: false,
            split: Some((100, "test".to_string())),
            span: testing::span(),
        }
    }

    #[test]
    fn a_set_is_loaded_once_while_it_is_used_and_once_more_for_what_comes_next() {
        let shared = Shared::default();
        let [narrow, wide] = [4, 8].map(|width| testing::mlp(&[64, width, 10]));
        let load = |data: &Data, program| shared.load(data, program, Path::new(".")).expect("digits");
        let first = load(&digits(0.0), &narrow);
        assert!(Arc::ptr_eq(&first, &load(&digits(0.0), &wide)), "models of other widths have the same examples");
        assert_eq!(first.hash, first.set.hash());
        let noisy = load(&digits(0.5), &narrow);
        assert!(noisy.set != first.set && noisy.hash != first.hash);
        // Both are used, the second was asked for last.
        assert!(Arc::ptr_eq(&first, &load(&digits(0.0), &narrow)));
        let gone = Arc::downgrade(&noisy);
        drop(noisy);
        assert!(gone.upgrade().is_none(), "nobody uses it");
        let kept = Arc::downgrade(&first);
        drop(first);
        assert!(kept.upgrade().is_some(), "it is the last one");
        for percent in 20..30 {
            load(&digits(f64::from(percent) / 100.0), &narrow);
        }
        assert!(kept.upgrade().is_none());
        assert_eq!(shared.0.lock().expect("not poisoned").slots.len(), 2, "of sets that are gone, the last slot is there");
    }

    #[test]
    fn what_cannot_be_loaded_is_said_every_time() {
        let shared = Shared::default();
        let small = testing::mlp(&[63, 4, 10]);
        for _ in 0..2 {
            assert!(shared.load(&digits(0.0), &small, Path::new(".")).is_err());
        }
        assert!(shared.load(&digits(0.0), &testing::mlp(&[64, 4, 10]), Path::new(".")).is_ok());
    }
}
