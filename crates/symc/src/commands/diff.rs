//! `symc diff A B`.

use crate::analysis;
use crate::arguments::{self, Format};
use crate::console::Console;
use crate::render::{diff, json};
use crate::report::{Diagnosed, DiffReport, ModelDiff, ModelReport};
use crate::session;
use crate::{Exit, output};
use std::path::{Path, PathBuf};
use sym_diagnostics::nearest;

/// Says what differs between the symmetries of two files' models, or of two models. That something differs is no failure.
pub fn execute(arguments: &arguments::Diff, console: Console) -> Exit {
    let mut report = DiffReport::default();
    let mut exit = Exit::Success;
    let mut sides = Vec::new();
    for side in [&arguments.a, &arguments.b] {
        let (path, wanted) = parts(side);
        let compiled = session::compile(&path, &arguments.settings);
        let found = &compiled.document.diagnostics;
        exit = exit.and(session::exit(&compiled, found));
        console.diagnostics(&compiled.sources, found);
        report.diagnostics.extend(found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)));
        let mut models: Vec<ModelReport> =
            analysis::analyse(&compiled.document).iter().map(|model| model.report(&compiled)).collect();
        if let Some(wanted) = &wanted {
            let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
            models.retain(|model| model.name == *wanted);
            if models.is_empty() && exit == Exit::Success {
                let near = nearest(wanted, names.iter().map(String::as_str));
                let help =
                    near.map_or_else(|| format!("available: {}", names.join(", ")), |near| format!("a similar one is {near}"));
                output::error(&format!("error: there is no model {wanted} in {}; {help}", compiled.file));
                return Exit::Usage;
            }
        }
        sides.push(models);
    }
    if let [a, b] = sides.as_slice() {
        compare(a, b, &mut report);
    }
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Human | Format::Short if console.quiet => {}
        Format::Human => output::print(&diff::human(&report, console.report)),
        Format::Short => output::print(&diff::short(&report)),
    }
    exit
}

/// Models of one name are compared; where there is one on each side, these two are, whatever they are called.
fn compare(a: &[ModelReport], b: &[ModelReport], report: &mut DiffReport) {
    if let ([a], [b]) = (a, b) {
        report.models.push(ModelDiff::new(a, b));
        return;
    }
    for model in a {
        match b.iter().find(|other| other.name == model.name) {
            Some(other) => report.models.push(ModelDiff::new(model, other)),
            None => report.only_a.push(model.name.clone()),
        }
    }
    let new = b.iter().filter(|model| a.iter().all(|other| other.name != model.name));
    report.only_b.extend(new.map(|model| model.name.clone()));
}

/// `FILE` or `FILE:MODEL`. The first colon behind which no file of the whole name exists divides; paths may hold colons themselves.
fn parts(text: &str) -> (PathBuf, Option<String>) {
    if Path::new(text).exists() {
        return (text.into(), None);
    }
    let divided = text.match_indices(':').find(|(at, _)| Path::new(&text[..*at]).is_file());
    match divided {
        Some((at, _)) => (text[..at].into(), Some(text[at + 1..].to_string())),
        None => (text.into(), None),
    }
}
