//! `symc run FILE`; of a folder, [`super::run_folder`].

use crate::analysis::{self, Analysed};
use crate::arguments::{self, Format};
use crate::console::Console;
use crate::figure::{self, Drawing};
use crate::findings::Findings;
use crate::progress::Bars;
use crate::render::{comparison, json, measurements, short, sweeps as rendered, table, theorems as tables};
use crate::report::{Diagnosed, Report, TheoremRow};
use crate::session::{self, Compiled};
use crate::{Exit, between, claims, interrupt, interventions, output, proof, sweeps, theorems};
use std::path::{Path, PathBuf};
use std::time::Instant;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::Figure;
use sym_runtime::data::Shared;
use sym_runtime::train::Environment;

/// Which items are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// `measure` items.
    Measurements,
}

/// What became of a file.
pub struct Executed {
    /// How it ended.
    pub exit: Exit,
    /// Everything that was found.
    pub report: Report,
    /// Whether its items were executed; if not, the report has only diagnostics.
    pub ran: bool,
}

/// Executes every item of a file, or of all files of a folder. A failure in one hides no other; the exit code at the end says whether there was one.
pub fn execute(arguments: &arguments::Run, console: Console) -> Exit {
    if arguments.file.is_dir() {
        return super::run_folder::execute(arguments, console);
    }
    execute_within(arguments, Scope::All, console)
}

/// The same for some items. Claims about others are left undecided.
pub fn execute_within(arguments: &arguments::Run, scope: Scope, console: Console) -> Exit {
    let Executed { exit, report, ran } = executed(arguments, scope, console);
    if ran || !report.diagnostics.is_empty() {
        print(&report, ran, console);
    }
    exit
}

/// The same without printing the report; diagnostics are printed as they come.
pub fn executed(arguments: &arguments::Run, scope: Scope, console: Console) -> Executed {
    let started = Instant::now();
    let asked = &arguments.execution;
    let misused = sym_lower::Backend::with_dtype(&asked.backend, &asked.dtype).err().unwrap_or_default();
    let mut compiled = session::compile(&arguments.file, &arguments.settings);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    found.splice(..0, misused);
    if scope == Scope::Measurements && compiled.document.measurements.is_empty() && !found.iter().any(Diagnostic::is_error) {
        output::error(&format!("error: `{}` has no `measure` item", compiled.file));
        return Executed { exit: Exit::Usage, report: Report::default(), ran: false };
    }
    console.diagnostics(&compiled.sources, &found);
    if let Some(Err(refused)) = arguments.resume.as_deref().map(sym_runtime::record::resumable) {
        console.diagnostics(&compiled.sources, std::slice::from_ref(&refused));
        found.push(refused);
    }
    if found.iter().any(Diagnostic::is_error) {
        // Nothing is trained while the file or the request is wrong: what is asked for is not known.
        return refused(&compiled, &found);
    }
    let mut models = analysis::analyse(&compiled.document);
    let refuted = interventions::judge(&mut models);
    if !refuted.is_empty() {
        console.diagnostics(&compiled.sources, &refuted);
        found.extend(refuted);
        return refused(&compiled, &found);
    }
    interrupt::listen();
    if let Some(threads) = arguments.execution.threads {
        // Proofs and theorems use the pool of the process; where it is there already, it stays.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
    }
    let out = out(arguments, &compiled);
    let findings = Findings::new(models, &compiled.document.assumptions);
    let data = Shared::default();
    let mut execution = Execution { compiled: &compiled, console, out: &out, findings, found: Vec::new(), data, started };
    execution.measure(arguments);
    let mut theorems = Vec::new();
    if scope == Scope::All {
        execution.train(arguments);
        execution.sweep(arguments);
        if !interrupt::interrupted() {
            theorems = execution.theorems();
        }
        if !interrupt::interrupted() {
            execution.prove();
        }
    }
    let expectations = execution.claims(scope);
    let figures = execution.figures();
    let Execution { findings, found: later, .. } = execution;

    let mut report = Report { expectations, theorems, figures, ..Report::default() };
    report.runs = findings.records().map(|(train, record)| crate::rows::run(train, record)).collect();
    report.measurements = findings.measurements().map(|(item, record)| crate::rows::measurement(item, record)).collect();
    report.sweeps = findings.sweeps().map(|(sweep, outcome)| sweeps::report(sweep, outcome)).collect();
    if scope == Scope::All {
        report.models = findings.models.iter().map(|model| model.report(&compiled)).collect();
    }
    if !(report.runs.is_empty() && report.sweeps.is_empty() && report.measurements.is_empty()) {
        report.record = Some(out.display().to_string());
    }
    found.extend(later);
    report.diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)).collect();
    let failed = Exit::failed_if(found.iter().any(Diagnostic::is_error));
    let exit = if interrupt::interrupted() { Exit::Interrupted } else { failed };
    Executed { exit, report, ran: true }
}

/// A file of which nothing was executed.
fn refused(compiled: &Compiled, found: &[Diagnostic]) -> Executed {
    let diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)).collect();
    let report = Report { diagnostics, ..Report::default() };
    Executed { exit: session::exit(compiled, found), report, ran: false }
}

/// The most memory that the process has had, in bytes, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes: u64 = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Where records and figures go.
fn out(arguments: &arguments::Run, compiled: &Compiled) -> PathBuf {
    if let Some(directory) = arguments.resume.as_ref().or(arguments.out.as_ref()) {
        return directory.clone();
    }
    let stem = Path::new(&compiled.file).file_stem().map_or_else(|| "run".into(), ToOwned::to_owned);
    sym_runtime::record::unused(&Path::new("runs").join(stem))
}

/// What is executed one after another.
struct Execution<'a> {
    compiled: &'a Compiled,
    console: Console,
    out: &'a Path,
    findings: Findings<'a>,
    found: Vec<Diagnostic>,
    /// What runs, sweeps and measurements have in common.
    data: Shared,
    /// When the command began.
    started: Instant,
}

impl<'a> Execution<'a> {
    /// Prints what a stage has to say as soon as it says it.
    fn say(&mut self, diagnostics: Vec<Diagnostic>) {
        self.console.diagnostics(&self.compiled.sources, &diagnostics);
        self.found.extend(diagnostics);
    }

    fn train(&mut self, arguments: &'a arguments::Run) {
        let document = &self.compiled.document;
        let environment = self.environment(arguments);
        for train in document.trains.values() {
            if interrupt::interrupted() {
                return;
            }
            let Some(data) = document.data.get(&train.data) else { continue };
            let Some(symmetries) = self.findings.of_train(&train.name) else { continue };
            let bars = Bars::new(!self.console.quiet && self.console.format == Format::Human);
            let outcome = sym_runtime::train::run(train, data, symmetries, &environment, &bars);
            bars.clear();
            if let Some((begun, done)) = bars.first_step().filter(|_| self.console.verbose) {
                let [begun, done] = [begun, done].map(|moment| moment.duration_since(self.started).as_millis());
                let memory = peak_memory().map_or_else(String::new, |bytes| format!("; up to {} MB of memory", bytes >> 20));
                self.console.note(&format!(
                    "`{}`: the first step began {begun} ms after the start and was done after {done} ms{memory}",
                    train.name
                ));
            }
            if let Some(record) = outcome.record {
                self.findings.add_record(&train.name, record);
            }
            self.say(outcome.diagnostics);
        }
    }

    fn measure(&mut self, arguments: &'a arguments::Run) {
        let document = &self.compiled.document;
        let environment = self.environment(arguments);
        for measurement in document.measurements.values() {
            if interrupt::interrupted() {
                return;
            }
            let data = measurement.data.as_ref().and_then(|(name, _)| document.data.get(name));
            let Some(symmetries) = self.findings.of_measurement(&measurement.name) else { continue };
            let outcome = sym_runtime::measure::run(measurement, data, symmetries, &environment);
            if let Some(record) = outcome.record {
                self.findings.add_measurement(measurement, record);
            }
            self.say(outcome.diagnostics);
        }
    }

    fn environment(&self, arguments: &'a arguments::Run) -> Environment<'a> {
        Environment {
            out: self.out,
            spec: self.compiled.sources.iter().next().map_or("", |(_, file)| file.text.as_str()),
            base: Path::new(&self.compiled.file).parent().unwrap_or_else(|| Path::new("")),
            backend: &arguments.execution.backend,
            dtype: &arguments.execution.dtype,
            threads: rayon::current_num_threads(),
            resume: arguments.resume.is_some(),
            data: self.data.clone(),
        }
    }

    fn sweep(&mut self, arguments: &'a arguments::Run) {
        let environment = self.environment(arguments);
        if interrupt::interrupted() {
            return;
        }
        let shown = !self.console.quiet && self.console.format == Format::Human;
        for (sweep, mut outcome) in sweeps::execute(self.compiled.document.sweeps.values(), &environment, shown) {
            self.say(std::mem::take(&mut outcome.diagnostics));
            self.findings.add_sweep(sweep, outcome);
        }
    }

    fn theorems(&mut self) -> Vec<TheoremRow> {
        let bars = Bars::new(!self.console.quiet && self.console.format == Format::Human);
        let (rows, diagnostics) = theorems::execute(self.compiled, None, &bars);
        bars.clear();
        self.say(diagnostics);
        rows
    }

    fn prove(&mut self) {
        let started: Vec<String> = self.findings.records().map(|(train, _)| train.to_string()).collect();
        // A model whose training could not start waits for the user.
        let awaited = |model: &&mut Analysed<'_>| {
            model.trains.is_empty() || model.trains.iter().any(|(train, _)| started.contains(&train.name))
        };
        let mut models: Vec<_> = self.findings.models.iter_mut().filter(awaited).collect();
        if models.is_empty() {
            return;
        }
        self.console.note("proving the symmetries");
        let diagnostics = proof::prove(models.drain(..));
        self.say(diagnostics);
    }

    fn claims(&mut self, scope: Scope) -> Vec<crate::report::ExpectationRow> {
        let base = Path::new(&self.compiled.file).parent().unwrap_or_else(|| Path::new(""));
        if scope == Scope::All {
            let said = between::measure(&self.compiled.document, base, &mut self.findings);
            self.say(said);
        }
        let (rows, failures) = claims::decide(self.compiled, &self.findings, scope == Scope::All);
        self.say(failures);
        rows
    }

    fn figures(&mut self) -> Vec<String> {
        let (mut paths, mut empty) = (Vec::new(), Vec::new());
        for item in &self.compiled.document.figures {
            let Some(drawing) = Drawing::from_record(item, &self.findings) else {
                let series = item.series.iter().map(|series| (&series.train, series.seed));
                let profiles = item.profiles.iter().map(|profile| (&profile.train, profile.seed));
                // Why a run has no record was said.
                let has_run = |(run, seed): (&String, Option<u64>)| seed.is_some() && self.findings.record(run).is_some();
                if series.chain(profiles).any(has_run) && !interrupt::interrupted() {
                    empty.push(nothing_to_draw(item));
                }
                continue;
            };
            match figure::draw(&drawing, self.out, &item.name) {
                Ok(files) => paths.extend(files.iter().map(|path| path.display().to_string())),
                Err(diagnostic) => self.say(vec![diagnostic]),
            }
        }
        self.say(empty);
        paths
    }
}

/// E0211, as a warning: a figure of seeds that there are not.
fn nothing_to_draw(figure: &Figure) -> Diagnostic {
    let message = format!("the figure `{}` is not drawn: no run has its seed", figure.name);
    let mut said = Diagnostic::new(Code::E0211, figure.span, message)
        .label("nothing to draw")
        .help("name a seed of `seeds`, or leave `seed` out");
    said.severity = sym_diagnostics::Severity::Warning;
    said
}

/// Prints a report; of one that has only diagnostics nothing is left to print but the document.
fn print(report: &Report, ran: bool, console: Console) {
    match console.format {
        Format::Json => output::print(&json::document(report)),
        Format::Human | Format::Short if !ran => {}
        Format::Human | Format::Short if console.quiet => {}
        Format::Human => {
            let style = console.report;
            for run in &report.runs {
                output::print(&table::run(run, style));
            }
            output::print(&comparison::comparison(&report.runs, style));
            for measurement in &report.measurements {
                output::print(&measurements::measurement(measurement, style));
            }
            for sweep in &report.sweeps {
                output::print(&rendered::sweep(sweep, style));
            }
            for model in &report.models {
                output::print(&table::model(model, style));
            }
            output::print(&tables::theorems(&report.theorems, style));
            output::print(&table::expectations(&report.expectations, style));
            if console.verbose {
                output::print(&table::conventions(style));
            }
            output::print(&table::paths(report, style));
        }
        Format::Short => {
            let mut lines: Vec<String> = report.runs.iter().map(short::run).collect();
            lines.push(comparison::short(&report.runs));
            lines.extend(report.measurements.iter().map(measurements::short));
            lines.extend(report.sweeps.iter().map(rendered::short));
            lines.extend(report.models.iter().map(short::model));
            lines.extend(report.theorems.iter().map(short::theorem));
            lines.extend(report.expectations.iter().map(|row| short::expectation(row) + "\n"));
            lines.extend(report.record.iter().map(|path| format!("record: {path}\n")));
            lines.extend(report.figures.iter().map(|path| format!("figure: {path}\n")));
            output::print(&lines.concat());
        }
    }
}
