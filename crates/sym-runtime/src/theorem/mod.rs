//! Theorem 1, executed: a model at a symmetric state and the smaller model with `rank(P_G)` parameters follow one trajectory.
//!
//! Both train side by side in double precision on the same batches. Three things are watched over the whole run: the distance of θ from
//! expand(θ'), the distance of θ from its projection, and the curvature that explains how rounding grows. A symmetric state is usually a
//! saddle: across the fixed set a curvature λ₋ < 0 amplifies rounding by exp(∑ η|λ₋|) at any learning rate. A third model, the full one
//! with its examples summed in another order, shows how far rounding alone carries.

mod batches;
mod curvature;
mod examples;
mod explain;
mod extremes;
mod features;
mod lazy;
mod objective;
mod side_by_side;
mod stability;
mod student;
mod vectors;

pub use features::{Features, Near};
pub use lazy::{Lazy, Scaled};

use crate::data::{DataSet, Examples};
use crate::{Observer, Stream, init};
use burn::tensor::{DType, Device};
use explain::{beside_least_squares, beyond_the_mask, refuted, unmasked, without_reduced_dynamics};
use objective::Batch;
use serde::Serialize;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Symmetries, Weights};
use sym_ir::experiment::{Rule, Theorem};
use sym_lower::Module;
use sym_rewrite::{Coordinates, Reduction, reduce};
use vectors::{distance, norm};

/// What came of a theorem.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The theorem's name.
    pub name: String,
    /// The model as written.
    pub model: String,
    /// D: trainable entries of the full model.
    pub parameters: u128,
    /// `rank(P_G)`: trainable entries of the reduced model, counted by orbits of parameter entries.
    pub rank: u128,
    /// The bound on the divergence.
    pub tolerance: f64,
    /// The features at and near the initial weights: the lazy-regime half of the theorem. Absent where nothing could be executed.
    pub features: Option<Features>,
    /// The lazy regime in numbers, for models that are small enough to be linearised.
    pub lazy: Option<Lazy>,
    /// What was claimed of the limit of gradient descent on the linearised model.
    pub least_squares: Option<Bounded>,
    /// A run for every optimiser that has reduced dynamics.
    pub runs: Vec<Run>,
    /// Whether the observer ended it early.
    pub interrupted: bool,
    /// E0401, E0402, E0403.
    #[serde(skip)]
    pub diagnostics: Vec<Diagnostic>,
}

/// A claim that a number is below a bound.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bounded {
    /// The number; absent where it could not be measured.
    pub found: Option<f64>,
    /// The bound.
    pub bound: f64,
    /// Whether the number is below.
    pub holds: bool,
}

/// The two models under one optimiser.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// The optimiser as the language writes it.
    pub optimizer: String,
    /// `orthonormal`, or `copies` for Adam, which is not invariant under scaling.
    pub coordinates: &'static str,
    /// Steps done.
    pub steps: u64,
    /// After how many steps the full model was projected onto the state again.
    pub reproject: Option<u64>,
    /// The largest |θ − expand(θ')| / |θ| of the run.
    pub divergence: f64,
    /// The largest |θ − P θ| / |θ| of the run.
    pub off_state: f64,
    /// The largest |θ − θ″| / |θ| of the run, where θ″ is the full model with its examples summed in another order: the same mathematics
    /// with another rounding. Absent where there is only one example.
    #[serde(rename = "two_orders")]
    pub orders: Option<f64>,
    /// The same distances at equal parts of the run.
    pub moments: Vec<Moment>,
    /// The loss of the full model at the start.
    pub first_loss: f64,
    /// The loss of the full model at the end.
    pub last_loss: f64,
    /// The largest Hessian eigenvalue met, with decay; for Adam that of the preconditioned Hessian.
    pub sharpness: f64,
    /// Sharpness over the largest stable one: learning rate × sharpness / 2 for gradient descent. The edge of stability is at 1.
    pub edge: Option<f64>,
    /// The lowest curvature across the fixed set met; for Adam that of the preconditioned Hessian.
    pub transverse: f64,
    /// The factor, exp(∑ η|λ₋|) for gradient descent, by which rounding across the fixed set may have grown between two projections.
    pub growth: Option<f64>,
    /// The factor by which rounding within the fixed set may have grown.
    pub growth_within: Option<f64>,
    /// Whether edge and growth are estimates and no bounds: for Adam, whose preconditioner is taken to stand still.
    pub estimated: bool,
    /// Time of the full model's steps over that of the reduced one's.
    pub speed_up: f64,
    /// Whether the divergence is below the tolerance.
    pub holds: bool,
}

/// The features at the initial weights, over all examples.
fn lazy_regime(
    theorem: &Theorem,
    reduction: &Reduction,
    start: &Weights,
    examples: &Examples,
) -> Result<Features, Vec<Diagnostic>> {
    let device = Device::flex().autodiff();
    let module = Module::new(&theorem.program, start, &device, DType::F64)?;
    let all = Batch::new(&module, examples, &device);
    features::measure(reduction, start, &all, &mut Stream::new(theorem.seed, "theorem/features", &theorem.name))
}

/// The distances at one step.
#[derive(Debug, Clone, Serialize)]
pub struct Moment {
    /// Steps done.
    pub step: u64,
    /// |θ − expand(θ')| / |θ|.
    pub divergence: f64,
    /// |θ − P θ| / |θ|.
    pub off_state: f64,
    /// |θ − θ″| / |θ|, θ″ the full model in another order of summation.
    #[serde(rename = "two_orders")]
    pub orders: Option<f64>,
}

impl Moment {
    /// The larger of each distance.
    fn with(&self, other: &Self) -> Self {
        Self {
            step: other.step,
            divergence: self.divergence.max(other.divergence),
            off_state: self.off_state.max(other.off_state),
            orders: self.orders.zip(other.orders).map(|(one, other)| one.max(other)),
        }
    }
}

/// |θ₀ − P θ₀| / |θ₀| that rounding explains.
const PROJECTED: f64 = 1e-12;

/// Executes a theorem on its data set, or on examples of a random teacher where it names none.
pub fn execute(theorem: &Theorem, symmetries: &Symmetries, data: Option<&DataSet>, observer: &dyn Observer) -> Report {
    let mut report = Report {
        name: theorem.name.clone(),
        model: theorem.model.clone(),
        parameters: theorem.program.trainable_entries().unwrap_or(u128::MAX),
        rank: 0,
        features: None,
        lazy: None,
        least_squares: None,
        tolerance: theorem.tolerance,
        runs: Vec::new(),
        interrupted: false,
        diagnostics: Vec::new(),
    };
    if let Err(diagnostics) = run_all(theorem, symmetries, data, observer, &mut report) {
        report.diagnostics.extend(diagnostics);
    }
    report
}

fn run_all(
    theorem: &Theorem,
    symmetries: &Symmetries,
    data: Option<&DataSet>,
    observer: &dyn Observer,
    report: &mut Report,
) -> Result<(), Vec<Diagnostic>> {
    sym_lower::check(&theorem.program)?;
    let orthonormal = reduce(&theorem.program, symmetries, &theorem.state, Coordinates::Orthonormal)?;
    let copies = reduce(&theorem.program, symmetries, &theorem.state, Coordinates::Copies)?;
    report.rank = orthonormal.rank;
    let drawn = init::weights(&theorem.program, Some(symmetries), &[], &init::Files::default(), theorem.seed, "init")?;
    let start = orthonormal.project(&drawn);
    if !theorem.projected {
        let off = distance(&drawn, &start) / norm(&drawn).max(f64::MIN_POSITIVE);
        if off > PROJECTED {
            let span = theorem.state.first().map_or(theorem.span, |clause| clause.span);
            let message = format!("the initial weights of `{}` are not at the stated symmetric state", theorem.name);
            return Err(vec![
                Diagnostic::new(Code::E0401, span, message)
                    .found(format!("|θ − Pθ| / |θ| = {off:.1e}"))
                    .expected("0: identical, opposite or vanishing units")
                    .help("write `init projected`, which starts from Pθ"),
            ]);
        }
    }
    let taught;
    let examples = if let Some(data) = data {
        &data.train
    } else {
        taught = examples::of_teacher(theorem)?;
        &taught
    };
    let features = lazy_regime(theorem, &orthonormal, &start, examples)?;
    if features.outside.max(features.kernel) > theorem.tolerance {
        report.diagnostics.push(unmasked(theorem, &features));
    }
    report.features = Some(features);
    report.lazy = lazy::measure(&orthonormal, &start, examples, &mut Stream::new(theorem.seed, "theorem/lazy", &theorem.name))?;
    if let Some(diagnostic) = report.lazy.as_ref().and_then(|found| beyond_the_mask(theorem, orthonormal.rank, found)) {
        report.diagnostics.push(diagnostic);
    }
    if let Some(bound) = theorem.least_squares {
        let found = report.lazy.as_ref().map(|lazy| lazy.least_squares);
        let holds = found.is_some_and(|found| found < bound);
        if !holds {
            report.diagnostics.push(beside_least_squares(theorem, found, bound));
        }
        report.least_squares = Some(Bounded { found, bound, holds });
    }
    for &optimizer in &theorem.optimizers {
        if let Some(diagnostic) = without_reduced_dynamics(theorem, optimizer) {
            report.diagnostics.push(diagnostic);
            continue;
        }
        let adam = matches!(optimizer.rule, Rule::Adam { .. });
        let reduction = if adam { &copies } else { &orthonormal };
        let Some(run) = side_by_side::run(theorem, optimizer, reduction, &start, examples, observer)? else {
            report.interrupted = true;
            return Ok(());
        };
        if !run.holds {
            report.diagnostics.push(refuted(theorem, &run));
        }
        report.runs.push(run);
    }
    Ok(())
}
