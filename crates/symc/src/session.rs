//! From a file name to a compiled document.

use crate::{Exit, arguments};
use std::path::Path;
use sym_compiler::Settings;
use sym_diagnostics::Diagnostic;

pub use sym_compiler::{Compiled, load};

/// Compiles a file; the maps of names that its measurements use are known here, not to the language.
pub fn compile(path: &Path, settings: &arguments::Settings) -> Compiled {
    let mut compiled = sym_compiler::compile(path, &Settings { profile: settings.profile.clone(), set: settings.set.clone() });
    let unknown = sym_runtime::measure::known_names(&compiled.document);
    compiled.document.diagnostics.extend(unknown);
    compiled
}

/// How a command with these findings ends. What stands on the command line is wrong usage, the rest an error in a file.
pub fn exit(compiled: &Compiled, found: &[Diagnostic]) -> Exit {
    let on_command_line = |diagnostic: &Diagnostic| {
        let source = diagnostic.primary.as_ref().map(|label| compiled.sources.file(label.span.file).name.as_str());
        diagnostic.usage || source.is_some_and(|name| name.starts_with("--set "))
    };
    let errors = found.iter().filter(|diagnostic| diagnostic.is_error());
    errors.fold(Exit::Success, |exit, error| exit.and(if on_command_line(error) { Exit::Usage } else { Exit::Failure }))
}
