//! Diagnostics with their places as people count them.

use serde::Serialize;
use sym_diagnostics::{Diagnostic, Severity, Sources};

/// A diagnostic as the JSON form has it. Places are `null` where there is no text to point at.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosed {
    /// `E0203`.
    pub code: &'static str,
    /// `shape-mismatch`.
    pub name: &'static str,
    /// Severity.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// The file.
    pub file: Option<String>,
    /// First line, from 1.
    pub line: Option<usize>,
    /// First column, from 1, in characters.
    pub column: Option<usize>,
    /// Last line.
    pub end_line: Option<usize>,
    /// One past the last column.
    pub end_column: Option<usize>,
    /// What stands there.
    pub found: Option<String>,
    /// What should.
    pub expected: Option<String>,
    /// One concrete edit.
    pub help: Option<String>,
    /// What the place is about.
    pub label: Option<String>,
    /// Causes elsewhere.
    pub causes: Vec<Cause>,
}

/// A cause elsewhere.
#[derive(Debug, Clone, Serialize)]
pub struct Cause {
    /// What.
    pub message: String,
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Diagnosed {
    /// The diagnostic with its places.
    pub fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.primary.as_ref().map(|label| {
            let file = sources.file(label.span.file);
            (file.name.clone(), file.position(label.span.start), file.position(label.span.end))
        });
        Self {
            code: diagnostic.code.id(),
            name: diagnostic.code.name(),
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            file: place.as_ref().map(|(name, ..)| name.clone()),
            line: place.as_ref().map(|(_, start, _)| start.line),
            column: place.as_ref().map(|(_, start, _)| start.column),
            end_line: place.as_ref().map(|(.., end)| end.line),
            end_column: place.as_ref().map(|(.., end)| end.column),
            found: diagnostic.found.clone(),
            expected: diagnostic.expected.clone(),
            help: diagnostic.help.clone(),
            label: diagnostic.primary.as_ref().map(|label| label.message.clone()).filter(|text| !text.is_empty()),
            causes: diagnostic
                .secondary
                .iter()
                .map(|label| {
                    let file = sources.file(label.span.file);
                    let position = file.position(label.span.start);
                    Cause {
                        message: label.message.clone(),
                        file: file.name.clone(),
                        line: position.line,
                        column: position.column,
                    }
                })
                .collect(),
        }
    }
}

/// Diagnostics in reading order: by file and place, those without a place first.
pub fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| (label.span.file, label.span.start)));
    diagnostics
}
