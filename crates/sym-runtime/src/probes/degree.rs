//! Degrees of symmetry and the events that change them.

use serde::{Deserialize, Serialize};

/// A neighbour pair that exceeds the threshold for the first time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The step of the measurement that saw it.
    pub step: u64,
    /// The unit space.
    pub space: String,
    /// The pair's position in the order of norms.
    pub pair: usize,
    /// The threshold that it exceeds.
    pub threshold: f64,
}

/// Remembers which pairs of a space have ever reached the threshold. One that is there at step 0 never was symmetric: that is no breaking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// For each pair the step at which it first did.
    pub first: Vec<Option<u64>>,
}

impl Detector {
    /// A detector for that many pairs.
    pub fn new(pairs: usize) -> Self {
        Self { first: vec![None; pairs] }
    }

    /// Notes the pairs that reach the threshold at this step for the first time.
    pub fn observe(&mut self, step: u64, distances: &[f64], threshold: f64) {
        for (first, &distance) in self.first.iter_mut().zip(distances) {
            if first.is_none() && distance >= threshold {
                *first = Some(step);
            }
        }
    }

    /// The pairs that broke, with the step of the measurement that saw it.
    pub fn breakings(&self) -> impl Iterator<Item = (usize, u64)> {
        self.first.iter().enumerate().filter_map(|(pair, first)| Some((pair, first.filter(|&step| step > 0)?)))
    }
}

/// `N_dosb`: the number of pairs at or above the threshold.
pub fn broken(distances: &[f64], threshold: f64) -> usize {
    distances.iter().filter(|&&distance| distance >= threshold).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_breaks_once_even_if_it_comes_back_and_never_where_it_started_apart() {
        let mut detector = Detector::new(3);
        detector.observe(0, &[0.0, 0.0, 0.7], 0.1);
        detector.observe(10, &[0.1, 0.05, 0.0], 0.1);
        detector.observe(20, &[0.0, 0.3, 0.7], 0.1);
        detector.observe(30, &[0.4, 0.3, 0.7], 0.1);
        assert_eq!(detector.breakings().collect::<Vec<_>>(), [(0, 10), (1, 20)]);
    }

    #[test]
    fn the_threshold_itself_counts_as_broken() {
        assert_eq!(broken(&[0.0, 0.1, 0.2], 0.1), 2);
    }
}
