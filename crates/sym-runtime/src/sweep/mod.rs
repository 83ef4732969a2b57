//! Sweeps: the runs of a `sweep` item, several at once, each with a record of its own that is named by what determines its numbers.
//!
//! Running a sweep again computes what is missing: whole records are read, stopped ones are gone on with. A run that fails or diverges
//! stops no other.

mod table;

use crate::claims::Curve;
use crate::record::{Ending, Lock, Record, Summary};
use crate::train::{self, Environment, Turns};
use crate::{Observer, Progress};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use sym_diagnostics::{Code, Diagnostic, Severity};
use sym_ir::experiment::{Probe, Sweep};

/// Watches a sweep. Called from several threads at once.
pub trait SweepObserver: Sync {
    /// Told when a run ends: runs done, how many of them were there already, and all runs.
    fn runs(&self, _done: usize, _found: usize, _of: usize) {}

    /// Asked again and again: whether to stop cleanly with what there is.
    fn interrupted(&self) -> bool {
        false
    }
}

/// What became of one run.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its record's directory.
    pub directory: PathBuf,
    /// How it ended.
    pub summary: Summary,
    /// Whether its record was there already.
    pub found: bool,
}

/// What a sweep came to.
#[derive(Debug, Clone)]
pub struct SweepOutcome {
    /// The runs in the order of the sweep; `None` for one that failed or was not begun.
    pub runs: Vec<Option<Done>>,
    /// The table of all runs, where it was written.
    pub table: Option<PathBuf>,
    /// Everything that is to be said.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the observer ended it.
    pub interrupted: bool,
}

/// Executes a sweep: as many runs at once as there are threads, so that no more of them are in memory. The records go to
/// `environment.out`/NAME/HASH, the table of all runs to `environment.out`/NAME/`runs.parquet`.
pub fn run(sweep: &Sweep, environment: &Environment<'_>, observer: &dyn SweepObserver) -> SweepOutcome {
    let whole_out = environment.out;
    let out = whole_out.join(&sweep.name);
    let at_once = environment.threads.clamp(1, sweep.runs.len().max(1));
    let environment = Environment { out: &out, threads: (environment.threads / at_once).max(1), ..environment.clone() };
    let total = sweep.runs.len();
    let (next, done, found) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let interrupted = AtomicBool::new(false);
    let turns = Turns::default();
    // Two processes would take runs from each other.
    let _lock = match Lock::take_new(&out) {
        Ok(lock) => lock,
        Err(problem) => {
            return SweepOutcome { runs: vec![None; total], table: None, diagnostics: vec![problem], interrupted: false };
        }
    };
    let runs: Mutex<Vec<Option<Done>>> = Mutex::new(vec![None; total]);
    let problems: Mutex<Vec<(usize, Diagnostic)>> = Mutex::new(Vec::new());
    let work = || {
        while !observer.interrupted() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = sweep.runs.get(at) else { return };
            let symmetries = sym_infer::infer(&run.train.program);
            let watch = Watch { observer, stepped: AtomicBool::new(false) };
            let outcome = train::run_addressed(&run.train, &run.data, &symmetries, &environment, &turns, &watch);
            if outcome.interrupted {
                interrupted.store(true, Ordering::Relaxed);
            }
            let is_found = !watch.stepped.into_inner();
            if let Some(record) = outcome.record {
                let done = Done { directory: outcome.directory, summary: record.summary, found: is_found };
                runs.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(done);
            }
            found.fetch_add(usize::from(is_found), Ordering::Relaxed);
            let label = sweep.label(run);
            let said = outcome.diagnostics.into_iter().filter(|diagnostic| diagnostic.code != Code::E0609);
            let said = said.map(|diagnostic| (at, about(diagnostic, &label)));
            problems.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
            observer.runs(done.fetch_add(1, Ordering::Relaxed) + 1, found.load(Ordering::Relaxed), total);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    let runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut problems = problems.into_inner().unwrap_or_else(PoisonError::into_inner);
    problems.sort_by_key(|(at, _)| *at);
    let mut diagnostics: Vec<Diagnostic> = problems.into_iter().map(|(_, diagnostic)| diagnostic).collect();
    let interrupted = interrupted.into_inner() || observer.interrupted();
    if interrupted {
        let whole = runs.iter().flatten().filter(|done| done.summary.complete).count();
        diagnostics.push(
            Diagnostic::new(Code::E0609, sweep.span, format!("`{}` was stopped after {whole} of {total} runs", sweep.name))
                .found(format!("{whole} runs"))
                .expected(format!("{total} runs"))
                .help(format!("go on with `--resume {}`", whole_out.display())),
        );
    }
    let table = match table::write(sweep, &runs, &out) {
        Ok(path) => path,
        Err(problem) => {
            diagnostics.push(problem);
            None
        }
    };
    SweepOutcome { runs, table, diagnostics, interrupted }
}

/// Says of which run a diagnostic speaks. A run that diverges is a finding of the sweep, no error of the file.
fn about(mut diagnostic: Diagnostic, label: &str) -> Diagnostic {
    diagnostic.message = format!("`{label}`: {}", diagnostic.message);
    if diagnostic.code == Code::E0606 {
        diagnostic.severity = Severity::Warning;
    }
    diagnostic
}

impl Done {
    /// Whether a value that is not finite ended one of its seeds.
    pub fn diverged(&self) -> bool {
        self.summary.seeds.iter().any(|seed| matches!(seed.ending, Ending::NotANumber { .. }))
    }

    /// The curves of a probe, one a seed, read from the record; `None` where it was not measured or cannot be read.
    pub fn curves(&self, probe: &Probe) -> Option<Vec<Curve>> {
        Record::open(&self.directory).ok()?.curves(probe)
    }
}

/// Passes interruptions on, and notes whether anything was computed.
struct Watch<'a> {
    observer: &'a dyn SweepObserver,
    stepped: AtomicBool,
}

impl Observer for Watch<'_> {
    fn progress(&self, _: &Progress<'_>) {
        self.stepped.store(true, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }
}
