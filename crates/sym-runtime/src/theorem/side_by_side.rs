//! One optimiser: the full model, the same in another order of summation, and the reduced model, step by step.

use super::batches::Batches;
use super::curvature::{Curvature, Eigenvalues};
use super::explain::name;
use super::objective::Objective;
use super::stability::{Growth, edge};
use super::student::Student;
use super::vectors::{distance, norm};
use super::{Moment, Run};
use crate::data::Examples;
use crate::{Observer, Progress, Stream};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::experiment::{Optimizer, Rule, Theorem};
use sym_rewrite::Reduction;

/// Curvature is measured at the steps (k/n)² of a run: often at its start, where it changes fast.
const PLACES: u64 = 12;
/// In how many parts a run is divided by its moments.
const MOMENTS: u64 = 10;
/// Full models up to this size are compared at every step, larger ones at every tenth.
const EVERY_STEP: u128 = 5_000;

/// The models of a run.
struct Models<'a> {
    reduction: &'a Reduction,
    full: Student,
    small: Student,
    /// The full model with its examples summed in another order.
    other: Option<Student>,
}

impl Models<'_> {
    fn step(&mut self, batches: &mut Batches) -> f64 {
        let batch = batches.next();
        self.small.step(batch.forward.as_deref());
        if let (Some(other), Some(backward)) = (&mut self.other, &batch.backward) {
            other.step(Some(backward));
        }
        self.full.step(batch.forward.as_deref())
    }

    fn project(&mut self) {
        self.full.project(self.reduction);
        self.other.iter_mut().for_each(|other| other.project(self.reduction));
    }

    /// The relative distances at this step.
    fn moment(&self, step: u64) -> Moment {
        let weights = self.full.weights();
        let size = norm(&weights).max(f64::MIN_POSITIVE);
        let relative = |other: &Weights| {
            let distance = distance(&weights, other) / size;
            // What is no number is as far as can be.
            if distance.is_nan() { f64::INFINITY } else { distance }
        };
        Moment {
            step,
            divergence: relative(&self.reduction.expand(&self.small.weights())),
            off_state: relative(&self.reduction.project(&weights)),
            orders: self.other.as_ref().map(|other| relative(&other.weights())),
        }
    }
}

/// Trains the models side by side; `None` where the observer ended it.
pub(super) fn run(
    theorem: &Theorem,
    optimizer: Optimizer,
    reduction: &Reduction,
    start: &Weights,
    examples: &Examples,
    observer: &dyn Observer,
) -> Result<Option<Run>, Vec<Diagnostic>> {
    let reduced = reduction.restrict(start);
    let start = reduction.expand(&reduced);
    let full = Student::new(&theorem.program, &start, theorem.loss, optimizer, None, examples)?;
    let small = Student::new(&reduction.program, &reduced, theorem.loss, optimizer, Some(&reduction.divisors()), examples)?;
    let objective = Objective::new(&theorem.program, &start, theorem.loss)?;
    let all = objective.batch(examples);
    let mut batches = Batches::new(theorem, optimizer, examples.len());
    let first_loss = objective.loss(&start, &all)?;
    let other = (examples.len() > 1)
        .then(|| Student::new(&theorem.program, &start, theorem.loss, optimizer, None, examples))
        .transpose()?;
    let mut models = Models { reduction, full, small, other };
    let mut curvature = Curvature::new(
        &objective,
        optimizer,
        reduction,
        &all,
        &mut Stream::new(theorem.seed, "theorem/curvature", &theorem.name),
    );

    let adam = matches!(optimizer.rule, Rule::Adam { .. });
    let every = if theorem.program.trainable_entries().is_some_and(|entries| entries <= EVERY_STEP) { 1 } else { 10 };
    let mut places: Vec<(u64, Eigenvalues)> = Vec::new();
    let mut worst = Moment { step: 0, divergence: 0.0, off_state: 0.0, orders: models.other.as_ref().map(|_| 0.0) };
    let mut moments = Vec::new();
    let moment = theorem.steps.div_ceil(MOMENTS).max(1);
    let measured: Vec<u64> = (0..=PLACES).map(|part| theorem.steps.saturating_mul(part * part) / (PLACES * PLACES)).collect();
    for step in 0..=theorem.steps {
        let last = step == theorem.steps;
        if step % every == 0 || step % moment == 0 || last {
            let found = models.moment(step);
            worst = worst.with(&found);
            if step % moment == 0 || last {
                moments.push(found);
            }
        }
        // Adam has no preconditioner before its first step.
        if (measured.contains(&step) && !(adam && step == 0)) || (adam && step == 1) {
            let weights = models.full.weights();
            if weights.values.iter().flatten().all(|value| value.is_finite()) {
                places.push((step, curvature.at(&weights, models.full.preconditioner().as_ref())?));
            }
        }
        if last || !worst.divergence.is_finite() {
            break;
        }
        if observer.interrupted() {
            return Ok(None);
        }
        // Compared first, projected then: a report shows rounding at its largest.
        if theorem.reproject.is_some_and(|every| step > 0 && step % every == 0) {
            models.project();
        }
        let loss = models.step(&mut batches);
        if !loss.is_finite() {
            // No step is taken from there: what is no number is as far as can be.
            worst.divergence = f64::INFINITY;
            moments.push(Moment { step: step + 1, ..worst.clone() });
            break;
        }
        observer.progress(&Progress {
            name: &theorem.name,
            seed: theorem.seed,
            step: step + 1,
            steps: theorem.steps,
            loss: Some(loss),
        });
    }
    let sharpness = places.iter().map(|(_, found)| found.sharpness).fold(0.0, f64::max);
    let across = Growth::new(optimizer, &places, |found| found.transverse);
    let within = Growth::new(optimizer, &places, |found| found.within);
    Ok(Some(Run {
        optimizer: name(optimizer),
        coordinates: if adam { "copies" } else { "orthonormal" },
        steps: theorem.steps,
        reproject: theorem.reproject,
        divergence: worst.divergence,
        off_state: worst.off_state,
        orders: worst.orders,
        moments,
        first_loss,
        last_loss: objective.loss(&models.full.weights(), &all)?,
        sharpness,
        edge: Some(edge(optimizer, sharpness)),
        transverse: places.iter().map(|(_, found)| found.transverse).fold(0.0, f64::min),
        growth: Some(across.factor(theorem.steps, theorem.reproject)),
        growth_within: Some(within.factor(theorem.steps, None)),
        estimated: adam,
        speed_up: models.full.spent.as_secs_f64() / models.small.spent.as_secs_f64().max(f64::MIN_POSITIVE),
        holds: worst.divergence < theorem.tolerance,
    }))
}
