//! Which examples a step sees.

use crate::Stream;

/// The order of batches: a function of seed and step. Each epoch has an order of its own from the stream (seed, `batches`, epoch); its last
/// batch holds what is left.
#[derive(Debug, Clone)]
pub struct Batches {
    seed: u64,
    examples: usize,
    size: usize,
    /// The epoch whose order is at hand.
    current: Option<(u64, Vec<usize>)>,
}

impl Batches {
    /// Batches of `size` out of `examples`; no size means all of them, in their own order.
    pub fn new(seed: u64, examples: usize, size: Option<usize>) -> Self {
        Self { seed, examples, size: size.unwrap_or(examples).clamp(1, examples.max(1)), current: None }
    }

    /// The positions of the examples of a step; `None` for all of them in order.
    pub fn at(&mut self, step: u64) -> Option<&[usize]> {
        if self.size >= self.examples {
            return None;
        }
        let in_epoch = self.examples.div_ceil(self.size) as u64;
        let (epoch, position) = (step / in_epoch, (step % in_epoch) as usize);
        if self.current.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let order = Stream::new(self.seed, "batches", &epoch.to_string()).order(self.examples);
            self.current = Some((epoch, order));
        }
        let (_, order) = self.current.as_ref()?;
        let start = position * self.size;
        Some(&order[start..(start + self.size).min(self.examples)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_example_once_and_epochs_differ() {
        let mut batches = Batches::new(1, 10, Some(4));
        let mut epoch = |number: u64| -> Vec<usize> {
            (0..3).flat_map(|step| batches.at(3 * number + step).expect("a batch").to_vec()).collect()
        };
        let (first, second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_step_has_its_batch_whatever_was_asked_before() {
        let mut whole = Batches::new(1, 10, Some(4));
        let all: Vec<Vec<usize>> = (0..9).map(|step| whole.at(step).expect("a batch").to_vec()).collect();
        assert_eq!(all[2].len(), 2);
        assert_eq!(Batches::new(1, 10, Some(4)).at(7), Some(&all[7][..]));
    }

    #[test]
    fn no_size_means_all_examples_in_order() {
        assert_eq!(Batches::new(1, 10, None).at(3), None);
        assert_eq!(Batches::new(1, 10, Some(10)).at(3), None);
    }
}
