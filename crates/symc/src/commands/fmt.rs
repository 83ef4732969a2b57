//! `symc fmt [--check] FILE…`.

use crate::console::Console;
use crate::{Exit, arguments, output, session};
use sym_compiler::files;
use sym_diagnostics::{Code, Diagnostic, Sources};

/// Lays files out; a file with syntax errors stays as it is.
pub fn execute(arguments: &arguments::Fmt, console: Console) -> Exit {
    let mut exit = Exit::Success;
    for path in &arguments.files {
        let mut sources = Sources::default();
        let name = path.display().to_string();
        let outcome = session::load(&mut sources, &name, path).map_err(|diagnostic| vec![diagnostic]).and_then(|id| {
            let text = &sources.file(id).text;
            let laid_out = sym_syntax::format(text)?;
            if laid_out == *text {
                return Ok(false);
            }
            if !arguments.check {
                files::replace(path, &laid_out)
                    .map_err(|error| vec![Diagnostic::without_span(Code::E0603, format!("{name} cannot be written: {error}"))])?;
            }
            Ok(true)
        });
        match outcome {
            Ok(changed) => {
                if changed && arguments.check {
                    output::print(&format!("{name} is not laid out"));
                    exit = exit.and(Exit::Failure);
                }
            }
            Err(diagnostics) => {
                console.diagnostics(&sources, &diagnostics);
                exit = exit.and(Exit::Failure);
            }
        }
    }
    exit
}
