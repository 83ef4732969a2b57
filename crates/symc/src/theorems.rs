//! A document's theorems, executed one after another.

use crate::report::TheoremRow;
use crate::rows;
use crate::session::Compiled;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_runtime::Observer;

/// Executes all theorems, or the named one.
pub fn execute(compiled: &Compiled, only: Option<&str>, observer: &dyn Observer) -> (Vec<TheoremRow>, Vec<Diagnostic>) {
    let base = Path::new(&compiled.file).parent().unwrap_or_else(|| Path::new(""));
    let (mut executed, mut found) = (Vec::new(), Vec::new());
    for theorem in compiled.document.theorems.values() {
        if only.is_some_and(|name| name != theorem.name) || observer.interrupted() {
            continue;
        }
        let data = match theorem.data.as_ref().and_then(|name| compiled.document.data.get(name)) {
            Some(data) => match sym_runtime::data::load(data, &theorem.program, base) {
                Ok(data) => Some(data),
                Err(diagnostics) => {
                    found.extend(diagnostics);
                    continue;
                }
            },
            None => None,
        };
        let symmetries = sym_infer::infer(&theorem.program);
        let report = sym_runtime::theorem::execute(theorem, &symmetries, data.as_ref(), observer);
        executed.extend(report.runs.iter().map(|run| rows::theorem(&report, run)));
        found.extend(report.diagnostics);
    }
    (executed, found)
}
