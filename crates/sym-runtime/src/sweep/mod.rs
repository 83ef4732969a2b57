//! Sweeps: the runs of a `sweep` item, several at once, each with a record of its own that is named by what determines its numbers.
//!
//! Running a sweep again computes what is missing: whole records are read, stopped ones are gone on with. A run that fails or diverges
//! stops no other. A run that several sweeps have, or that the repeated item is, is made once.

mod alike;
mod table;

use crate::claims::Curve;
use crate::record::{Ending, Lock, Record, Summary};
use crate::train::{self, Environment, Known, Turns};
use crate::{Observer, Progress};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use sym_diagnostics::{Code, Diagnostic, Severity};
use sym_ir::experiment::{Probe, Sweep};

/// Watches sweeps. Called from several threads at once.
pub trait SweepObserver: Sync {
    /// Told when a run of any of them ends, and whether it was there already.
    fn ended(&self, _found: bool) {}

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

/// Executes sweeps together: as many runs at once as there are threads, so that no more of them are in memory, those of the first sweep first. The records go to
/// `environment.out`/NAME/HASH, where NAME is the first sweep that has the run, the table of all runs of a sweep to `environment.out`/NAME/`runs.parquet`, as soon as its last run has ended.
///
/// What became of each sweep, in their order.
pub fn run(sweeps: &[&Sweep], environment: &Environment<'_>, observer: &dyn SweepObserver) -> Vec<SweepOutcome> {
    let courses: Vec<Course<'_>> = sweeps.iter().map(|sweep| Course::new(sweep, observer, environment.out)).collect();
    let locked = courses.iter().enumerate().filter(|(_, course)| course.lock.is_ok());
    let jobs = alike::together(locked.map(|(at, course)| (at, course.sweep)));
    // Runs that differ in what they ask for may still come to the same numbers, and so to the same record.
    let turns = Turns::default();
    // A record is of one `train` item, whichever sweep it was made for.
    let of_item =
        |item: &str| courses.iter().filter(|course| course.sweep.train == item).map(|course| course.out.clone()).collect();
    let places: Vec<Vec<PathBuf>> = courses.iter().map(|course| of_item(&course.sweep.train)).collect();
    let at_once = environment.threads.clamp(1, jobs.len().max(1));
    let next = AtomicUsize::new(0);
    // Threads that are left over go to the first.
    let threads = |worker: usize| (environment.threads / at_once + usize::from(worker < environment.threads % at_once)).max(1);
    let work = |worker: usize| {
        while let Some(equal) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            // The first is computed, the others find its record: whose the record is depends on no thread.
            let home = &courses[equal[0].0].out;
            for &(course, at) in equal {
                let environment = Environment { threads: threads(worker), out: home, ..environment.clone() };
                courses[course].execute(at, (&turns, &places[course]), &environment);
            }
        }
    };
    let work = &work;
    std::thread::scope(|scope| {
        for worker in 0..at_once {
            scope.spawn(move || work(worker));
        }
    });
    courses.into_iter().map(Course::outcome).collect()
}

/// A sweep that is executed.
struct Course<'a> {
    sweep: &'a Sweep,
    observer: &'a dyn SweepObserver,
    /// The directory of the file's results, and that of this sweep in it.
    whole_out: &'a Path,
    out: PathBuf,
    /// Two processes would take runs from each other.
    lock: Result<Lock, Diagnostic>,
    done: AtomicUsize,
    interrupted: AtomicBool,
    runs: Mutex<Vec<Option<Done>>>,
    problems: Mutex<Vec<(usize, Diagnostic)>>,
    table: Mutex<Option<Result<Option<PathBuf>, Diagnostic>>>,
}

impl<'a> Course<'a> {
    fn new(sweep: &'a Sweep, observer: &'a dyn SweepObserver, whole_out: &'a Path) -> Self {
        let out = whole_out.join(&sweep.name);
        Self {
            sweep,
            observer,
            whole_out,
            lock: Lock::take_new(&out),
            out,
            done: AtomicUsize::new(0),
            interrupted: AtomicBool::new(false),
            runs: Mutex::new(vec![None; sweep.runs.len()]),
            problems: Mutex::default(),
            table: Mutex::default(),
        }
    }

    /// Executes one run, whose record goes to `environment.out` unless one of the `places` of sweeps has it already, and writes the table where it
    /// was the last.
    fn execute(&self, at: usize, (turns, places): (&Turns, &[PathBuf]), environment: &Environment<'_>) {
        if self.observer.interrupted() {
            return;
        }
        let (run, total) = (&self.sweep.runs[at], self.sweep.runs.len());
        let base = self.whole_out.join(&run.train.name);
        let symmetries = sym_infer::infer(&run.train.program);
        let watch = Watch { observer: self.observer, stepped: AtomicBool::new(false) };
        let known = Known { turns, base: &base, others: places };
        let outcome = train::run_addressed(&run.train, &run.data, &symmetries, environment, known, &watch);
        if outcome.interrupted {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        let is_found = !watch.stepped.into_inner();
        if let Some(record) = outcome.record {
            let done = Done { directory: outcome.directory, summary: record.summary, found: is_found };
            self.runs.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(done);
        }
        let label = self.sweep.label(run);
        let said = outcome.diagnostics.into_iter().filter(|diagnostic| diagnostic.code != Code::E0609);
        let said = said.map(|diagnostic| (at, about(diagnostic, &label)));
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        self.observer.ended(is_found);
        // Everything of this run is there before it counts.
        if self.done.fetch_add(1, Ordering::AcqRel) + 1 == total {
            self.write_table();
        }
    }

    fn write_table(&self) {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let written = table::write(self.sweep, &runs, &self.out);
        *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
    }

    fn outcome(self) -> SweepOutcome {
        let total = self.sweep.runs.len();
        if let Err(problem) = self.lock {
            return SweepOutcome { runs: vec![None; total], table: None, diagnostics: vec![problem], interrupted: false };
        }
        if self.done.load(Ordering::Acquire) < total {
            self.write_table();
        }
        let runs = self.runs.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        problems.sort_by_key(|(at, _)| *at);
        let mut diagnostics: Vec<Diagnostic> = problems.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        let interrupted = self.interrupted.into_inner() || self.observer.interrupted();
        let whole = runs.iter().flatten().filter(|done| done.summary.complete).count();
        if interrupted && whole < total {
            diagnostics.push(
                Diagnostic::new(
                    Code::E0609,
                    self.sweep.span,
                    format!("`{}` was stopped after {whole} of {total} runs", self.sweep.name),
                )
                .found(format!("{whole} runs"))
                .expected(format!("{total} runs"))
                .help(format!("go on with `--resume {}`", self.whole_out.display())),
            );
        }
        let table = match self.table.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(path)) => path,
            Some(Err(problem)) => {
                diagnostics.push(problem);
                None
            }
            None => None,
        };
        SweepOutcome { runs, table, diagnostics, interrupted }
    }
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
