//! What a command found, as plain data. Every output form is a view of it, so that all forms carry the same facts; serialised, it is
//! the JSON document that `docs/json.md` describes.

mod diagnostics;
mod diff;
mod integer;
mod intervention;
mod model;
mod permutations;

pub use diagnostics::{Diagnosed, in_order};
pub use diff::{Change, DiffReport, ModelDiff, ModelTotals, SpaceDiff};
pub use integer::Integer;
pub use intervention::{EffectiveRow, InterventionRow};
mod folder;
mod reduce;
mod run;
mod sweep;
mod weights;

pub use folder::{FileReport, FolderReport};
pub use model::{
    ActionRow, AtWeightsRow, ConservedRow, DecisionRow, DepartureRow, MiniatureRow, ModelReport, MovedRow, ReasonRow, SpaceRow,
    StateRow, TrainingReport, TrainingRow, VerifyRow,
};
pub use permutations::{ModelPermutations, PermutationRow, PermutationSpec, StoredAxis};
pub use reduce::{ReduceReport, ReducedSpaceRow};
pub use run::{
    BoundRow, FeaturesRow, LazyRow, MeasuredRow, MeasurementReport, MeasurementRow, MomentRow, NearRow, RunReport, SeedOutcome,
    SeedRow, TheoremRow,
};
pub use sweep::{SweepReport, SweepRow};
pub use weights::{BarrierRow, ProjectionRow, WeightsReport};

use serde::Serialize;

/// The version of the JSON form. Fields are added within a version, never renamed or removed.
pub const SCHEMA: u32 = 1;

/// The conventions behind the numbers of every report.
pub const CONVENTIONS: [&str; 4] = [
    "A symmetry is a group G with f(gθ, x) = f(θ, x) for all g, θ and x. Sizes count trainable entries.",
    "P_G is the orthogonal projector onto Fix(G) (the mean over g where G is compact); translations have none. A symmetric state is a \
     θ with P_G θ = θ; its effective dimension is rank(P_G), and D − rank(P_G) dimensions are removed. For rescaling, Fix(G) is zero weights on \
     both sides, not equal norms.",
    "Continuous dimension counts the group, not the orbit: stabilisers can make orbits smaller. Order is that of the discrete part.",
    "Conserved quantities hold under gradient flow without decay. Momentum keeps none of them: with friction μ it keeps e^(μt)·⟨Aθ, dθ/dt⟩ for \
     rotations A, which is zero from rest.",
];

/// A whole report.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: Schema,
    /// Models, in source order.
    pub models: Vec<ModelReport>,
    /// Diagnostics of all files, by place.
    pub diagnostics: Vec<Diagnosed>,
    /// `expect` and `assume` items, in source order.
    pub expectations: Vec<ExpectationRow>,
    /// Training runs; only `run` fills it.
    pub runs: Vec<RunReport>,
    /// Sweeps; only `run` fills it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sweeps: Vec<SweepReport>,
    /// Measurements of given weights; only `run` and `measure` fill it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<MeasurementReport>,
    /// Executed theorems, a row an optimiser; only `run` and `verify` fill it.
    pub theorems: Vec<TheoremRow>,
    /// The directory of all records; only `run` fills it.
    pub record: Option<String>,
    /// Paths of the figures; only `run` fills it.
    pub figures: Vec<String>,
}

/// Serialises as the schema's number.
#[derive(Debug, Default, Clone, Copy)]
pub struct Schema;

impl Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(SCHEMA)
    }
}

/// A claim of the file, decided.
#[derive(Debug, Clone, Serialize)]
pub struct ExpectationRow {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// As written.
    pub text: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The value of its left side, where it could be computed.
    pub found: Option<String>,
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It needs a run.
    Deferred,
    /// It is declared, not derived.
    Assumed,
    /// What it speaks of is missing, because of another error or an interrupted run.
    Undecided,
}

impl Outcome {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Fails => "fails",
            Outcome::Deferred => "needs a run",
            Outcome::Assumed => "assumed",
            Outcome::Undecided => "undecided",
        }
    }
}
