//! One file per command.

mod check;
mod data;
mod diff;
mod doctor;
mod explain;
mod fmt;
mod import;
mod lower;
mod measure;
mod reduce;
mod run;
mod run_folder;
mod test;
mod verify;
mod weights;

use crate::Exit;
use crate::arguments::{Arguments, Command};
use crate::console::Console;

/// Executes the command.
pub fn execute(arguments: &Arguments) -> Exit {
    let console = Console::new(arguments);
    match &arguments.command {
        Command::Check(check) => check::execute(check, console),
        Command::Data(data) => data::execute(data, console),
        Command::Diff(diff) => diff::execute(diff, console),
        Command::Doctor(doctor) => doctor::execute(doctor, console),
        Command::Explain(explain) => explain::execute(explain),
        Command::Fmt(fmt) => fmt::execute(fmt, console),
        Command::Import(import) => import::execute(import, console),
        Command::Lower(lower) => lower::execute(lower, console),
        Command::Measure(measure) => measure::execute(measure, console),
        Command::Reduce(reduce) => reduce::execute(reduce, console),
        Command::Run(run) => run::execute(run, console),
        Command::Test(test) => test::execute(test, console),
        Command::Verify(verify) => verify::execute(verify, console),
        Command::Weights(weights) => weights::execute(weights, console),
    }
}
