//! What sweeps gave, as rows.

use super::SeedOutcome;
use serde::Serialize;
use sym_ir::experiment::SettingValue;

/// A `sweep` item's runs.
#[derive(Debug, Clone, Serialize)]
pub struct SweepReport {
    /// The `sweep` item.
    pub sweep: String,
    /// The table of all runs, where it was written.
    pub table: Option<String>,
    /// The names of the settings.
    pub settings: Vec<String>,
    /// The names of the measured quantities.
    pub measured: Vec<String>,
    /// One row a run, in the order of the sweep.
    pub runs: Vec<SweepRow>,
}

/// One run of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepRow {
    /// The values of the settings.
    pub values: Vec<SettingValue>,
    /// The directory of its record; none where it failed or was not begun.
    pub record: Option<String>,
    /// How it ended: the worst of its seeds.
    pub outcome: Option<SeedOutcome>,
    /// Whether its record was there already.
    pub found: bool,
    /// The measured quantities at the end, means over the seeds and over columns of pairs.
    pub end: Vec<Option<f64>>,
}
