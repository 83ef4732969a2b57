//! Nothing is believed until it is checked: the numeric proof of a model's symmetries, in double precision through the module that training
//! uses.
//!
//! 1. *Soundness, finite*: f(gθ, x) = f(θ, x) for random g of every group, at the model's own sizes.
//! 2. *Soundness, infinitesimal*: J T = 0, where T stacks the generators' vector fields at θ and J = ∂f/∂θ, also at the model's own sizes.
//! 3. *Completeness*: flat = D − rank J, explained = rank T, unexplained = flat − explained − those of choices. It is decided by the smallest singular value
//!    of J on the orthogonal complement of T, not by a gap in J's own spectrum.
//!
//! T is built before J and without it. The first two use the miniature only where the model does not fit into [`budget::MEMORY`].

mod assumption;
mod budget;
mod completeness;
mod effective;
mod epsilon;
pub mod generators;
mod given;
mod infinitesimal;
mod jacobian;
mod point;
mod reduced;
mod region;
mod report;
mod soundness;
mod spectrum;
mod subject;

pub use assumption::Assumption;
pub use effective::{Directions, Effective, Elements, effective};
pub use epsilon::Approximation;
pub use given::{AtWeights, at_weights};
pub(crate) use jacobian::rows_of_jacobian;
pub use reduced::difference_of_reduction;
pub use soundness::change_of_outputs;

use crate::Stream;
use budget::Plan;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::collections::BTreeMap;
use subject::{Subject, Subjects};
use sym_diagnostics::Diagnostic;
use sym_infer::choices::Chooser;
use sym_infer::{Space, Status, Symmetries};
use sym_ir::Program;
pub use sym_rewrite::{Departure, Rule};

/// The largest number of trainable entries for which completeness is proved at the model's own sizes.
pub const TRUE_SIZES: u128 = 2_000;
/// Numbers of trainable entries: miniatures up to an earlier one are counted first, and none has more than the last.
pub const MINIATURE_SIZES: [u128; 10] = [800, 1_200, 1_600, 2_000, 2_300, 2_600, 2_800, 3_200, 4_000, 5_000];

/// The outcome of a proof.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The claims with their new status.
    pub symmetries: Symmetries,
    /// Completeness, where it could be computed.
    pub numbers: Option<Numbers>,
    /// The same at further assignments of sizes, where that is a miniature.
    pub others: Vec<Numbers>,
    /// The largest relative change of an output under a random element of a group that holds.
    pub max_difference: f64,
    /// The largest |(Jᵀu)·(T r)| / (|Jᵀu| |T r|) of a group that holds, for random output cotangents u and combinations T r of generators.
    pub max_gradient: f64,
    /// How far claims that a norm's ε makes approximate are from holding with it; all else is proved at ε = 0. `None` where no claim
    /// depends on an ε.
    pub approximation: Option<Approximation>,
    /// The bytes that soundness at the model's own sizes would take, where that is beyond the limit: it was checked on the miniature.
    pub too_large: Option<u128>,
    /// Why directions were counted at no assignment of smaller sizes, or at fewer than needed; `None` where nothing is missing.
    pub uncounted: Option<String>,
    /// What became of each declared symmetry, in order.
    pub assumed: Vec<Assumed>,
    /// E0302 for every refuted claim, E0303 for unexplained directions, E0304 where numbers decide nothing, E0501 for a program that cannot
    /// be executed.
    pub diagnostics: Vec<Diagnostic>,
}

/// A declared symmetry after its check.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumed {
    /// The action that was tested, as a row: assumed or refuted. `None` where numbers cannot test the group.
    pub row: Option<Space>,
    /// Which of the actions that the claim may mean holds.
    candidate: Option<usize>,
}

/// Dimensions at a generic point.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The shape of every trainable parameter in the program that was measured.
    pub sizes: BTreeMap<String, Vec<u128>>,
    /// Whether that program is a miniature of the model.
    pub miniature: bool,
    /// The rules of miniatures that it does not keep.
    pub departures: Vec<Departure>,
    /// D: trainable entries.
    pub parameters: u128,
    /// rank J.
    pub rank: u128,
    /// D − rank J.
    pub flat: u128,
    /// rank T.
    pub explained: u128,
    /// Flat directions beyond these of parameters that decide nothing but a choice: flat while the choice stays, and no symmetry.
    pub undecided: u128,
    /// flat − explained − undecided.
    pub unexplained: u128,
    /// The largest |J t| / (|J| |t|) of a claimed direction t.
    pub max_residual: f64,
    /// The smallest singular value of J on the complement of T that is not zero, relative to J's largest.
    pub smallest: f64,
    /// Why the rank may be larger; `None` where it is certain.
    pub doubt: Option<Doubt>,
    /// Inputs at the point that gave the largest rank.
    pub examples: u128,
    /// Generic points tried.
    pub points: u128,
    /// Whether units have kinks, so that the answer is for the activation regions of the sample.
    pub piecewise: bool,
    /// The least number of inputs on which a unit, or a pair of connected units, is active; `None` where units forget no input.
    pub least_active: Option<u128>,
    /// The parameters that unexplained directions move, with their share.
    pub moved: Vec<(String, f64)>,
    /// The parameters that undecided directions move.
    pub choosers: Vec<Chooser>,
}

/// Why numbers do not decide a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A singular value is neither clear of rounding nor zero up to it.
    Rounding,
    /// More rows of J than fit into memory may show more.
    Rows,
    /// Units, or connected pairs of them, are active on too few inputs.
    Activity,
}

impl Numbers {
    /// Whether nothing leaves the count in doubt.
    pub fn decided(&self) -> bool {
        self.doubt.is_none()
    }
}

/// Proves a model's symmetries. The same seed gives the same numbers.
pub fn verify(program: &Program, symmetries: &Symmetries, seed: u64) -> Verification {
    verify_with(program, symmetries, &[], seed)
}

/// Proves a model's symmetries, and tests others that are declared and not derived.
pub fn verify_with(program: &Program, symmetries: &Symmetries, assumptions: &[Assumption], seed: u64) -> Verification {
    let subjects = subject::subjects(program, symmetries);
    let mut result = Verification {
        symmetries: symmetries.clone(),
        numbers: None,
        others: Vec::new(),
        max_difference: 0.0,
        max_gradient: 0.0,
        approximation: None,
        too_large: None,
        uncounted: subjects.missing.clone(),
        assumed: Vec::new(),
        diagnostics: Vec::new(),
    };
    let exact = program.with_exact_norms();
    if let Err(diagnostics) = prove(exact.as_ref().unwrap_or(program), &subjects, assumptions, seed, &mut result) {
        result.diagnostics.extend(diagnostics);
    }
    if exact.is_some() && result.symmetries.spaces.iter().any(|space| space.status == Status::Approximate) {
        match epsilon::approximation(program, &subjects, &result.symmetries, seed) {
            Ok(approximation) => result.approximation = approximation,
            Err(diagnostics) => result.diagnostics.extend(diagnostics),
        }
    }
    result
}

/// How far the approximate claims of a program are from holding with the ε of its norms, without a proof. `None` where no miniature of a program
/// that does not fit into memory is found.
///
/// # Errors
///
/// E0501 for a program that cannot be executed.
pub fn approximation(program: &Program, symmetries: &Symmetries, seed: u64) -> Result<Option<Approximation>, Vec<Diagnostic>> {
    epsilon::approximation(program, &subject::subjects(program, symmetries), symmetries, seed)
}

fn prove(
    program: &Program,
    subjects: &Subjects,
    assumptions: &[Assumption],
    seed: u64,
    result: &mut Verification,
) -> Result<(), Vec<Diagnostic>> {
    match budget::plan(program, result.symmetries.spaces.len()) {
        Ok(plan) => {
            sym_lower::check(program)?;
            let derived = result.symmetries.clone();
            check_soundness(program, program, &derived, assumptions, plan, seed, result)?;
        }
        Err(bytes) => {
            result.too_large = Some(bytes);
            let Some(Subject { program: small, claims, .. }) = subjects.smallest() else {
                let missing = subjects.missing.as_deref().unwrap_or_default();
                let message = format!("{}, and {missing}", report::too_large(program, bytes));
                result.diagnostics.push(report::undecided(program, message));
                return Ok(());
            };
            let Ok(plan) = budget::plan(small, claims.spaces.len()) else {
                result.diagnostics.push(report::undecided(program, report::too_large(program, bytes)));
                return Ok(());
            };
            check_soundness(program, small, claims, assumptions, plan, seed, result)?;
        }
    }
    for space in &mut result.symmetries.spaces {
        if space.status == Status::Derived {
            space.status = Status::Verified;
        }
    }
    count_directions(program, assumptions, subjects, seed, result)
}

/// Completeness at every subject: the program itself, or miniatures of it whose flat directions must follow one formula.
fn count_directions(
    program: &Program,
    assumptions: &[Assumption],
    subjects: &Subjects,
    seed: u64,
    result: &mut Verification,
) -> Result<(), Vec<Diagnostic>> {
    // The rows of the model itself may have been refuted meanwhile.
    let claimed = |subject: &Subject| {
        let mut claims = if subject.miniature { subject.claims.clone() } else { result.symmetries.clone() };
        for (assumption, assumed) in assumptions.iter().zip(&result.assumed) {
            let mut candidates = assumption.candidates(&subject.program, &claims);
            claims.spaces.extend(assumed.candidate.filter(|&at| at < candidates.len()).map(|at| candidates.swap_remove(at)));
        }
        claims
    };
    let claims: Vec<Symmetries> = subjects.found.iter().map(claimed).collect();
    let parameters: Vec<u128> = subjects.found.iter().filter_map(|subject| subject.program.trainable_entries()).collect();
    let count = |at: usize, entries: usize| completeness::count(&subjects.found[at].program, &claims[at], entries, seed);
    // Each subject draws from streams of its own: together they give the same numbers as one by one.
    let counted: Vec<_> = match budget::jacobians(&parameters) {
        Some(shares) => shares.into_par_iter().enumerate().map(|(at, share)| count(at, share)).collect(),
        None => (0..subjects.found.len()).map(|at| count(at, budget::jacobian())).collect(),
    };
    let mut all: Vec<Numbers> = Vec::new();
    for ((subject, claims), found) in subjects.found.iter().zip(&claims).zip(counted) {
        let found = found?;
        for (space, residual) in found.contradicted {
            if result.refute(claims, space) {
                result.diagnostics.push(report::moving(program, claims, space, residual));
            }
        }
        all.push(Numbers { miniature: subject.miniature, departures: subject.departures.clone(), ..found.numbers });
    }
    result.diagnostics.extend(report::count(program, subjects, &all));
    result.diagnostics.extend(report::choices(subjects, &all));
    let mut all = all.into_iter();
    result.numbers = all.next();
    if result.numbers.as_ref().is_some_and(|numbers| numbers.miniature) {
        result.others = all.collect();
    }
    Ok(())
}

/// Both checks of soundness of a program's claims on a subject: the program itself, or its miniature.
fn check_soundness(
    program: &Program,
    subject: &Program,
    claims: &Symmetries,
    assumptions: &[Assumption],
    plan: Plan,
    seed: u64,
    result: &mut Verification,
) -> Result<(), Vec<Diagnostic>> {
    let subject = &*point::with_subspaces(subject, seed);
    let mut stream = Stream::new(seed, "proof/soundness", &program.name);
    let weights = point::weights(subject, &mut stream);
    let examples = point::examples(subject, plan.examples, &mut stream);
    let (largest, refutations) = soundness::check(subject, claims, &weights, &examples, plan.elements, &mut stream)?;
    result.max_difference = largest;
    for refutation in refutations {
        if result.refute(claims, refutation.space) {
            result.diagnostics.push(report::refuted(program, claims, &refutation));
        }
    }
    let residuals = infinitesimal::residuals(subject, claims, &weights, &examples, &mut stream)?;
    for (space, residual) in residuals.into_iter().enumerate() {
        if residual <= completeness::RESIDUAL {
            result.max_gradient = result.max_gradient.max(residual);
        } else if result.refute(claims, space) {
            result.diagnostics.push(report::moving(program, claims, space, residual));
        }
    }
    for assumption in assumptions {
        let mut stream = Stream::new(seed, "proof/assumption", &assumption.text);
        let (assumed, refutation) = match assumption.mismatch(program, &result.symmetries) {
            Some(mismatch) => (Assumed { row: None, candidate: None }, Some(mismatch)),
            None => assumption.test(subject, claims, &weights, &examples, &mut stream)?,
        };
        result.assumed.push(assumed);
        result.diagnostics.extend(refutation);
    }
    Ok(())
}

impl Verification {
    /// Marks the row that a space of some claims (the model's, or its miniature's) stands for as refuted. False where it is so already, or
    /// where no row has that name.
    fn refute(&mut self, claims: &Symmetries, space: usize) -> bool {
        let claim = &claims.spaces[space];
        let row = self.symmetries.spaces.iter_mut().find(|row| row.name == claim.name && row.class == claim.class);
        let Some(row) = row.filter(|row| row.status != Status::Refuted) else { return false };
        row.status = Status::Refuted;
        true
    }
}
