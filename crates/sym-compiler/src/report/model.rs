//! The symmetries of one model as rows.

use super::Integer;
use serde::Serialize;
use sym_infer::{Action, Class, Derivation, Frame, Group, Space, StateKind, Status, Symmetries};
use sym_ir::Program;
use sym_ir::experiment::{DecayKind, Loss, Rule, Train};

/// A model's symmetries.
#[derive(Debug, Clone, Serialize)]
pub struct ModelReport {
    /// The model; with its arguments where a `train` or `theorem` item gives some.
    pub name: String,
    /// The file.
    pub file: String,
    /// D: the number of trainable entries.
    pub parameters: Integer,
    /// What masks freeze, where the model has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<MasksRow>,
    /// One row a space.
    pub spaces: Vec<SpaceRow>,
    /// Dimension of the whole continuous group.
    pub continuous_dim: Integer,
    /// log₁₀ of the order of the whole discrete part.
    pub log10_order: f64,
    /// What the proof found, where one was made.
    pub verify: Option<VerifyRow>,
    /// Why a proof counted flat directions at no miniature, or at fewer than three.
    pub uncounted: Option<String>,
    /// What the proof found at given weights, where some were given.
    pub at_weights: Option<AtWeightsRow>,
    /// What its interventions did, in order.
    pub interventions: Vec<super::InterventionRow>,
    /// How nearly the symmetries still hold that they broke, where that was measured.
    pub effective: Option<Vec<super::EffectiveRow>>,
    /// What the objective and the dynamics of each `train` item keep.
    pub training: Vec<TrainingReport>,
}

/// Entries of trained parameters that masks freeze.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MasksRow {
    /// How many.
    pub frozen: Integer,
    /// Entries of trained parameters, frozen ones among them.
    pub entries: Integer,
    /// Whether each was looked at; if not, units that no frozen entry touches were not looked for.
    pub listed: bool,
}

/// A space with its group.
#[derive(Debug, Clone, Serialize)]
pub struct SpaceRow {
    /// Its name, as selectors use it.
    pub name: String,
    /// Positions.
    pub size: Integer,
    /// The group.
    pub group: String,
    /// Its class.
    pub class: Class,
    /// Dimension of its continuous part.
    pub continuous_dim: Integer,
    /// log₁₀ of the order of its discrete part.
    pub log10_order: f64,
    /// What it moves.
    pub acts_on: Vec<ActionRow>,
    /// Its symmetric states.
    pub states: Vec<StateRow>,
    /// Its conserved quantities.
    pub conserved: Vec<ConservedRow>,
    /// Proof status.
    pub status: Status,
    /// How far a claim is from holding with the declared ε of the norms, where it is approximate and was measured.
    pub epsilon_residual: Option<f64>,
    /// How it was derived, in order.
    pub derivation: Vec<ReasonRow>,
    /// The operation that left the group no larger, where the derivation was asked for.
    pub decision: Option<DecisionRow>,
}

/// A parameter's axis that a group moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionRow {
    /// The parameter.
    pub param: String,
    /// The axis, from 0; `null` where entries move as wholes.
    pub axis: Option<usize>,
    /// How: see [`frame`].
    pub frame: String,
}

/// A symmetric state.
#[derive(Debug, Clone, Serialize)]
pub struct StateRow {
    /// Its kind.
    pub kind: StateKind,
    /// In words.
    pub description: String,
    /// `rank(P_G)`.
    pub rank: Integer,
    /// D − `rank(P_G)`.
    pub removed: Integer,
    /// `rank(P_G)` in the sizes.
    pub formula: String,
}

/// Conserved quantities of one form.
#[derive(Debug, Clone, Serialize)]
pub struct ConservedRow {
    /// The form.
    pub formula: String,
    /// How many.
    pub count: Integer,
}

/// A step of a derivation.
#[derive(Debug, Clone, Serialize)]
pub struct ReasonRow {
    /// What the operation does to the space.
    pub text: String,
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// How many operations stand there: repeated layers stand in one place.
    pub count: usize,
}

/// The operation that left a group no larger.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionRow {
    /// The group that it excluded.
    pub excluded: String,
    /// The operation.
    pub subject: String,
    /// What it is or does.
    pub predicate: String,
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// The numbers of a proof.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own in the JSON form")]
pub struct VerifyRow {
    /// The shape of each trainable parameter at which completeness was decided.
    pub sizes: std::collections::BTreeMap<String, Vec<Integer>>,
    /// Whether these are the sizes of a miniature, not the model's own.
    pub miniature: bool,
    /// Whether every direction is flat, or is not, beyond rounding.
    pub decided: bool,
    /// D at these sizes.
    pub parameters: Integer,
    /// rank J.
    pub rank: Integer,
    /// D − rank J.
    pub flat: Integer,
    /// rank T.
    pub explained: Integer,
    /// Flat directions beyond these of parameters that decide nothing but a choice.
    pub undecided: Integer,
    /// flat − explained − undecided.
    pub unexplained: Integer,
    /// The largest relative residual of the soundness checks.
    pub max_residual: f64,
    /// Whether soundness was checked at the model's own sizes; otherwise at those of the first miniature.
    pub sound_at_true_sizes: bool,
    /// The bytes that a check at the model's own sizes would take, where that is more than the limit.
    pub too_large: Option<Integer>,
    /// Generic points at which the rank was taken; it is the largest.
    pub points: Integer,
    /// Inputs at the point with the largest rank.
    pub examples: Integer,
    /// Whether the counts are for the activation regions of these inputs: units have kinks.
    pub regional: bool,
    /// The least number of inputs on which two connected units are active together; `null` where units forget no input.
    pub least_active: Option<Integer>,
    /// The parameters that directions move which nothing explains, or of which nothing is decided; the largest share first.
    pub moved: Vec<MovedRow>,
    /// The counts at each assignment of sizes, where directions were counted on miniatures; the first is the one above.
    pub miniatures: Vec<MiniatureRow>,
    /// The residual of the approximate claims with the declared ε of the norms; all else is proved at ε = 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon_residual: Option<f64>,
    /// Whether that residual was measured on the first miniature.
    pub epsilon_on_miniature: bool,
}

/// How much of some directions is in a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MovedRow {
    /// The parameter.
    pub param: String,
    /// Its part of the squared length.
    pub share: f64,
}

/// A rule that a miniature does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DepartureRow {
    /// The rule: `images`, `order`, `blocks` or `sums`.
    pub rule: String,
    /// What does not hold without it.
    pub text: String,
    /// Sizes that break it.
    pub example: String,
}

/// The counts at one assignment of sizes.
#[derive(Debug, Clone, Serialize)]
pub struct MiniatureRow {
    /// The shape of each trainable parameter.
    pub sizes: std::collections::BTreeMap<String, Vec<Integer>>,
    /// The rules of miniatures that these sizes do not keep.
    pub departures: Vec<DepartureRow>,
    /// D at these sizes.
    pub parameters: Integer,
    /// rank J.
    pub rank: Integer,
    /// D − rank J.
    pub flat: Integer,
    /// rank T.
    pub explained: Integer,
    /// Flat directions beyond these of parameters that decide nothing but a choice.
    pub undecided: Integer,
    /// flat − explained − undecided.
    pub unexplained: Integer,
}

/// The numbers of a proof at given weights. Counts are `null` for a model that is too large to count them at its own sizes.
#[derive(Debug, Clone, Serialize)]
pub struct AtWeightsRow {
    /// The file of the weights.
    pub file: String,
    /// rank J there.
    pub rank: Option<Integer>,
    /// D − rank J.
    pub flat: Option<Integer>,
    /// rank T.
    pub explained: Option<Integer>,
    /// Flat directions beyond these of parameters that decide nothing but a choice.
    pub undecided: Option<Integer>,
    /// flat − explained − undecided.
    pub unexplained: Option<Integer>,
    /// The largest relative residual of the soundness checks.
    pub max_residual: f64,
}

/// What a `train` item keeps of a model's symmetry.
#[derive(Debug, Clone, Serialize)]
pub struct TrainingReport {
    /// The `train` item.
    pub name: String,
    /// Loss and optimiser in words.
    pub objective: String,
    /// One row a space.
    pub spaces: Vec<TrainingRow>,
}

/// What a `train` item keeps of one space's symmetry.
#[derive(Debug, Clone, Serialize)]
pub struct TrainingRow {
    /// The space.
    pub name: String,
    /// The model's group.
    pub model: String,
    /// The objective's.
    pub objective: String,
    /// The dynamics'.
    pub dynamics: String,
}

impl MasksRow {
    fn new(program: &Program) -> Self {
        let frozen = program.masked_entries();
        Self {
            frozen: Integer(frozen),
            entries: Integer(program.trainable_entries().unwrap_or(u128::MAX).saturating_add(frozen)),
            listed: !sym_infer::masks::has_unlisted(program),
        }
    }
}

impl ModelReport {
    /// The rows of a program's symmetries.
    pub fn new(sources: &sym_diagnostics::Sources, name: &str, program: &Program, symmetries: &Symmetries, file: &str) -> Self {
        Self {
            name: name.to_string(),
            file: file.to_string(),
            parameters: Integer(program.trainable_entries().unwrap_or(u128::MAX)),
            masks: program.has_masks().then(|| MasksRow::new(program)),
            spaces: symmetries.spaces.iter().map(|space| SpaceRow::new(sources, program, space)).collect(),
            continuous_dim: Integer(symmetries.continuous_dim),
            log10_order: symmetries.spaces.iter().map(|space| space.log10_order).sum::<f64>() + 0.0,
            verify: None,
            uncounted: None,
            at_weights: None,
            interventions: Vec::new(),
            effective: None,
            training: Vec::new(),
        }
    }

    /// Notes the measured sizes of approximate claims, in the order of spaces.
    pub fn measure(&mut self, sizes: &[Option<f64>]) {
        for (space, size) in self.spaces.iter_mut().zip(sizes) {
            space.epsilon_residual = *size;
        }
    }

    /// Adds the rows of declared symmetries. They are no part of the sums.
    pub fn assume(&mut self, sources: &sym_diagnostics::Sources, program: &Program, assumed: &[Space]) {
        self.spaces.extend(assumed.iter().map(|space| SpaceRow::new(sources, program, space)));
    }
}

impl ModelReport {
    /// Works out the whole derivation of the spaces of this name.
    pub fn explain(&mut self, sources: &sym_diagnostics::Sources, program: &Program, space: &str) {
        let wanted = |name: &str| name == space;
        for (name, derivation) in sym_infer::derivations(program, &wanted) {
            if let Some(row) = self.spaces.iter_mut().find(|row| row.name == name) {
                row.derive(sources, &derivation);
            }
        }
    }
}

impl SpaceRow {
    fn new(sources: &sym_diagnostics::Sources, program: &Program, space: &Space) -> Self {
        Self {
            name: space.name.clone(),
            size: Integer(space.size),
            group: group(&space.group),
            class: space.class,
            continuous_dim: Integer(space.continuous_dim),
            log10_order: space.log10_order,
            acts_on: space
                .acts_on
                .iter()
                .map(|Action { parameter, axis, frame: of }| ActionRow {
                    param: program.parameter(*parameter).path.clone(),
                    axis: *axis,
                    frame: frame(of, permutes(&space.group)),
                })
                .collect(),
            states: space
                .states
                .iter()
                .map(|state| StateRow {
                    kind: state.kind,
                    description: state.description.clone(),
                    rank: Integer(state.rank),
                    removed: Integer(state.removed),
                    formula: state.formula.clone(),
                })
                .collect(),
            conserved: space
                .conserved
                .iter()
                .map(|conserved| ConservedRow { formula: conserved.formula.clone(), count: Integer(conserved.count) })
                .collect(),
            status: space.status,
            epsilon_residual: None,
            derivation: space.reasons.iter().map(|reason| ReasonRow::new(sources, &reason.text, reason.span, 1)).collect(),
            decision: None,
        }
    }

    /// Replaces the short derivation by a whole one.
    pub fn derive(&mut self, sources: &sym_diagnostics::Sources, derivation: &Derivation) {
        self.derivation =
            derivation.steps.iter().map(|step| ReasonRow::new(sources, &step.text, step.span, step.count)).collect();
        self.decision = derivation.decision.as_ref().map(|decision| {
            let file = sources.file(decision.span.file);
            let position = file.position(decision.span.start);
            DecisionRow {
                excluded: decision.excluded.clone(),
                subject: decision.subject.clone(),
                predicate: decision.predicate.clone(),
                file: file.name.clone(),
                line: position.line,
                column: position.column,
            }
        });
    }
}

impl ReasonRow {
    fn new(sources: &sym_diagnostics::Sources, text: &str, span: sym_diagnostics::Span, count: usize) -> Self {
        let file = sources.file(span.file);
        let position = file.position(span.start);
        Self { text: text.to_string(), file: file.name.clone(), line: position.line, column: position.column, count }
    }
}

impl TrainingReport {
    /// What a `train` item keeps, from symmetries whose `kept` is filled in.
    pub fn new(train: &Train, symmetries: &Symmetries) -> Self {
        let spaces = symmetries
            .spaces
            .iter()
            .filter_map(|space| {
                let kept = space.kept.as_ref()?;
                Some(TrainingRow {
                    name: space.name.clone(),
                    model: group(&space.group),
                    objective: group(&kept.objective),
                    dynamics: group(&kept.dynamics),
                })
            })
            .collect();
        Self { name: train.name.clone(), objective: objective(train), spaces }
    }
}

/// Loss, optimiser and decay in words.
fn objective(train: &Train) -> String {
    let loss = match train.loss {
        Loss::Mse => "mse",
        Loss::CrossEntropy => "cross_entropy",
    };
    let rule = match train.optimizer.rule {
        Rule::Sgd { momentum: 0.0, .. } => "gradient descent".to_string(),
        Rule::Sgd { momentum, nesterov } => format!("{}momentum {momentum}", if nesterov { "Nesterov " } else { "" }),
        Rule::Adam { .. } => "adam".to_string(),
    };
    let decay = match (train.optimizer.decay, train.optimizer.decay_kind) {
        (0.0, _) => String::new(),
        (decay, DecayKind::Coupled) => format!(", coupled decay {decay}"),
        (decay, DecayKind::Decoupled) => format!(", decoupled decay {decay}"),
    };
    format!("{loss}, {rule}{decay}")
}

/// A group's name.
fn group(group: &Group) -> String {
    group.to_string()
}

/// Whether a group exchanges positions.
fn permutes(group: &Group) -> bool {
    match group {
        Group::Rescaling { .. }
        | Group::Signs(_)
        | Group::Translation(_)
        | Group::Directions(_)
        | Group::Turns { .. }
        | Group::Trivial => false,
        Group::Product(parts) => parts.iter().any(permutes),
        Group::Wreath { inner, .. } => permutes(inner),
        Group::Permutation(_)
        | Group::SignedPermutation(_)
        | Group::PositiveMonomial { .. }
        | Group::Monomial { .. }
        | Group::MixedMonomial { .. }
        | Group::GeneralLinear(_)
        | Group::Orthogonal(_)
        | Group::OrthogonalFixingOnes(_)
        | Group::Complex(_)
        | Group::Form(_)
        | Group::Unitary(_) => true,
    }
}

/// A frame in one symbol: `g`, `g⁻ᵀ`, `π` for a permutation, `±π` with signs, `πλ^-1` with a scale, `λ` for a scale alone, `+` for a shift.
fn frame(frame: &Frame, permuted: bool) -> String {
    match frame {
        Frame::Primal => "g".to_string(),
        Frame::Dual => "g⁻ᵀ".to_string(),
        Frame::Shift => "+".to_string(),
        Frame::Monomial { degrees, sign } => {
            let several = degrees.len() > 1;
            let scales: Vec<String> = degrees
                .iter()
                .enumerate()
                .filter(|(_, degree)| degree.numerator != 0)
                .map(|(at, degree)| {
                    let name = if several { format!("λ{}", at + 1) } else { "λ".to_string() };
                    match (degree.numerator, degree.denominator) {
                        (1, 1) => name,
                        (power, 1) => format!("{name}^{power}"),
                        (power, root) => format!("{name}^({power}/{root})"),
                    }
                })
                .collect();
            format!("{}{}{}", if *sign { "±" } else { "" }, if permuted { "π" } else { "" }, scales.join("·"))
        }
    }
}
