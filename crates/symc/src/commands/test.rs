//! `symc test PATH… [--update] [--run]`.

use crate::arguments::{self, Format};
use crate::console::Console;
use crate::findings::Findings;
use crate::render::{json, table};
use crate::report::{Diagnosed, Outcome, Schema};
use crate::session::Compiled;
use crate::{Exit, analysis, claims, interventions, output};
use serde::Serialize;
use std::path::{Path, PathBuf};
use sym_compiler::{Settings, snapshot};
use sym_diagnostics::{Code, Diagnostic};

/// The JSON document.
#[derive(Default, Serialize)]
struct TestReport {
    schema: Schema,
    files: Vec<FileRow>,
    diagnostics: Vec<Diagnosed>,
}

/// A file with what its checks gave.
#[derive(Serialize)]
struct FileRow {
    file: String,
    /// Models.
    models: usize,
    /// `expect` and `assume` items that hold.
    holds: usize,
    /// Those that fail.
    fails: usize,
    /// Those that need a run.
    deferred: usize,
    snapshot: Kept,
    /// Whether nothing in it failed.
    passed: bool,
}

/// What became of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kept {
    /// It says the same.
    Same,
    /// It says something else.
    Changed,
    /// There is none.
    Missing,
    /// It was written anew.
    Updated,
    /// The file has errors.
    Undecided,
}

impl Kept {
    fn word(self) -> &'static str {
        match self {
            Kept::Same => "same",
            Kept::Changed => "changed",
            Kept::Missing => "missing",
            Kept::Updated => "updated",
            Kept::Undecided => "undecided",
        }
    }
}

/// Decides the `expect` items of all files and compares their snapshots. A failure in one file hides none in another.
pub fn execute(arguments: &arguments::Test, console: Console) -> Exit {
    let (mut report, mut exit) = (TestReport::default(), Exit::Success);
    let mut files = Vec::new();
    for path in &arguments.paths {
        match files_of(path) {
            Ok(found) => files.extend(found),
            Err(diagnostic) => {
                console.diagnostics(&sym_diagnostics::Sources::default(), std::slice::from_ref(&diagnostic));
                report.diagnostics.push(Diagnosed::new(&sym_diagnostics::Sources::default(), &diagnostic));
                exit = exit.and(Exit::Failure);
            }
        }
    }
    for file in files {
        let (row, sources, found) = test(&file, arguments, console);
        console.diagnostics(&sources, &found);
        report.diagnostics.extend(found.iter().map(|diagnostic| Diagnosed::new(&sources, diagnostic)));
        exit = exit.and(Exit::failed_if(!row.passed));
        if console.format == Format::Short && console.reports() {
            output::print(&line(&row));
        }
        report.files.push(row);
    }
    if console.format == Format::Json {
        output::print(&json::document(&report));
    } else if console.format == Format::Human && console.reports() {
        output::print(&summary(&report.files, console));
    }
    exit
}

/// The `.sym` files of a folder and all folders in it, in order; a file alone is itself.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let unreadable =
        |error: std::io::Error| Diagnostic::without_span(Code::E0217, format!("{} cannot be read: {error}", path.display()));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(files_of(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "sym") {
            files.push(entry);
        }
    }
    Ok(files)
}

fn test(file: &Path, arguments: &arguments::Test, console: Console) -> (FileRow, sym_diagnostics::Sources, Vec<Diagnostic>) {
    let mut compiled = sym_compiler::compile(file, &Settings::default());
    let (kept, changed) = compare(&compiled, file, arguments.update);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    let mut models = analysis::analyse(&compiled.document);
    found.extend(interventions::judge(&mut models));
    let findings = Findings::new(models, &compiled.document.assumptions);
    let (rows, failures) = claims::decide(&compiled, &findings, false);
    found.extend(failures);
    found.extend(changed);
    let count = |wanted: &[Outcome]| rows.iter().filter(|row| wanted.contains(&row.outcome)).count();
    let mut row = FileRow {
        file: compiled.file.clone(),
        models: compiled.document.models.len(),
        holds: count(&[Outcome::Holds, Outcome::Assumed]),
        fails: count(&[Outcome::Fails]),
        deferred: count(&[Outcome::Deferred, Outcome::Undecided]),
        snapshot: kept,
        passed: !found.iter().any(Diagnostic::is_error),
    };
    let has_runs = !(compiled.document.trains.is_empty() && compiled.document.theorems.is_empty());
    if arguments.run && row.passed && has_runs {
        row.passed = run(file, console);
        if row.passed {
            row.holds += std::mem::take(&mut row.deferred);
        }
    }
    (row, compiled.sources, found)
}

/// Executes a file with a record that is thrown away.
fn run(file: &Path, console: Console) -> bool {
    let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let out = std::env::temp_dir().join(format!("symc-test-{}-{stem}", std::process::id()));
    let exit = super::run::execute(&arguments::Run::quiet(file, &out), console.quietly());
    // What cannot be removed is left in the directory for temporary files.
    let _ = std::fs::remove_dir_all(&out);
    exit == Exit::Success
}

/// Compares the snapshot beside a file, or writes it anew.
fn compare(compiled: &Compiled, file: &Path, update: bool) -> (Kept, Option<Diagnostic>) {
    let Ok(text) = snapshot::text(compiled) else { return (Kept::Undecided, None) };
    let path = Path::new(&compiled.file).with_extension("snap");
    let known = std::fs::read_to_string(&path).ok().map(|known| snapshot::kept(&known));
    if known.as_ref().is_some_and(|known| snapshot::same(known, &text)) {
        return (Kept::Same, None);
    }
    if update {
        let source = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return match std::fs::write(&path, snapshot::file(&source, &text)) {
            Ok(()) => (Kept::Updated, None),
            Err(error) => {
                let message = format!("{} cannot be written: {error}", path.display());
                (Kept::Missing, Some(Diagnostic::without_span(Code::E0603, message)))
            }
        };
    }
    let difference = |kept, message: String, found: String| {
        let diagnostic = Diagnostic::without_span(Code::E0308, message)
            .found(found)
            .expected(format!("the text of {}", path.display()))
            .help("`symc test --update` accepts what is found");
        (kept, Some(diagnostic))
    };
    match known {
        None => difference(Kept::Missing, format!("{} has no snapshot", compiled.file), "no file".to_string()),
        Some(known) => {
            let message = format!("the models of {} are not those of its snapshot", compiled.file);
            let old = known.trim_end().to_string() + "\n";
            let new = text.trim_end().to_string() + "\n";
            let diff = similar::TextDiff::from_lines(&old, &new);
            difference(Kept::Changed, message, shortened(&diff.unified_diff().context_radius(1).to_string()))
        }
    }
}

/// The first lines of a difference, and how many follow.
fn shortened(difference: &str) -> String {
    const SHOWN: usize = 40;
    let lines: Vec<&str> = difference.lines().collect();
    let more = lines.len().saturating_sub(SHOWN);
    let shown = lines[..lines.len() - more].join("\n");
    if more == 0 { shown } else { format!("{shown}\n… and {more} lines more") }
}

fn line(row: &FileRow) -> String {
    let passed = if row.passed { "passed" } else { "failed" };
    format!(
        "{}: {passed}: {} models, {} hold, {} fail, {} need a run, snapshot {}",
        row.file,
        row.models,
        row.holds,
        row.fails,
        row.deferred,
        row.snapshot.word()
    )
}

fn summary(files: &[FileRow], console: Console) -> String {
    let rows = files.iter().map(|row| {
        vec![
            if row.passed { "✓".to_string() } else { "✗".to_string() },
            row.file.clone(),
            row.models.to_string(),
            row.holds.to_string(),
            row.fails.to_string(),
            row.deferred.to_string(),
            row.snapshot.word().to_string(),
        ]
    });
    let table = table::table(&["", "file", "models", "hold", "fail", "need a run", "snapshot"], rows.collect(), console.report);
    let failed = files.iter().filter(|row| !row.passed).count();
    format!("{table}\n{} files, {failed} failed", files.len())
}
