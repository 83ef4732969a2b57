//! One line a diagnostic: `file:line:column: error[E0203]: headline; found …; expected …; help: …`.

use super::text::printable;
use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Severity, Sources};

/// The word for a severity.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A diagnostic on one line.
pub fn diagnostic(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let mut line = String::new();
    if let Some(label) = &diagnostic.primary {
        let file = sources.file(label.span.file);
        let position = file.position(label.span.start);
        let _ = write!(line, "{}:{}:{}: ", file.name, position.line, position.column);
    }
    let _ = write!(line, "{}[{}]: {}", severity(diagnostic.severity), diagnostic.code, diagnostic.message);
    for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help:", &diagnostic.help)] {
        if let Some(part) = part {
            let _ = write!(line, "; {word} {part}");
        }
    }
    printable(&line).replace('\n', " ")
}
