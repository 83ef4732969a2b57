//! Interventions on a model as typed values. What they do to a program is a rewrite of the crate `sym-rewrite`.

use crate::Program;
use std::fmt;
use sym_diagnostics::{Diagnostic, Span};

/// What carries out an intervention: a program to the program with it, or the reasons why it has none.
pub type Rewrite = fn(&Program, &Intervention) -> Result<Program, Vec<Diagnostic>>;

/// A clause of `with { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervention {
    /// What it is said to do to the symmetries, where that is said.
    pub change: Option<Change>,
    /// What it acts on; empty for everything that it acts on by itself.
    pub on: Vec<Target>,
    /// What is done.
    pub kind: InterventionKind,
    /// The text of the call, such as `scale(per: row)`, for reports.
    pub written: String,
    /// Where the call is written.
    pub by: Span,
    /// The whole clause.
    pub span: Span,
}

/// A change of the symmetries that an intervention is said to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Whether symmetries are added; removed otherwise.
    pub adds: bool,
    /// Which kinds, each with its place.
    pub kinds: Vec<(SymmetryKind, Span)>,
}

/// Kinds of symmetry (PSU Table 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymmetryKind {
    /// Exchange of units.
    Permutation,
    /// Sign flips.
    Sign,
    /// Scales of one tensor against another.
    Rescaling,
    /// Orthogonal maps of a space.
    Rotation,
    /// All invertible maps of a space: GL, the double rotation.
    DoubleRotation,
    /// Shifts along fixed or weight-dependent directions.
    Translation,
}

impl SymmetryKind {
    /// Every kind, with its name in the language.
    pub const ALL: [(&'static str, SymmetryKind); 6] = [
        ("permutation", SymmetryKind::Permutation),
        ("sign", SymmetryKind::Sign),
        ("rescaling", SymmetryKind::Rescaling),
        ("rotation", SymmetryKind::Rotation),
        ("double_rotation", SymmetryKind::DoubleRotation),
        ("translation", SymmetryKind::Translation),
    ];

    /// The kind of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for SymmetryKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Which parameters an intervention acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// How they are selected.
    pub kind: TargetKind,
    /// Where it is written.
    pub span: Span,
}

/// Ways to select parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// All.
    All,
    /// Those of every block of this name.
    Block(String),
    /// Those that this space moves.
    Space(String),
    /// Those that a selector picks; see [`crate::selector`].
    Paths(String),
}

/// What is done to the selected parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum InterventionKind {
    /// W → γ₁ ⋯ γ₍D₋₁₎ W with gates γ of one number a group of entries, 1 at the start: `scale` for D = 2 (v·W, PSU §6), `gate` otherwise.
    /// Under coupled decay λ on all factors it costs ½λD times the sum over groups of `‖W_g‖^{2/D}` at balance: a group lasso for D = 2.
    Gate {
        /// Number of factors, at least 2.
        depth: u32,
        /// The groups.
        per: Per,
    },
    /// W → w ⊙ u₁ ⊙ … ⊙ u₍D₋₁₎, all u = 1 at the start: `entrywise` (spred) for D = 2, `factorise` otherwise. Under coupled decay λ it costs
    /// ½λD ‖W‖_{2/D}^{2/D} at balance: λ‖W‖₁ for D = 2.
    Factorise {
        /// Number of factors, at least 2.
        depth: u32,
    },
    /// W → U V over r directions. Under coupled decay λ it costs λ times the nuclear norm of W at balance.
    LowRank {
        /// r, at least 1.
        rank: u128,
    },
    /// θ → (I − OOᵀ)φ + O(u ⊙ Oᵀφ), u = 1 at the start (DCS, Ziyin 2024): decay drives Oᵀθ to 0 where the data pulls less than λ.
    Constrain {
        /// The subspace spanned by the columns of O.
        to: Constraint,
    },
    /// f(θ) → f(θ + θ₀), θ₀ frozen, with the decay of entry i times `D_i = 1 + u_i` (Ziyin et al. 2024, syre).
    Syre {
        /// Standard deviation σ₀ of θ₀; `None` for 0.01/√fan-in.
        sigma: Option<f64>,
        /// Half-width of u.
        spread: f64,
        /// Seed of θ₀ and D.
        seed: u64,
    },
    /// W → M ⊙ W + (1 − M) ⊙ κN with frozen M and N (Lim et al. 2024).
    WAsymmetric {
        /// How many entries of each output row are frozen; `None` for the densest rows that all differ.
        frozen: Option<u128>,
        /// κ.
        std: f64,
        /// Seed of M and N.
        seed: u64,
    },
    /// x ↦ x ⊙ sigmoid(F x) in place of activations, F frozen.
    SigmaAsymmetric {
        /// Standard deviation of F; `None` for 1/√n.
        std: Option<f64>,
        /// Seed of F.
        seed: u64,
    },
    /// Parameters are no longer trained.
    Freeze,
    /// Parameters of one shape become one.
    Tie,
    /// Each place that reads a parameter gets its own.
    Untie,
}

/// The groups of entries that share one gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// Each parameter.
    Tensor,
    /// Each row: the first stored axis.
    Row,
    /// Each column: the second stored axis.
    Column,
    /// Each position of an axis by its size's name: `head` for `heads`.
    Axis(String),
    /// All selected parameters of a layer: paths equal up to the last name.
    Layer,
    /// All selected parameters of a block of layers: paths equal up to the last two names.
    Block,
}

/// The subspace that a constraint names.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// Differences between rows: at Oᵀθ = 0 all rows are alike.
    Equal,
    /// The mean of each column: at Oᵀθ = 0 the rows have zero mean.
    ZeroMean,
    /// The span of these vectors of one number a row.
    Subspace(Vec<Vec<f64>>),
}

/// An intervention that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The intervention.
    pub intervention: Intervention,
    /// The program before it.
    pub before: Program,
    /// The program after it.
    pub after: Program,
}

/// A program with what was done to it, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The program.
    pub program: Program,
    /// The interventions.
    pub edits: Vec<Edit>,
}
