//! One file per command.

mod explain;

use crate::Exit;
use crate::arguments::{Arguments, Command};

/// Executes the command.
pub fn execute(arguments: &Arguments) -> Exit {
    match &arguments.command {
        Command::Explain(explain) => explain::execute(explain),
        Command::Check(_) | Command::Run(_) | Command::Verify(_) | Command::Fmt(_) | Command::Lower(_) => Exit::Usage,
    }
}
