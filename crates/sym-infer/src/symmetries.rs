//! What the analysis finds: one [`Space`] per index space (or set of spaces) on which a group acts.

pub use crate::frames::Family;
pub use crate::frames::union::Gains;
use serde::Serialize;
use sym_diagnostics::Span;
use sym_ir::ParameterId;

/// All symmetries of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Symmetries {
    /// Independent symmetries, in the order in which their spaces first occur.
    pub spaces: Vec<Space>,
    /// The dimension of the whole continuous group: the sum over spaces.
    pub continuous_dim: u128,
}

/// An index space with the group that acts on it, or a symmetry of another kind ([`Class`]) under a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// The name that selectors use: the layer whose units these are (`fc1`), else one derived from the parameter.
    pub name: String,
    /// Number of positions.
    pub size: u128,
    /// The group.
    pub group: Group,
    /// Its kind.
    pub class: Class,
    /// Dimension of its continuous part.
    pub continuous_dim: u128,
    /// log₁₀ of the order of its discrete part.
    pub log10_order: f64,
    /// The parameter axes that it moves.
    pub acts_on: Vec<Action>,
    /// Its symmetric states.
    pub states: Vec<State>,
    /// Its conserved quantities under gradient flow.
    pub conserved: Vec<Conserved>,
    /// Which parts the declared objective and dynamics keep; `None` where no training is declared.
    pub kept: Option<Kept>,
    /// How its elements move parameters.
    pub generators: Generators,
    /// How far it is proved.
    pub status: Status,
    /// Which operations constrained it, in order.
    pub reasons: Vec<Reason>,
}

/// How the elements of a space's group move parameters: what numbers need, beside [`Space::acts_on`] which reports need.
#[derive(Debug, Clone, PartialEq)]
pub enum Generators {
    /// Matrices on joined axes, an independent one for each position of `over`.
    Matrices {
        /// Where.
        frames: Vec<MatrixFrame>,
        /// Which.
        family: Family,
        /// Gains of the space: matrices act conjugated by them, permutations move them.
        gains: Vec<(ParameterId, usize)>,
    },
    /// Matrices of GL on a space of several parts.
    Parallel {
        /// For each part its frames; the frames of equal position in all parts are one axis of the space.
        parts: Vec<Vec<MatrixFrame>>,
    },
    /// Of weights that the program assembles from parameters, in terms of those weights as free parameters.
    Assembled {
        /// How those move.
        inner: Box<Generators>,
        /// Whether only what keeps frozen entries is meant.
        frozen: bool,
    },
    /// Of weights that are expressions of parameters, in terms of free ones: each is taken back to one factor of the expression.
    Reparametrised {
        /// How those move.
        inner: Box<Generators>,
    },
    /// In terms of the program without the skips beside its matrices, which take up a multiple of 1, see `skips`.
    Skipless {
        /// How the elements move its weights.
        inner: Box<Generators>,
    },
    /// Matrices on an axis each that keep Σ aᵢ zᵢ², with the entries of a parameter for a.
    Form {
        /// Where.
        frames: Vec<MatrixFrame>,
        /// a.
        form: ParameterId,
    },
    /// Any change of a parameter that is antisymmetric in two of its axes.
    Antisymmetric {
        /// The parameter.
        parameter: ParameterId,
        /// The axes.
        axes: [usize; 2],
    },
    /// Permutations of the space, scales and signs.
    Units {
        /// Axes that are permuted.
        permuted: Vec<UnitAxis>,
        /// Independent scale fields.
        scales: Vec<Field>,
        /// Independent sign fields; of a coefficient only its parity counts.
        signs: Vec<Field>,
    },
    /// Shifts of the arguments of periodic functions.
    Turns {
        /// Shifts by half a period, with the signs that they change.
        halves: Vec<HalfTurn>,
        /// A parameter whose entries may be shifted by multiples of a number.
        whole: (ParameterId, f64),
    },
    /// Permutations of branches as wholes.
    Branches {
        /// For each branch its parameters, corresponding ones at equal positions.
        parts: Vec<Vec<ParameterId>>,
        /// For each parameter of a branch the axes whose positions are permuted independently.
        over: Vec<Vec<usize>>,
    },
    /// Any change of parameters along some of their axes, taken back by parameters behind them.
    Trade {
        /// Parameters, each with the axes along which its change may vary.
        shifts: Vec<(ParameterId, Vec<usize>)>,
    },
    /// Of a program with masked parameters, in terms of the one with all their entries trained: what leaves the frozen entries alone.
    Masked {
        /// How the elements of one row of that program, or of several, move its parameters.
        rows: Vec<Generators>,
        /// Which of them.
        surviving: Surviving,
    },
    /// In terms of the program with its axes split, see [`crate::splits`].
    Split {
        /// How the elements move its parameters.
        inner: Box<Generators>,
    },
    /// In terms of the program with its axes cut, see [`crate::cuts`].
    Cut {
        /// How the elements move its parameters.
        inner: Box<Generators>,
    },
    /// Any solution of the system of constants that a parameter is in.
    Constants {
        /// The parameter.
        parameter: ParameterId,
    },
    /// Any n ⊗ z with n in the kernel of the axis.
    Kernels {
        /// Axes, with the least dimension of the kernel.
        axes: Vec<(ParameterId, usize, u128)>,
    },
}

/// Which elements of groups leave frozen entries where they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Surviving {
    /// All elements that move only these units.
    Units(Vec<usize>),
    /// Scales and signs of units that frozen entries join, a list of shares each.
    Factors {
        /// Independent scales.
        scales: Vec<Vec<Share>>,
        /// Independent signs.
        signs: Vec<Vec<Share>>,
    },
    /// The generators whose rates vanish at the frozen entries.
    Directions,
}

/// One tuple of a field, which a scale multiplies with λ^amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The number of the row.
    pub row: usize,
    /// The number of the field among the row's scale fields, or sign fields.
    pub field: usize,
    /// The tuple.
    pub tuple: usize,
    /// The exponent.
    pub amount: f64,
}

/// The axes of a parameter that run over units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitAxis {
    /// The parameter.
    pub parameter: ParameterId,
    /// The axes that form the units' index, in the order of the spaces; mostly one.
    pub axes: Vec<usize>,
    /// The axes whose positions have permutations of their own, in the order of the spaces.
    pub over: Vec<usize>,
}

/// A matrix acting on joined axes of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixFrame {
    /// The parameter.
    pub parameter: ParameterId,
    /// The axes that form its index, in the order of the spaces.
    pub axes: Vec<usize>,
    /// The axes whose positions have matrices of their own, in the order of the spaces.
    pub over: Vec<usize>,
    /// g⁻ᵀ instead of g.
    pub dual: bool,
    /// Vectors of weights v with exponents: D·g·D⁻¹ with D = ∏ diag(v)^exponent instead of g.
    pub gains: Gains,
}

/// One number for each tuple of positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The number of positions of each index.
    pub sizes: Vec<u128>,
    /// What it does.
    pub entries: Vec<FieldEntry>,
    /// Values whose positions change from s to c − s where the sign is negative: point-symmetric functions, with c.
    pub complements: Vec<(sym_ir::ValueId, Vec<usize>, f64)>,
    /// Sums with frozen terms, which are not scaled: parameters behind them take back the difference.
    pub offsets: Vec<Offset>,
}

/// A sum with frozen terms, the rest of which is scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Offset {
    /// The sum.
    pub value: sym_ir::ValueId,
    /// Its axes that give the tuple.
    pub axes: Vec<usize>,
    /// The sum is multiplied by λ^degree.
    pub degree: Degree,
    /// The frozen terms.
    pub frozen: Vec<sym_ir::ValueId>,
}

/// One half turn for each tuple of positions.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfTurn {
    /// What changes sign.
    pub signs: Field,
    /// What is shifted: parameters, the axes that give the tuple, and by how much.
    pub shifts: Vec<(ParameterId, Vec<usize>, f64)>,
}

/// What a field does to one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldEntry {
    /// The parameter.
    pub parameter: ParameterId,
    /// The axes that give the tuple.
    pub axes: Vec<usize>,
    /// λ^degree is multiplied in; for a shift, degree · ln λ is added.
    pub degree: Degree,
    /// Whether it shifts.
    pub shift: bool,
}

/// A group in structured form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// One element.
    Trivial,
    /// `S_n`: permutations.
    Permutation(u128),
    /// `B_n`: permutations with signs.
    SignedPermutation(u128),
    /// Permutations with positive scales, `factors` independent scales a unit.
    PositiveMonomial {
        /// Units.
        size: u128,
        /// Scales a unit.
        factors: u128,
    },
    /// Permutations with scales of either sign, `factors` independent scales a unit.
    Monomial {
        /// Units.
        size: u128,
        /// Scales a unit.
        factors: u128,
    },
    /// Permutations with `factors` positive scales and `signs` independent signs a unit.
    MixedMonomial {
        /// Units.
        size: u128,
        /// Positive scales a unit.
        factors: u128,
        /// Signs a unit.
        signs: u128,
    },
    /// Scales without permutations: `dim` of them, positive or of either sign.
    Rescaling {
        /// Dimension.
        dim: u128,
        /// Either sign.
        signed: bool,
    },
    /// `GL(n)`.
    GeneralLinear(u128),
    /// `O(n)`.
    Orthogonal(u128),
    /// The orthogonal n×n matrices that keep the vector of ones, O(n − 1).
    OrthogonalFixingOnes(u128),
    /// Scalings and rotations of so many pairs, (ℂ^×)ᵏ.
    Complex(u128),
    /// The n×n matrices that keep a quadratic form given by weights, O(p, q).
    Form(u128),
    /// Rotations of so many pairs, U(1)ᵏ.
    Unitary(u128),
    /// Translations of a dimension.
    Translation(u128),
    /// Directions that are no linear group (a bottleneck, a parallel path), of a dimension.
    Directions(u128),
    /// Shifts of so many phases by whole periods, or by halves of them that change signs: ℤⁿ.
    Turns {
        /// Phases.
        count: u128,
        /// Whether halves are among them.
        halves: bool,
    },
    /// Signs alone, 2ⁿ.
    Signs(u128),
    /// Direct product.
    Product(Vec<Group>),
    /// One copy per position of another space, permuted with it: a wreath product.
    Wreath {
        /// The copied group.
        inner: Box<Group>,
        /// Number of copies.
        copies: u128,
        /// Whether the copies may be permuted.
        permuted: bool,
    },
}

/// Kinds of symmetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// θ → gθ with g independent of θ.
    Linear,
    /// With a shift, whose coefficients may depend on θ.
    Affine,
    /// Linear after a vector parameter is folded into a neighbour; conjugated by it.
    Gauge,
    /// θ-dependent directions behind a map with a kernel.
    Bottleneck,
}

/// How a group acts on one axis of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The parameter.
    pub parameter: ParameterId,
    /// Its axis; `None` where it acts on entries as wholes (a scalar, a shift).
    pub axis: Option<usize>,
    /// The frame.
    pub frame: Frame,
}

/// A frame of a parameter's axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// g, a full matrix.
    Primal,
    /// g⁻ᵀ.
    Dual,
    /// Permuted with the space; scaled by λᵢ^degree, one degree for each independent scale of a unit; changing sign with the unit.
    Monomial {
        /// Exponents, one per independent scale.
        degrees: Vec<Degree>,
        /// Whether a unit's sign flip changes its sign.
        sign: bool,
    },
    /// Shifted.
    Shift,
}

/// A rational exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Degree {
    /// Numerator.
    pub numerator: i64,
    /// Denominator, positive.
    pub denominator: i64,
}

/// A symmetric state of a group: the fixed set of one of its subgroups (`symmetry.md` §4).
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What.
    pub kind: StateKind,
    /// In words, such as `units i and j identical`.
    pub description: String,
    /// `rank(P_G)` for the whole model in that state.
    pub rank: u128,
    /// D − `rank(P_G)`.
    pub removed: u128,
    /// `rank(P_G)` as a formula in the sizes.
    pub formula: String,
}

/// Kinds of symmetric states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// All units identical.
    Identical,
    /// Two units identical.
    PairIdentical,
    /// One unit the negative of another.
    PairOpposite,
    /// A unit with vanishing weights in and out.
    DeadUnit,
    /// One dimension of a linear space unused.
    LowRank,
    /// A gate and what it gates vanish.
    GateClosed,
}

/// Conserved quantities under gradient flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conserved {
    /// Formula, such as `|fc1.weight[i,:]|² + fc1.bias[i]² − |fc2.weight[:,i]|²`.
    pub formula: String,
    /// How many.
    pub count: u128,
}

/// The part of a group that an objective and its dynamics keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Under loss and decay.
    pub objective: Group,
    /// Under the optimiser as well.
    pub dynamics: Group,
}

/// How far a symmetry is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Follows from the rules.
    Derived,
    /// And numbers confirm it.
    Verified,
    /// Holds up to a small size.
    Approximate,
    /// Declared by the user.
    Assumed,
    /// Numbers contradict it.
    Refuted,
}

/// One step of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The operation.
    pub span: Span,
    /// What it does to the space.
    pub text: String,
}
