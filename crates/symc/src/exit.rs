//! Exit codes.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything holds.
    Success,
    /// An error in a file, a failed `expect` or a refuted symmetry.
    Failure,
    /// Wrong usage of the command line.
    Usage,
    /// An inconsistency inside the tool.
    Internal,
    /// Stopped by the user.
    Interrupted,
}

impl Exit {
    /// The code that the process returns.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Internal => 101,
            Exit::Interrupted => 130,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }

    /// Failure where something is wrong.
    pub const fn failed_if(wrong: bool) -> Self {
        if wrong { Exit::Failure } else { Exit::Success }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
