//! `symc verify FILE`.

use crate::arguments::{self, Format};
use crate::console::Console;
use crate::progress::Bars;
use crate::render::{json, short, theorems as tables};
use crate::report::{Diagnosed, Report};
use crate::{Exit, interrupt, output, session, theorems};
use sym_diagnostics::nearest;

/// Executes a file's theorems.
pub fn execute(arguments: &arguments::Verify, console: Console) -> Exit {
    let mut compiled = session::compile(&arguments.file, &arguments.settings);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    console.diagnostics(&compiled.sources, &found);
    if let Some(name) = arguments.theorem.as_ref().filter(|name| !compiled.document.theorems.contains_key(*name)) {
        let near = nearest(name, compiled.document.theorems.keys().map(String::as_str));
        let help = near.map_or_else(String::new, |near| format!("; a similar one is {near}"));
        output::error(&format!("error: there is no theorem {name} in {}{help}", compiled.file));
        return Exit::Usage;
    }
    if session::exit(&compiled, &found) == Exit::Success && compiled.document.theorems.is_empty() {
        console.note(&format!("there is no theorem in {}: nothing to execute", compiled.file));
    }
    interrupt::listen();
    let bars = Bars::new(!console.quiet && console.format == Format::Human);
    let (rows, diagnostics) = theorems::execute(&compiled, arguments.theorem.as_deref(), &bars);
    bars.clear();
    console.diagnostics(&compiled.sources, &diagnostics);
    found.extend(diagnostics);
    let mut report = Report { theorems: rows, ..Report::default() };
    report.diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)).collect();
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Human if !console.quiet => output::print(&tables::theorems(&report.theorems, console.report)),
        Format::Short if !console.quiet => output::print(&report.theorems.iter().map(short::theorem).collect::<String>()),
        Format::Human | Format::Short => {}
    }
    if interrupt::interrupted() { Exit::Interrupted } else { session::exit(&compiled, &found) }
}
