//! How a run ended, in one small file.

use super::{Ending, Kept};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The form of the record.
    pub schema: u32,
    /// Name of the training run.
    pub train: String,
    /// Number of trainable entries.
    pub parameters: u64,
    /// Steps asked for.
    pub steps: u64,
    /// Whether every seed came to its end.
    pub complete: bool,
    /// Each seed.
    pub seeds: Vec<SeedSummary>,
}

/// How one seed ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedSummary {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub ending: Ending,
    /// Steps done.
    pub step: u64,
    /// Seconds of computing.
    pub wall_seconds: f64,
    /// Number of symmetry breakings seen.
    pub events: usize,
    /// Weights that stay beside the final ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// The first value of each column.
    pub first: IndexMap<String, f64>,
    /// The last value of each column.
    pub last: IndexMap<String, f64>,
}

impl SeedSummary {
    /// Why its last values are not those of an end; `None` where it did all its steps, or a rule of the run stopped it.
    pub fn broke_off(&self) -> Option<String> {
        match &self.ending {
            Ending::Finished | Ending::Stopped { .. } => None,
            Ending::NotANumber { what } => Some(format!("the {what} is not finite at step {}", self.step)),
            Ending::Interrupted => Some(format!("it was interrupted at step {}", self.step)),
        }
    }
}
