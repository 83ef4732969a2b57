//! Why a data set could not be fetched.

use std::fmt;
use std::path::Path;

/// Why something could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of fault it is.
    pub kind: Kind,
    /// What went wrong.
    pub what: String,
    /// What was found.
    pub found: Option<String>,
    /// What is expected.
    pub expected: Option<String>,
    /// What can be done.
    pub help: Option<String>,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No address answers, or with something else.
    Network,
    /// What came is not the published file.
    Different,
    /// A file cannot be written or read.
    System,
}

impl Error {
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), found: None, expected: None, help: None }
    }

    pub(crate) fn system(path: &Path, done: &str, error: &std::io::Error) -> Self {
        Self::new(Kind::System, format!("`{}` cannot be {done}: {error}", path.display()))
    }

    pub(crate) fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = Some(found.to_string());
        self
    }

    pub(crate) fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {}
