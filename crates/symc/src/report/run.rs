//! What training and theorems gave, as rows.

use super::Integer;
use serde::Serialize;
use sym_runtime::record::{Ending, Record};
use sym_runtime::theorem;

/// A `train` item's runs.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The `train` item.
    pub train: String,
    /// The directory of its record.
    pub record: String,
    /// One row a seed.
    pub seeds: Vec<SeedRow>,
    /// Measured quantities, in the order of the record.
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
    /// Symmetry breakings seen.
    pub breakings: usize,
    /// Seconds of computing.
    pub seconds: f64,
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

/// A measured quantity at the first and the last measurement: means over the seeds, for a quantity with a column a pair also over these.
#[derive(Debug, Clone, Serialize)]
pub struct MeasuredRow {
    /// The quantity.
    pub name: String,
    /// At the first measurement.
    pub start: f64,
    /// At the last.
    pub end: f64,
    /// The smallest value at the last.
    pub lowest: f64,
    /// The largest value at the last.
    pub highest: f64,
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
    /// D of the reduced model, which is `rank(P_G)`.
    pub reduced: Integer,
    /// The largest relative divergence of θ from expand(θ') over the run.
    pub divergence: f64,
    /// The largest allowed.
    pub tolerance: f64,
    /// The largest relative distance of θ from its projection over the run.
    pub off_state: f64,
    /// The largest relative distance between the full model and the same in another order of summation; absent for a single example.
    pub two_orders: Option<f64>,
    /// After how many steps the full model was projected again.
    pub reproject: Option<u64>,
    /// Sharpness over the largest stable one: learning rate × sharpness / 2 for gradient descent; 1 is the edge of stability.
    pub edge: Option<f64>,
    /// The factor by which curvature across the state may have amplified rounding.
    pub growth: Option<f64>,
    /// The factor by which curvature within the state may have amplified rounding.
    pub growth_within: Option<f64>,
    /// Whether edge and growth are estimates, no bounds: for Adam.
    pub estimated: bool,
    /// The distances at equal parts of the run.
    pub moments: Vec<theorem::Moment>,
    /// The tangent features at and near the initial weights.
    pub features: Option<theorem::Features>,
    /// Time of the full model's steps over that of the reduced one's.
    pub speed_up: f64,
    /// Whether the divergence stayed below the tolerance.
    pub holds: bool,
}

impl RunReport {
    /// The rows of a record.
    pub fn new(train: &str, record: &Record) -> Self {
        let seeds = record.summary.seeds.iter().map(|seed| SeedRow {
            seed: seed.seed,
            steps: seed.step,
            of: record.summary.steps,
            outcome: match seed.ending {
                Ending::Finished => SeedOutcome::Finished,
                Ending::Interrupted => SeedOutcome::Interrupted,
                Ending::NotANumber { .. } => SeedOutcome::Failed,
            },
            breakings: seed.events,
            seconds: seed.wall_seconds,
        });
        Self {
            train: train.to_string(),
            record: record.directory.display().to_string(),
            seeds: seeds.collect(),
            measured: measured(record),
        }
    }
}

/// One row a quantity: the columns `delta(fc1)[0]`, `delta(fc1)[1]`, … are one.
fn measured(record: &Record) -> Vec<MeasuredRow> {
    let mut names: Vec<&str> = Vec::new();
    for column in &record.columns {
        let name = column.rsplit_once('[').map_or(column.as_str(), |(name, _)| name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let rows = names.into_iter().filter_map(|name| {
        let columns = record.columns_of(name);
        let ends = |last: bool| -> Vec<f64> {
            let seeds = &record.summary.seeds;
            let values = seeds.iter().map(|seed| if last { &seed.last } else { &seed.first });
            values.flat_map(|values| columns.iter().filter_map(|column| values.get(*column).copied())).collect()
        };
        let (start, end) = (ends(false), ends(true));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (!start.is_empty() && !end.is_empty()).then(|| MeasuredRow {
            name: name.to_string(),
            start: mean(&start),
            end: mean(&end),
            lowest: end.iter().copied().fold(f64::INFINITY, f64::min),
            highest: end.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    });
    rows.collect()
}

impl TheoremRow {
    /// The row of one run of a theorem.
    pub fn new(report: &theorem::Report, run: &theorem::Run) -> Self {
        Self {
            name: report.name.clone(),
            model: report.model.clone(),
            optimizer: run.optimizer.clone(),
            steps: run.steps,
            full: Integer(report.parameters),
            reduced: Integer(report.rank),
            divergence: run.divergence,
            tolerance: report.tolerance,
            off_state: run.off_state,
            two_orders: run.orders,
            reproject: run.reproject,
            edge: run.edge,
            growth: run.growth,
            growth_within: run.growth_within,
            estimated: run.estimated,
            moments: run.moments.clone(),
            features: report.features.clone(),
            speed_up: run.speed_up,
            holds: run.holds,
        }
    }
}
