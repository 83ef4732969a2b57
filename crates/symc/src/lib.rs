//! The command line of sym and all rendering.
//!
//! Architecture invariant: no logic of the language, of inference or of training lives here. A command reads files, calls the stages
//! in order and hands what they found to a renderer. Only this crate, `sym-runtime` and the crates that read files (`sym-data`,
//! `sym-fetch`, `sym-weights`, `sym-import`, `sym-lower`) do input or output.

mod analysis;
pub mod arguments;
mod between;
mod claims;
mod commands;
mod console;
mod crash;
mod exit;
pub mod figure;
mod findings;
mod generators;
mod interrupt;
mod interventions;
mod output;
mod progress;
mod proof;
mod rows;
mod session;
mod subject;
mod sweeps;
mod theorems;

use clap::Parser;

pub use exit::Exit;
pub use sym_compiler::{render, report};

/// Runs the command line of this process.
pub fn main() -> std::process::ExitCode {
    crash::install_hook();
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version count as success, everything else as wrong usage; clap prints each on its stream.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            let _ = error.print();
            return code.into();
        }
    };
    let exit = crash::guarded(&arguments, || commands::execute(&arguments));
    exit.and(output::delivered()).into()
}
