//! The typed form of a file: its models as programs, and what `data`, `train`, `theorem`, `figure`, `expect` and `assume` items state.
//!
//! Everything here is resolved: profile and `--set` are applied, names are checked, defaults are filled in.

mod between;
mod data;
mod ending;
mod figure;
mod measurement;
mod schedule;
mod sweep;

pub use between::{BarrierOf, Between, Likeness};
pub use data::{Augmentation, Data, DataSource, Distribution, FileFormat, FileSource, Normalisation, Preparation};
pub use ending::{Best, Keep, Stop};
pub use figure::{Across, Figure, LogarithmicOf, Profile, Series};
pub use measurement::{Measured, Measurement};
pub use schedule::{Course, Schedule};
pub use sweep::{Plotted, SettingValue, Statistic, Sweep, SweepPlot, SweepRun};

use crate::Program;
use crate::intervention::Edit;
pub use crate::probes::{Probe, ProbeKind};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sym_diagnostics::{Diagnostic, Span};

/// A compiled file. Items with errors are missing; the diagnostics say why.
#[derive(Debug, Default)]
pub struct Document {
    /// Models by name, in source order: those that can be elaborated with their defaults alone.
    pub models: IndexMap<String, Model>,
    /// Data sets by name.
    pub data: IndexMap<String, Data>,
    /// Training runs by name.
    pub trains: IndexMap<String, Train>,
    /// Sweeps by name.
    pub sweeps: IndexMap<String, Sweep>,
    /// Measurements of given weights by name.
    pub measurements: IndexMap<String, Measurement>,
    /// Theorems by name.
    pub theorems: IndexMap<String, Theorem>,
    /// Figures, in source order.
    pub figures: Vec<Figure>,
    /// `expect` items, in source order.
    pub expectations: Vec<Claim>,
    /// `assume` items, in source order.
    pub assumptions: Vec<Claim>,
    /// The profiles that its items have.
    pub profiles: Vec<String>,
    /// Everything that is to be said about the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// The program of a run, of a measurement, or of a model by its defaults.
    pub fn program(&self, name: &str) -> Option<&Program> {
        let given = || self.measurements.get(name).map(|measurement| &measurement.program);
        let run = self.trains.get(name).map(|train| &train.program).or_else(given);
        run.or_else(|| self.models.get(name).map(|model| &model.program))
    }
}

/// A model with where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its program.
    pub program: Program,
    /// The interventions that made it, in order.
    pub edits: Vec<Edit>,
    /// The item.
    pub span: Span,
}

/// A training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// Name.
    pub name: String,
    /// The model as written, for reports.
    pub model: String,
    /// The model's program.
    pub program: Program,
    /// The interventions that made it, in order.
    pub edits: Vec<Edit>,
    /// Name of the data set.
    pub data: String,
    /// Loss.
    pub loss: Loss,
    /// ε of label smoothing: only what is trained on has it, not what is measured.
    pub smoothing: f64,
    /// Initial values, applied in order.
    pub init: Vec<Init>,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// How its learning rate changes.
    pub schedule: Schedule,
    /// The largest norm of the gradient of all trained entries together; a longer one is shortened to it.
    pub clip: Option<f64>,
    /// Which statistics its batch norms use where `test_loss`, `test_accuracy` and the reduced model are measured.
    pub statistics: Statistics,
    /// Examples a step; `None` is all of them.
    pub batch: Option<u64>,
    /// Steps.
    pub steps: u64,
    /// Seeds; each is a run of its own.
    pub seeds: Vec<u64>,
    /// What is measured how often.
    pub measures: Vec<Measure>,
    /// Every so many steps a checkpoint; `None` lets the runtime choose.
    pub checkpoint: Option<u64>,
    /// What ends it before its last step.
    pub stop: Vec<Stop>,
    /// Weights that stay beside the final ones.
    pub keep: Vec<Keep>,
    /// The item.
    pub span: Span,
}

/// What batch norms use in evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// Means over the steps of training: each step, a share of them is replaced by those of its batch, as in PyTorch.
    Running {
        /// The share, above 0 and at most 1.
        momentum: f64,
    },
    /// Those of the examples that are evaluated together.
    Batch,
}

impl Default for Statistics {
    fn default() -> Self {
        Self::Running { momentum: 0.1 }
    }
}

/// A loss: the mean over examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Mean of squared differences over examples and output entries (PyTorch's `MSELoss`).
    Mse,
    /// Cross-entropy of logits against class numbers.
    CrossEntropy,
}

/// One step of initialisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Init {
    /// How.
    pub kind: InitKind,
    /// Which parameters: globs over paths (`fc*`, `fc1.weight`); a block's path means all its parameters. Empty means all.
    pub targets: Vec<String>,
    /// Where it is written.
    pub span: Span,
}

/// Ways to initialise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitKind {
    /// Each parameter's own default (PyTorch's, for the standard library).
    Default,
    /// `kaiming`: tensors of rank ≥ 2 normal with std √2/√fan-in (PyTorch's `kaiming_normal_` with its default gain); others zero.
    Kaiming,
    /// `kaiming_uniform`: uniform with bound √6/√fan-in; others zero.
    KaimingUniform,
    /// `xavier`: normal with std √(2/(fan-in + fan-out)); others zero.
    Xavier,
    /// `normal(std: s)`: every entry.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// `uniform(bound: b)`: every entry.
    Uniform {
        /// Half-width.
        bound: f64,
    },
    /// `constant(c)`: every entry.
    Constant {
        /// Value.
        value: f64,
    },
    /// `scaled(s)`: multiplies what is there.
    Scaled {
        /// Factor.
        factor: f64,
    },
    /// `merged(fc*, jitter: 1e-6)`: in every unit space of the selected layers all units become alike (the mean over the space), then
    /// every entry of the selected parameters gets normal noise of that standard deviation.
    Merged {
        /// Standard deviation of the noise.
        jitter: f64,
    },
    /// `from("weights.safetensors")`: the values that a file of weights holds under the parameters' stored names. Without selectors the file
    /// must fit the model as a whole, frozen tensors included; with selectors only what they select is read.
    File {
        /// Path as written, relative to the `.sym` file.
        path: String,
    },
}

/// An optimiser. All hyperparameters are double precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Optimizer {
    /// Update rule.
    pub rule: Rule,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weight decay γ.
    pub decay: f64,
    /// How the decay enters.
    pub decay_kind: DecayKind,
    /// Examples a step, where the optimiser of a theorem says so (`sgd(lr: 0.05, batch: 32)`).
    pub batch: Option<u64>,
}

/// Update rules.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Gradient descent: `gd` on all examples, `sgd` on batches. PyTorch's momentum: v ← μv + g, θ ← θ − ηv (Nesterov: θ − η(g + μv)).
    Sgd {
        /// μ; 0 for none.
        momentum: f64,
        /// Nesterov's form.
        nesterov: bool,
    },
    /// Adam with PyTorch's defaults β = (0.9, 0.999), ε = 1e-8.
    Adam {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
        /// ε.
        epsilon: f64,
    },
}

/// How weight decay enters an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecayKind {
    /// γθ is added to the gradient: the gradient of ½γ‖θ‖².
    Coupled,
    /// θ shrinks by ηγ before the step (AdamW).
    Decoupled,
}

/// Probes with their interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Every so many steps, from step 0; the last step is measured too.
    pub every: u64,
    /// Probes.
    pub probes: Vec<Probe>,
}

/// A theorem to execute: a full and a reduced model trained side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Theorem {
    /// Name.
    pub name: String,
    /// The model as written.
    pub model: String,
    /// The model's program.
    pub program: Program,
    /// The symmetric state.
    pub state: Vec<StateClause>,
    /// The data set; normal inputs and targets of a random teacher of the same model where absent.
    pub data: Option<String>,
    /// Loss.
    pub loss: Loss,
    /// Optimisers, each a run.
    pub optimizers: Vec<Optimizer>,
    /// Steps.
    pub steps: u64,
    /// Seed.
    pub seed: u64,
    /// Whether the initial weights are projected with P_G; if not, the state must hold already.
    pub projected: bool,
    /// After how many steps the full model's weights are projected again, so that rounding across the state cannot grow for longer.
    pub reproject: Option<u64>,
    /// The largest relative divergence allowed.
    pub tolerance: f64,
    /// Below which relative distance from A⁺b gradient descent on the linearised model is claimed to end (PSU, Eqs. 19, 25).
    pub least_squares: Option<f64>,
    /// The item.
    pub span: Span,
}

/// One clause of a symmetric state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateClause {
    /// What is done to the units.
    pub verb: StateVerb,
    /// The layer or space, such as `fc1`.
    pub target: String,
    /// The units concerned, `low..high`; all where absent.
    pub units: Option<(u128, u128)>,
    /// Where it is written.
    pub span: Span,
}

/// What a state does to units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateVerb {
    /// `merge fc1 into 8`: the units form that many classes of identical units, sizes as equal as can be, in order.
    Merge {
        /// Number of classes.
        classes: u128,
    },
    /// `merge_signed fc1 into 8`: as merge, but every second unit of a class is the negative of the first.
    MergeSigned {
        /// Number of classes.
        classes: u128,
    },
    /// `zero fc2[60..64]`: units with vanishing weights in and out.
    Zero,
    /// `low_rank fc1 to 3`: the units' space of a linear layer is cut to that dimension.
    LowRank {
        /// Dimension kept.
        rank: u128,
    },
}

/// `LEFT OP RIGHT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Left side.
    pub left: Quantity,
    /// Comparison.
    pub comparison: sym_syntax::ast::Comparison,
    /// Right side.
    pub right: Quantity,
    /// The claim as written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A side of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number.
    Number(f64),
    /// A group, such as `permutation(64)`.
    Group(GroupName),
    /// `symmetry(Plain.fc1)`, `symmetry(Run, of: objective)`.
    Symmetry {
        /// The model or training run.
        model: String,
        /// The space; all spaces together where absent.
        space: Option<String>,
        /// Whose symmetry.
        of: Carrier,
    },
    /// `dims(M)`: the number of trainable entries.
    Dims(String),
    /// `flat(M)`: the dimension of the continuous symmetry.
    ContinuousDim(String),
    /// A measured column of a run at some step; over several seeds, the mean.
    Measured {
        /// The training run.
        train: String,
        /// The column.
        probe: Probe,
        /// When.
        when: When,
    },
    /// `drop_ratio(Saddle.loss, breaking(fc1, threshold: 0.1), window: 200)`: mean decrease of the loss per step inside windows around
    /// breakings over that outside; over several seeds, the mean.
    DropRatio {
        /// The training run.
        train: String,
        /// The loss, on training examples or on the second part.
        loss: Probe,
        /// The breaking events.
        breaking: Probe,
        /// Half-width in steps.
        window: u64,
    },
    /// `highest(Run.spectrum(fc1.weight) at end)`, `mean(Run.rank(fc*.weight) at end)`: over the seeds of one run, all columns and all quantities of a
    /// glob.
    OfRun {
        /// Which number: `lowest`, `highest` or `mean`.
        statistic: Statistic,
        /// The training run or measurement.
        train: String,
        /// The quantities.
        probes: Vec<Probe>,
        /// When.
        when: When,
    },
    /// `barrier(A, B, aligned: true, points: 25)`, `alignment(A.h, B.k)`.
    Between(Between),
    /// `gauge_change(Heads.product_spectrum(attention.*))`: the largest relative change of measured columns under random elements of the connected
    /// groups: 0 where a report does not depend on the coordinates of the weights.
    GaugeChange {
        /// The measurement.
        measurement: String,
        /// The quantities.
        probes: Vec<Probe>,
    },
    /// `spearman(Decay.rank(fc1.weight) at end, width)`: a number of all runs of a sweep.
    OfSweep {
        /// Which number.
        statistic: Statistic,
        /// The sweep.
        sweep: String,
        /// The quantity.
        probe: Probe,
        /// When.
        when: When,
        /// The number of the setting that it is set against.
        setting: Option<usize>,
    },
    /// Arithmetic on numbers.
    Binary(sym_syntax::ast::BinaryOperator, Box<Quantity>, Box<Quantity>),
}

/// What carries a symmetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// f(θ, ·).
    Model,
    /// Loss, decay and constraints.
    Objective,
    /// The objective under the optimiser.
    Dynamics,
}

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The first measurement.
    Start,
    /// The last.
    End,
    /// The measurement at this step.
    Step(u64),
}

/// A group by its name in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName {
    /// `trivial`, `permutation`, `signed_permutation`, `monomial`, `positive_monomial`, `gl`, `o`, `translation`, `rescaling`,
    /// `positive_rescaling`, `signs`, `directions`.
    pub name: String,
    /// Its size; 0 for `trivial`, and where the file gives none: then it has the size of what it is compared with.
    pub size: u128,
}
