//! What is wrong with a file.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file gives no examples: where in it, what was found and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The file.
    pub file: PathBuf,
    /// Whether it cannot be read or is not what it should be.
    pub kind: Kind,
    /// Where in the file.
    pub place: Place,
    /// What is wrong.
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
    /// There is no such file.
    Missing,
    /// The system refuses to read it.
    Unreadable,
    /// It is not what its format says.
    Damaged,
    /// It is sound and uses something that is not read.
    Unsupported,
    /// Its numbers would not fit into memory.
    TooLarge,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A byte, counted from 0.
    Byte(u64),
    /// A byte of what the file or one of its members holds unpacked.
    Unpacked {
        /// Name of the member; none where the file is packed as a whole.
        member: Option<String>,
        /// The byte, counted from 0.
        byte: u64,
    },
    /// A member of an archive, or a column of a table.
    Member(String),
    /// A line, counted from 1.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Whole => Ok(()),
            Place::Byte(byte) => write!(f, "byte {byte}: "),
            Place::Unpacked { member: None, byte } => write!(f, "unpacked byte {byte}: "),
            Place::Unpacked { member: Some(member), byte } => write!(f, "byte {byte} of `{member}`: "),
            Place::Member(name) => write!(f, "`{name}`: "),
            Place::Line(line) => write!(f, "line {line}: "),
        }
    }
}

impl fmt::Display for Error {
    /// One line without the name of the file, as it stands behind that name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.what)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// A file that is not what its format says.
    pub fn damaged(file: &Path, place: Place, what: impl Into<String>) -> Self {
        Self::new(file, Kind::Damaged, place, what)
    }

    /// A fault of any kind.
    pub fn new(file: &Path, kind: Kind, place: Place, what: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), kind, place, what: what.into(), found: None, expected: None, help: None }
    }

    /// What the system answered.
    pub fn system(file: &Path, error: &std::io::Error) -> Self {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::Missing } else { Kind::Unreadable };
        let text = error.to_string();
        // The number of an error is the platform's, its text says the same.
        let text = text.split(" (os error").next().unwrap_or(&text);
        let mut letters = text.chars();
        let text: String = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
        Self::new(file, kind, Place::Whole, text)
    }

    /// With what was found.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = Some(found.to_string());
        self
    }

    /// With what is expected.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    /// With what can be done.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
