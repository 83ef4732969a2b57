//! Events of a record: breakings and restorations of symmetries with their steps.

use serde::{Deserialize, Serialize};
pub use sym_measure::events::{Detector, Kind};

/// A generator of a space whose Δ passed a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The step of the measurement that saw it.
    pub step: u64,
    /// Whether it broke or was restored.
    pub kind: Kind,
    /// The unit space.
    pub space: String,
    /// Whose generators: `own`, or the group that the probe names.
    pub group: String,
    /// Which of them: for permutations the pair's position in the order of norms.
    pub generator: usize,
    /// The threshold of the probe.
    pub threshold: f64,
}
