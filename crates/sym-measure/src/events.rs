//! Breaking and restoration of symmetries, with their times (PSU §3: a symmetry is broken where Δ ≥ `Δ_th`).

use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Δ of a generator that was symmetric reached the threshold.
    Breaking,
    /// Δ of a generator that was broken fell below the level of restoration.
    Restoration,
}

/// One change of one generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The step of the measurement that saw it.
    pub step: u64,
    /// What happened.
    pub kind: Kind,
    /// Which generator.
    pub generator: usize,
}

/// Where a generator counts as broken, and where as restored. Two levels keep a Δ that wavers about one of them from counting many times (hysteresis).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// At or above it a symmetry is broken.
    pub breaking: f64,
    /// Below it a broken symmetry is restored; at most `breaking`.
    pub restoration: f64,
}

impl Levels {
    /// Restored at half of the threshold.
    pub fn new(threshold: f64) -> Self {
        Self { breaking: threshold, restoration: 0.5 * threshold }
    }
}

/// Follows the generators of a space from measurement to measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// Whether each generator is broken, as of the last measurement; `None` before the first.
    pub broken: Vec<Option<bool>>,
    /// All changes so far, by step and then by generator.
    pub events: Vec<Event>,
}

impl Detector {
    /// A detector for that many generators.
    pub fn new(generators: usize) -> Self {
        Self { broken: vec![None; generators], events: Vec::new() }
    }

    /// Notes what changed. The first measurement says only where each generator starts.
    pub fn observe(&mut self, step: u64, deltas: &[f64], levels: Levels) {
        for (generator, (broken, &delta)) in self.broken.iter_mut().zip(deltas).enumerate() {
            let (now, kind) = match *broken {
                None => (delta >= levels.breaking, None),
                Some(false) if delta >= levels.breaking => (true, Some(Kind::Breaking)),
                Some(true) if delta < levels.restoration.min(levels.breaking) => (false, Some(Kind::Restoration)),
                Some(as_before) => (as_before, None),
            };
            *broken = Some(now);
            self.events.extend(kind.map(|kind| Event { step, kind, generator }));
        }
    }

    /// How often something happened.
    pub fn count(&self, kind: Kind) -> usize {
        self.events.iter().filter(|event| event.kind == kind).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(curve: &[f64], levels: Levels) -> Vec<(u64, Kind)> {
        let mut detector = Detector::new(1);
        for (step, &delta) in curve.iter().enumerate() {
            detector.observe(step as u64, &[delta], levels);
        }
        detector.events.iter().map(|event| (event.step, event.kind)).collect()
    }

    #[test]
    fn a_symmetry_breaks_and_is_restored_and_breaks_again() {
        let found = followed(&[0.0, 0.1, 0.2, 0.04, 0.3], Levels::new(0.1));
        assert_eq!(found, [(1, Kind::Breaking), (3, Kind::Restoration), (4, Kind::Breaking)]);
    }

    #[test]
    fn what_starts_broken_does_not_break_but_may_be_restored() {
        assert_eq!(followed(&[0.7, 0.8], Levels::new(0.1)), []);
        assert_eq!(followed(&[0.7, 0.0], Levels::new(0.1)), [(1, Kind::Restoration)]);
    }

    #[test]
    fn wavering_about_the_threshold_is_one_breaking() {
        let curve = [0.0, 0.11, 0.09, 0.11, 0.09, 0.11];
        assert_eq!(followed(&curve, Levels::new(0.1)), [(1, Kind::Breaking)]);
        assert_eq!(followed(&curve, Levels { breaking: 0.1, restoration: 0.1 }).len(), 5);
    }

    #[test]
    fn breakings_less_restorations_are_what_is_broken_now() {
        let mut detector = Detector::new(3);
        for step in 0..200u64 {
            let deltas: Vec<f64> =
                (0..3u64).map(|at| libm::sin((step * (at + 1)) as f64 * 0.37).abs() * f64::from(u8::from(step > 0))).collect();
            detector.observe(step, &deltas, Levels::new(0.6));
        }
        let now = detector.broken.iter().filter(|broken| **broken == Some(true)).count();
        assert_eq!(detector.count(Kind::Breaking), detector.count(Kind::Restoration) + now);
        assert!(detector.count(Kind::Restoration) > 10);
    }
}
