//! Training runs: a `train` item with its seeds, each on a thread of its own.
//!
//! The loop of one seed is [`Seed`]: before step s come a checkpoint, if one is due, and the measurement of s, if one is due; after the last
//! step come the last measurement and the final weights. Everything that happens at step s is a function of the seed, s and the state at s,
//! so that going on from a checkpoint gives the same bits as never having stopped.

mod batches;
mod seed;
mod setup;
mod watch;

pub use batches::Batches;
pub use watch::Wanted;

use crate::Observer;
use crate::data::Shared;
use crate::record::{Checkpoint, Ending, Record, Row, SeedSummary, Settings, Summary, Writer};
use seed::{Seed, Stop};
use setup::Setup;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use sym_diagnostics::{Code, Diagnostic, Severity};
use sym_infer::{Symmetries, Weights};
use sym_ir::experiment::{Data, Probe, Train};
use sym_measure::Unmeasurable;
use watch::Watch;

/// Where and how a run is executed.
#[derive(Debug, Clone)]
pub struct Environment<'a> {
    /// The directory of the whole file's results; the record is its subdirectory of the run's name.
    pub out: &'a Path,
    /// The text of the `.sym` file, copied into the record.
    pub spec: &'a str,
    /// The directory from which data files are named.
    pub base: &'a Path,
    /// The backend's name, such as `flex`.
    pub backend: &'a str,
    /// `f32` or `f64`.
    pub dtype: &'a str,
    /// How many threads compute, at least 1: as many seeds run at once, and where there are fewer seeds, several threads work on each step.
    pub threads: usize,
    /// Whether to go on with a record that is there.
    pub resume: bool,
    /// Data sets that runs have in common.
    pub data: Shared,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The record's directory.
    pub directory: PathBuf,
    /// The record, as far as it was written.
    pub record: Option<Record>,
    /// Everything that is to be said.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the observer ended it.
    pub interrupted: bool,
}

/// Executes a training run. `symmetries` are those of the run's program.
pub fn run(
    train: &Train,
    data: &Data,
    symmetries: &Symmetries,
    environment: &Environment<'_>,
    observer: &dyn Observer,
) -> Outcome {
    let directory = environment.out.join(&train.name);
    let prepared = prepare(train, data, symmetries, environment);
    outcome(
        directory.clone(),
        prepared.and_then(|(setup, settings)| attempt(&setup, &settings, environment, observer, &directory)),
    )
}

/// Where records of runs may be that are named by their addresses.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Who may write which.
    pub turns: &'a Turns,
    /// The record of the repeated item.
    pub base: &'a Path,
    /// Directories of records.
    pub others: &'a [PathBuf],
}

/// Executes a training run whose record's directory is named by the hash of everything that determines its numbers. A record that is whole is
/// read, one that is not is gone on with, wherever it is known to be. Equal runs take turns: the second finds what the first left.
pub fn run_addressed(
    train: &Train,
    data: &Data,
    symmetries: &Symmetries,
    environment: &Environment<'_>,
    known: Known<'_>,
    observer: &dyn Observer,
) -> Outcome {
    let (setup, settings) = match prepare(train, data, symmetries, environment) {
        Ok(prepared) => prepared,
        Err(diagnostics) => return outcome(environment.out.to_path_buf(), Err(diagnostics)),
    };
    let address = address(&settings.spec_hash);
    let turn = known.turns.of(address);
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let mut directory = environment.out.join(address);
    let elsewhere: Vec<PathBuf> = known.others.iter().map(|other| other.join(address)).filter(|other| other.exists()).collect();
    if let (false, Some(first)) = (directory.exists(), elsewhere.first()) {
        directory.clone_from(first);
    }
    for place in [&directory, known.base].into_iter().chain(elsewhere.iter().map(PathBuf::as_path)) {
        if let Ok(record) = Record::open(place)
            && record.summary.complete
            && record.settings.same_as(&settings, place).is_ok()
        {
            let said = record.summary.seeds.iter().filter_map(|summary| not_finite(train, summary)).collect();
            return outcome(place.to_path_buf(), Ok((record, said, false)));
        }
    }
    let environment = Environment { resume: true, ..environment.clone() };
    outcome(directory.clone(), attempt(&setup, &settings, &environment, observer, &directory))
}

/// Who may write a record, of those that run at the same time.
#[derive(Debug, Default)]
pub struct Turns(Mutex<BTreeMap<String, Arc<Mutex<()>>>>);

impl Turns {
    fn of(&self, address: &str) -> Arc<Mutex<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(address.to_string()).or_default().clone()
    }
}

/// E0211, as a warning: a probe without a value at any step.
pub(crate) fn unmeasured(probe: &Probe, reason: Unmeasurable, owner: &str) -> Diagnostic {
    let column = probe.column();
    let mut diagnostic = Diagnostic::new(Code::E0211, probe.span, format!("`{column}` of `{owner}` has no value at any step"))
        .label("could not be measured")
        .found(reason.to_string());
    diagnostic.severity = Severity::Warning;
    diagnostic
}

/// Hexadecimal digits of a hash that name a directory.
const ADDRESS: usize = 16;

/// What names the record of a run.
pub(crate) fn address(spec_hash: &str) -> &str {
    &spec_hash[..ADDRESS.min(spec_hash.len())]
}

fn outcome(directory: PathBuf, found: Result<(Record, Vec<Diagnostic>, bool), Vec<Diagnostic>>) -> Outcome {
    match found {
        Ok((record, diagnostics, interrupted)) => Outcome { directory, record: Some(record), diagnostics, interrupted },
        Err(diagnostics) => Outcome { directory, record: None, diagnostics, interrupted: false },
    }
}

/// What one seed came to.
struct SeedOutcome {
    at: usize,
    summary: SeedSummary,
    rows: Vec<Row>,
    state: Checkpoint,
}

/// What all seeds share, and everything that determines the numbers.
fn prepare<'a>(
    train: &'a Train,
    data: &'a Data,
    symmetries: &'a Symmetries,
    environment: &Environment<'_>,
) -> Result<(Setup<'a>, Settings), Vec<Diagnostic>> {
    let setup = Setup::new(train, data, symmetries, environment)?;
    let settings = Settings::new(train, data, &setup.data, &setup.files, environment.backend, environment.dtype);
    Ok((setup, settings))
}

fn attempt(
    setup: &Setup<'_>,
    settings: &Settings,
    environment: &Environment<'_>,
    observer: &dyn Observer,
    directory: &Path,
) -> Result<(Record, Vec<Diagnostic>, bool), Vec<Diagnostic>> {
    let train = setup.train;
    let single = setup.dtype == burn::tensor::DType::F32;
    let writer = Writer::open(directory, environment.spec, settings, setup.panel.columns(), single, environment.resume)
        .map_err(|error| vec![error])?;

    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<SeedOutcome>> = Mutex::new(Vec::new());
    let problems: Mutex<Vec<Diagnostic>> = Mutex::new(Vec::new());
    let work = || {
        while let Some(&seed) = train.seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let at = train.seeds.iter().position(|&other| other == seed).unwrap_or(0);
            match run_seed(setup, &writer, seed, observer) {
                Ok((summary, rows, state)) => {
                    let outcome = SeedOutcome { at, summary, rows, state };
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                }
                Err(errors) => problems.lock().unwrap_or_else(PoisonError::into_inner).extend(errors),
            }
        }
    };
    let at_once = environment.threads.clamp(1, train.seeds.len().max(1));
    let threads = setup.backend.threads(environment.threads / at_once);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| within(threads, work));
        }
    });

    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome| outcome.at);
    let mut diagnostics = problems.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    diagnostics.extend(setup.panel.unmeasured().into_iter().map(|(probe, reason)| unmeasured(probe, reason, &train.name)));
    let interrupted = outcomes.iter().any(|outcome| !outcome.state.ending.is_final());
    diagnostics.extend(outcomes.iter().filter_map(|outcome| not_finite(train, &outcome.summary)));
    if interrupted {
        let done = outcomes.iter().map(|outcome| outcome.summary.step).min().unwrap_or(0);
        diagnostics.push(
            Diagnostic::new(Code::E0609, train.span, format!("`{}` was stopped at step {done} of {}", train.name, train.steps))
                .found(format!("{done} steps"))
                .expected(format!("{} steps", train.steps))
                .help(format!("go on with `--resume {}`", environment.out.display())),
        );
    }
    let summary = Summary {
        schema: 1,
        train: train.name.clone(),
        parameters: train.program.trainable_entries().and_then(|count| u64::try_from(count).ok()).unwrap_or(u64::MAX),
        steps: train.steps,
        complete: !interrupted,
        seeds: outcomes.iter().map(|outcome| outcome.summary.clone()).collect(),
    };
    let seeds = outcomes
        .into_iter()
        .map(|outcome| (outcome.summary.seed, outcome.rows, setup.panel.events(&outcome.state.detectors)))
        .collect();
    let record = writer.finish(summary, seeds).map_err(|error| vec![error])?;
    Ok((record, diagnostics, interrupted))
}

/// Runs work in a pool of its own. Runs it here where the system gives no more threads.
fn within(threads: usize, work: impl FnOnce() + Send) {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Bytes of stack for a seed: gradients of long programs recurse.
const STACK: usize = 64 << 20;

fn run_seed(
    setup: &Setup<'_>,
    writer: &Writer,
    number: u64,
    observer: &dyn Observer,
) -> Result<(SeedSummary, Vec<Row>, Checkpoint), Vec<Diagnostic>> {
    let (mut file, state) = writer.seed(number).map_err(|error| vec![error])?;
    let state = match state {
        Some(state) if matches!(state.ending, Ending::Finished | Ending::Stopped { .. }) => {
            if state.ending == Ending::Finished && state.step != setup.train.steps {
                return Err(vec![file.ended_early(state.step, setup.train.steps)]);
            }
            let seed = Seed::new(setup, number, Some(state.clone()))?;
            file.weights(&final_weights(setup, &seed.left())).map_err(|error| vec![error])?;
            state
        }
        Some(state) if state.ending.is_final() => state,
        other => {
            let mut seed = Seed::new(setup, number, other)?;
            let stop = seed.run(&mut file, observer).map_err(|error| vec![error])?;
            let finished = matches!(stop, Stop::Finished | Stop::Early(_));
            let state = seed.checkpoint(stop.ending());
            // Before files are made in memory, what training needed goes.
            drop(seed);
            if finished {
                let values = setup.stored().parameters.iter().map(|parameter| state.tensors[&parameter.path].clone());
                let weights = final_weights(setup, &Weights { values: values.collect() });
                file.weights(&weights).map_err(|error| vec![error])?;
                file.keep(state.step, Watch::new(setup.train, &setup.panel).at_checkpoint(), || weights);
            }
            file.checkpoint(&state).map_err(|error| vec![error])?;
            state
        }
    };
    // They are in the file; what follows does not need them.
    let state = Checkpoint { tensors: BTreeMap::new(), ..state };
    let rows = file.rows().map_err(|error| vec![error])?;
    let events = setup.panel.events(&state.detectors).len();
    Ok((writer.summarise(number, &state, &rows, events, file.kept()), rows, state))
}

/// The file of all that a seed leaves.
fn final_weights(setup: &Setup<'_>, weights: &Weights) -> Vec<u8> {
    sym_lower::to_safetensors(setup.stored(), weights, setup.dtype)
}

/// Where the file has what a record names as not finite: ``gradient of `fc1.weight` ``, ``value `h` in `fc1` ``.
fn place(program: &sym_ir::Program, what: &str) -> Option<sym_diagnostics::Span> {
    let mut quoted = what.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    if what.starts_with("value") || what.starts_with("loss") {
        let scope = quoted.next().unwrap_or_default();
        return program.nodes.iter().find(|node| *node.name == *name && *node.scope == *scope).map(|node| node.span);
    }
    program.parameters.iter().find(|parameter| parameter.path == name).map(|parameter| parameter.span)
}

/// What is to be said about a seed that met a value that is not finite.
fn not_finite(train: &Train, summary: &SeedSummary) -> Option<Diagnostic> {
    let SeedSummary { seed, step, ending: Ending::NotANumber { what }, .. } = summary else { return None };
    let message =
        format!("`{}` with seed {seed} reached a value that is not finite at step {step}: first the {what}", train.name);
    Some(
        Diagnostic::new(Code::E0606, place(&train.program, what).unwrap_or(train.span), message)
            .label(format!("not finite at step {step}"))
            .found(format!("a {what} that is not finite"))
            .help("a smaller learning rate"),
    )
}

#[cfg(test)]
mod each_step;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod tests;
