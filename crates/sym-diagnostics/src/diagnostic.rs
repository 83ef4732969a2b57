//! The one diagnostic type of all stages.

use crate::{Code, Span};
use serde::{Deserialize, Serialize};

/// How serious a diagnostic is. Only errors make a command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file, an expectation or a claim is wrong.
    Error,
    /// Something that is likely unintended or could not be explained.
    Warning,
    /// Information.
    Note,
}

/// A span with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// The local fact, lower case, without a full stop.
    pub message: String,
}

/// What went wrong, where, what was found, what was expected and how to mend it.
///
/// The headline stands alone on one line, lower case, with the user's names and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its entry in the registry.
    pub code: Code,
    /// Severity; the registry's default unless changed.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// The local fact. `None` only where there is no text to point at (a missing file).
    pub primary: Option<Label>,
    /// Causes elsewhere.
    pub secondary: Vec<Label>,
    /// What stands there.
    pub found: Option<String>,
    /// What should stand there.
    pub expected: Option<String>,
    /// One concrete edit.
    pub help: Option<String>,
    /// Whether the command line is wrong, not a file.
    pub usage: bool,
}

impl Diagnostic {
    /// A diagnostic at `span`; the label repeats nothing until [`Diagnostic::label`] sets it.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { primary: Some(Label { span, message: String::new() }), ..Self::without_span(code, message) }
    }

    /// A diagnostic about something that has no text, such as an unwritable directory.
    pub fn without_span(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            found: None,
            expected: None,
            help: None,
            usage: false,
        }
    }

    /// The same diagnostic, at a place where it has none yet: where a file is named that turned out to be wrong.
    #[must_use]
    pub fn at(mut self, span: Span, message: impl Into<String>) -> Self {
        self.primary.get_or_insert(Label { span, message: message.into() });
        self
    }

    /// Sets the text of the primary label.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.message = message.into();
        }
        self
    }

    /// Adds a cause elsewhere.
    #[must_use]
    pub fn cause(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: message.into() });
        self
    }

    /// Sets what was found.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Sets what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says that the command line is wrong, not a file.
    #[must_use]
    pub fn usage(mut self) -> Self {
        self.usage = true;
        self
    }

    /// Sets the concrete edit that mends it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the nearest candidate in the help, or lists what there is (at most eight).
    #[must_use]
    pub fn suggest<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        if let Some(near) = crate::nearest(name, candidates.iter().copied()) {
            return self.help(format!("a similar name exists: `{near}`"));
        }
        if candidates.is_empty() {
            return self;
        }
        let shown = candidates.iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = if candidates.len() > 8 { ", …" } else { "" };
        self.help(format!("available: {shown}{more}"))
    }

    /// Whether it makes the command fail.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
