//! What training and theorems gave, as rows.

use super::Integer;
use serde::Serialize;

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
    /// A rule of the run ended it before its last step.
    Stopped,
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
    /// At the last one of the seeds that reached their end; `None` where none did.
    pub end: Option<f64>,
    /// The smallest value there.
    pub lowest: Option<f64>,
    /// The largest value there.
    pub highest: Option<f64>,
}

/// A measurement of given weights.
#[derive(Debug, Clone, Serialize)]
pub struct MeasurementReport {
    /// The `measure` item.
    pub measurement: String,
    /// The file of weights, as written.
    pub from: String,
    /// The directory of its record.
    pub record: String,
    /// At how many other weights of the orbit the same was measured.
    pub gauges: u64,
    /// What was measured, in the order of the record.
    pub measured: Vec<MeasurementRow>,
}

/// A measured quantity of given weights: one number, or several, such as one a head.
#[derive(Debug, Clone, Serialize)]
pub struct MeasurementRow {
    /// The quantity.
    pub name: String,
    /// How many numbers it is.
    pub values: usize,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub lowest: f64,
    /// The largest.
    pub highest: f64,
    /// The largest relative change in the other gauges, where there are some.
    pub gauge_change: Option<f64>,
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
    pub moments: Vec<MomentRow>,
    /// The tangent features at and near the initial weights.
    pub features: Option<FeaturesRow>,
    /// The lazy regime in numbers; `null` for models that are too large to be linearised, and where examples share statistics.
    pub lazy: Option<LazyRow>,
    /// What was claimed of the limit of gradient descent on the linearised model; `null` where nothing was.
    pub least_squares: Option<BoundRow>,
    /// Time of the full model's steps over that of the reduced one's.
    pub speed_up: f64,
    /// Whether the divergence stayed below the tolerance.
    pub holds: bool,
}

/// A claim that a number is below a bound.
#[derive(Debug, Clone, Serialize)]
pub struct BoundRow {
    /// The number; `null` where it could not be measured.
    pub found: Option<f64>,
    /// The bound.
    pub bound: f64,
    /// Whether the number is below.
    pub holds: bool,
}

/// The distances at one step of a theorem's run.
#[derive(Debug, Clone, Serialize)]
pub struct MomentRow {
    /// Steps done.
    pub step: u64,
    /// |θ − expand(θ')| / |θ|.
    pub divergence: f64,
    /// |θ − P θ| / |θ|.
    pub off_state: f64,
    /// |θ − θ″| / |θ|, θ″ the full model in another order of summation.
    pub two_orders: Option<f64>,
}

/// What became of the features at and near the initial weights of a theorem.
#[derive(Debug, Clone, Serialize)]
pub struct FeaturesRow {
    /// The largest |∇f − P ∇f| / |∇f| at the state.
    pub outside: f64,
    /// The largest difference of an entry of the full model's kernel from that of the reduced one, relative to the largest entry.
    pub kernel: f64,
    /// The same at a distance from the state.
    pub near: Vec<NearRow>,
}

/// The linearised model at the state, and the growth away from it.
#[derive(Debug, Clone, Serialize)]
pub struct LazyRow {
    /// Rows of J: entries of the output over examples.
    pub rows: usize,
    /// The rank of the Gram matrix J Jᵀ of the tangent kernel.
    pub gram_rank: usize,
    /// |δ − A⁺b| / |A⁺b| for the limit of gradient descent on the linearised model (PSU, Eq. 25).
    pub least_squares: f64,
    /// The same for the least squares of the reduced model.
    pub reduced_least_squares: f64,
    /// Training with outputs scaled by α beside the linearised model: α, and the relative distance of their answers.
    pub scaled: Vec<(f64, f64)>,
    /// The fitted order of |f(θ) − f(Pθ)| in the distance across the state (PSU, Eq. 4).
    pub order: f64,
    /// The fitted order of what its quadratic part leaves.
    pub remainder_order: f64,
}

/// Features at a distance from the state.
#[derive(Debug, Clone, Serialize)]
pub struct NearRow {
    /// |θ − P θ| / |θ|.
    pub distance: f64,
    /// The largest |∇f − P ∇f| / |∇f|.
    pub outside: f64,
}
