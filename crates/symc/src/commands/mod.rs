//! One file per command.

mod check;
mod explain;
mod fmt;
mod lower;
mod run;
mod verify;

use crate::Exit;
use crate::arguments::{Arguments, Command, Format};
use crate::console::Console;

/// Executes the command.
pub fn execute(arguments: &Arguments) -> Exit {
    match &arguments.command {
        Command::Check(check) => check::execute(check, Console::new(arguments, check.format)),
        Command::Explain(explain) => explain::execute(explain),
        Command::Fmt(fmt) => fmt::execute(fmt, Console::new(arguments, Format::Human)),
        Command::Lower(lower) => lower::execute(lower, Console::new(arguments, Format::Human)),
        Command::Run(run) => run::execute(run, Console::new(arguments, run.format)),
        Command::Verify(verify) => verify::execute(verify, Console::new(arguments, verify.format)),
    }
}
