//! What training and theorems gave, as rows.

use super::Integer;
use serde::Serialize;

/// A `train` item's runs.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The `train` item.
    pub train: String,
    /// The model as written.
    pub model: String,
    /// The directory of its record.
    pub record: String,
    /// One row a seed.
    pub seeds: Vec<SeedRow>,
    /// Measured quantities of all seeds, in the order of the file.
    pub measured: Vec<MeasuredRow>,
}

/// One seed's run.
#[derive(Debug, Clone, Serialize)]
pub struct SeedRow {
    /// The seed.
    pub seed: u64,
    /// Steps done.
    pub steps: u64,
    /// Steps asked for.
    pub of: u64,
    /// How it ended.
    pub outcome: SeedOutcome,
}

/// How a seed's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeedOutcome {
    /// All steps are done.
    Finished,
    /// The user stopped it.
    Interrupted,
    /// A value was not finite.
    Failed,
}

/// A measured quantity at the first and the last measurement: means over the seeds.
#[derive(Debug, Clone, Serialize)]
pub struct MeasuredRow {
    /// Its column in the record.
    pub column: String,
    /// At the first measurement.
    pub start: Option<f64>,
    /// At the last.
    pub end: Option<f64>,
    /// The smallest and largest value over seeds at the last.
    pub range: Option<(f64, f64)>,
}

/// A theorem executed with one optimiser.
#[derive(Debug, Clone, Serialize)]
pub struct TheoremRow {
    /// The `theorem` item.
    pub name: String,
    /// The model as written.
    pub model: String,
    /// The optimiser.
    pub optimizer: String,
    /// Steps.
    pub steps: u64,
    /// D of the full model.
    pub full: Integer,
    /// D of the reduced model, which is rank(P_G).
    pub reduced: Integer,
    /// The largest relative divergence ‖θ − expand(θ')‖/‖θ‖ over the run.
    pub divergence: f64,
    /// The largest allowed.
    pub tolerance: f64,
    /// The largest ‖(I − P_G)θ‖/‖θ‖ over the run.
    pub off_state: f64,
    /// Time of a full step over that of a reduced one.
    pub speedup: f64,
    /// Whether the divergence stayed below the tolerance.
    pub holds: bool,
}
