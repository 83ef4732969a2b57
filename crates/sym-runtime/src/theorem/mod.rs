//! Theorem 1, executed: a model at a symmetric state and the smaller model with `rank(P_G)` parameters follow one trajectory.
//!
//! Both train side by side in double precision on the same batches. Three things are watched over the whole run: the distance of θ from
//! expand(θ'), the distance of θ from its projection, and the curvature that explains how rounding grows. A symmetric state is usually a
//! saddle: across the fixed set a curvature λ₋ < 0 amplifies rounding by exp(∑ η|λ₋|) at any learning rate.

mod curvature;
mod examples;
mod objective;
mod student;
mod vectors;

use crate::data::{DataSet, Examples};
use crate::{Observer, Progress, Stream, init};
use burn::tensor::Device;
use curvature::{Curvature, Eigenvalues};
use objective::Batch;
use serde::Serialize;
use student::Student;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Symmetries, Weights};
use sym_ir::experiment::{DecayKind, Optimizer, Rule, StateVerb, Theorem};
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
    /// A run for every optimiser that has reduced dynamics.
    pub runs: Vec<Run>,
    /// Whether the observer ended it early.
    pub interrupted: bool,
    /// E0401, E0402, E0403.
    #[serde(skip)]
    pub diagnostics: Vec<Diagnostic>,
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
    /// The largest |θ − expand(θ')| / |θ| of the run.
    pub divergence: f64,
    /// The largest |θ − P θ| / |θ| of the run.
    pub off_state: f64,
    /// The loss of the full model at the start.
    pub first_loss: f64,
    /// The loss of the full model at the end.
    pub last_loss: f64,
    /// The largest Hessian eigenvalue met.
    pub sharpness: f64,
    /// Learning rate × sharpness / 2, or its like with momentum: the edge of stability is at 1. Absent for Adam.
    pub edge: Option<f64>,
    /// The lowest curvature across the fixed set met.
    pub transverse: f64,
    /// The factor exp(∑ η|λ₋|) by which rounding may have grown. Absent for Adam.
    pub growth: Option<f64>,
    /// Time of the full model's steps over that of the reduced one's.
    pub speed_up: f64,
    /// Whether the divergence is below the tolerance.
    pub holds: bool,
}

/// Where along a run curvature is measured.
const PLACES: u64 = 4;
/// Full models up to this size are compared at every step, larger ones at every tenth.
const EVERY_STEP: u128 = 5_000;
/// |θ₀ − P θ₀| / |θ₀| that rounding explains.
const PROJECTED: f64 = 1e-12;

/// Executes a theorem on its data set, or on examples of a random teacher where it names none.
pub fn execute(theorem: &Theorem, symmetries: &Symmetries, data: Option<&DataSet>, observer: &dyn Observer) -> Report {
    let mut report = Report {
        name: theorem.name.clone(),
        model: theorem.model.clone(),
        parameters: theorem.program.trainable_entries().unwrap_or(u128::MAX),
        rank: 0,
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
    for &optimizer in &theorem.optimizers {
        if let Some(diagnostic) = without_reduced_dynamics(theorem, optimizer) {
            report.diagnostics.push(diagnostic);
            continue;
        }
        let adam = matches!(optimizer.rule, Rule::Adam { .. });
        let reduction = if adam { &copies } else { &orthonormal };
        let Some(run) = run(theorem, optimizer, reduction, &start, examples, observer)? else {
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

/// Adam on a rotation: it treats coordinates one by one.
fn without_reduced_dynamics(theorem: &Theorem, optimizer: Optimizer) -> Option<Diagnostic> {
    let Rule::Adam { .. } = optimizer.rule else { return None };
    let clause = theorem.state.iter().find(|clause| matches!(clause.verb, StateVerb::LowRank { .. }))?;
    let message = format!("`{}` has no reduced dynamics on the low-rank state of `{}`", name(optimizer), clause.target);
    Some(
        Diagnostic::new(Code::E0402, clause.span, message)
            .label("the fixed set of a reflection in a group of rotations")
            .found("adam, which scales each coordinate by itself and so depends on the basis")
            .expected("gd or sgd, with or without momentum")
            .help("list `adam` in a theorem of its own, with `merge`, `merge_signed` or `zero`"),
    )
}

fn refuted(theorem: &Theorem, run: &Run) -> Diagnostic {
    let message = format!(
        "under `{}` the full and the reduced model of `{}` diverge by {:.1e} in {} steps",
        run.optimizer, theorem.name, run.divergence, run.steps
    );
    let diagnostic = Diagnostic::new(Code::E0403, theorem.span, message)
        .found(format!("{:.1e}", run.divergence))
        .expected(format!("below {:.1e}", theorem.tolerance));
    if !run.last_loss.is_finite() || run.edge.is_some_and(|edge| edge >= 1.0) {
        let edge = run.edge.map_or_else(String::new, |edge| format!(" (learning rate × sharpness / 2 = {edge:.2})"));
        return diagnostic.help(format!("lower the learning rate: it is beyond the edge of stability{edge}"));
    }
    match run.growth {
        Some(growth) if growth * f64::EPSILON > theorem.tolerance => diagnostic.help(format!(
            "take fewer steps: curvature across the state amplifies rounding by {growth:.1e} in this run, whatever the learning rate"
        )),
        _ => diagnostic.help("take fewer steps or a lower learning rate, so that rounding has less time to grow"),
    }
}

/// The optimiser as the language writes it.
fn name(optimizer: Optimizer) -> String {
    let mut settings = vec![format!("lr: {}", optimizer.learning_rate)];
    let word = match optimizer.rule {
        Rule::Sgd { momentum, nesterov } => {
            if momentum != 0.0 {
                settings.push(format!("momentum: {momentum}"));
            }
            if nesterov {
                settings.push("nesterov: true".to_string());
            }
            if momentum == 0.0 && optimizer.batch.is_none() { "gd" } else { "sgd" }
        }
        Rule::Adam { .. } if optimizer.decay_kind == DecayKind::Decoupled && optimizer.decay != 0.0 => "adamw",
        Rule::Adam { .. } => "adam",
    };
    if optimizer.decay != 0.0 {
        settings.push(format!("decay: {}", optimizer.decay));
    }
    if let Some(batch) = optimizer.batch {
        settings.push(format!("batch: {batch}"));
    }
    format!("{word}({})", settings.join(", "))
}

/// Trains both models; `None` where the observer ended it.
fn run(
    theorem: &Theorem,
    optimizer: Optimizer,
    reduction: &Reduction,
    start: &Weights,
    examples: &Examples,
    observer: &dyn Observer,
) -> Result<Option<Run>, Vec<Diagnostic>> {
    let reduced = reduction.restrict(start);
    let start = reduction.expand(&reduced);
    let device = Device::flex().autodiff();
    let mut full = Student::new(&theorem.program, &start, theorem.loss, optimizer, None)?;
    let mut small = Student::new(&reduction.program, &reduced, theorem.loss, optimizer, Some(&reduction.divisors()))?;
    let all = Batch::new(&full.module, examples, &device);
    let observed = full.clone();
    let mut curvature =
        Curvature::new(&observed, reduction, &all, &mut Stream::new(theorem.seed, "theorem/curvature", &theorem.name));

    let mut batches = Batches::new(theorem, optimizer, examples.len());
    let every = if theorem.program.trainable_entries().is_some_and(|entries| entries <= EVERY_STEP) { 1 } else { 10 };
    let (mut divergence, mut off_state) = (0.0f64, 0.0f64);
    let mut places: Vec<(u64, Eigenvalues)> = Vec::new();
    let first_loss = full.loss(&all);
    for step in 0..=theorem.steps {
        if step % every == 0 || step == theorem.steps {
            let weights = full.module.weights();
            let size = norm(&weights).max(f64::MIN_POSITIVE);
            divergence = worst(divergence, distance(&weights, &reduction.expand(&small.module.weights())) / size);
            off_state = worst(off_state, distance(&weights, &reduction.project(&weights)) / size);
        }
        if step % theorem.steps.div_ceil(PLACES).max(1) == 0 || step == theorem.steps {
            let weights = full.module.weights();
            if weights.values.iter().flatten().all(|value| value.is_finite()) {
                places.push((step, curvature.at(&weights)?));
            }
        }
        if step == theorem.steps || !divergence.is_finite() {
            break;
        }
        if observer.interrupted() {
            return Ok(None);
        }
        let loss = match batches.next() {
            None => {
                small.step(&all);
                full.step(&all)
            }
            Some(rows) => {
                let batch = Batch::new(&full.module, &examples.select(&rows), &device);
                small.step(&batch);
                full.step(&batch)
            }
        };
        observer.progress(&Progress {
            name: &theorem.name,
            seed: theorem.seed,
            step: step + 1,
            steps: theorem.steps,
            loss: Some(loss),
        });
    }
    let sharpness = places.iter().map(|(_, found)| found.sharpness).fold(0.0, f64::max);
    let transverse = places.iter().map(|(_, found)| found.transverse).fold(0.0, f64::min);
    let plain = match optimizer.rule {
        // Heavy-ball momentum is stable up to ηλ = 2(1 + μ) and speeds slow growth up by 1/(1 − μ).
        Rule::Sgd { momentum, .. } => {
            Some((optimizer.learning_rate / (1.0 + momentum), optimizer.learning_rate / (1.0 - momentum)))
        }
        Rule::Adam { .. } => None,
    };
    Ok(Some(Run {
        optimizer: name(optimizer),
        coordinates: if plain.is_some() { "orthonormal" } else { "copies" },
        steps: theorem.steps,
        divergence,
        off_state,
        first_loss,
        last_loss: full.loss(&all),
        sharpness,
        edge: plain.map(|(rate, _)| rate * sharpness / 2.0),
        transverse,
        growth: plain.map(|(_, rate)| growth(&places, rate)),
        speed_up: full.spent.as_secs_f64() / small.spent.as_secs_f64().max(f64::MIN_POSITIVE),
        holds: divergence < theorem.tolerance,
    }))
}

/// The larger of two, with what is no number as infinity.
fn worst(one: f64, other: f64) -> f64 {
    if other.is_nan() { f64::INFINITY } else { one.max(other) }
}

/// exp(∑ η|λ₋|) by the trapezoidal rule between the places where λ₋ was measured.
fn growth(places: &[(u64, Eigenvalues)], rate: f64) -> f64 {
    let fall = |found: &Eigenvalues| (-found.transverse).max(0.0);
    let between = |pair: &[(u64, Eigenvalues)]| (pair[1].0 - pair[0].0) as f64 * 0.5 * (fall(&pair[0].1) + fall(&pair[1].1));
    libm::exp(rate * places.windows(2).map(between).sum::<f64>())
}

/// The order of examples: both models see the same batches.
struct Batches {
    size: Option<usize>,
    count: usize,
    seed: u64,
    epoch: u64,
    rest: Vec<usize>,
}

impl Batches {
    fn new(theorem: &Theorem, optimizer: Optimizer, count: usize) -> Self {
        let size = optimizer.batch.and_then(|batch| usize::try_from(batch).ok()).filter(|&batch| batch > 0 && batch < count);
        Self { size, count, seed: theorem.seed, epoch: 0, rest: Vec::new() }
    }

    /// The rows of the next batch; `None` for all examples.
    fn next(&mut self) -> Option<Vec<usize>> {
        let size = self.size?;
        if self.rest.is_empty() {
            self.rest = Stream::new(self.seed, "batches", &self.epoch.to_string()).order(self.count);
            self.epoch += 1;
        }
        Some(self.rest.drain(..size.min(self.rest.len())).collect())
    }
}
