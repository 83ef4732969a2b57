//! `symc lower FILE --emit ir`.

use crate::arguments::{self, Emit};
use crate::console::Console;
use crate::{Exit, output, session};
use sym_diagnostics::Diagnostic;

/// Prints a lower form of a file's models.
pub fn execute(arguments: &arguments::Lower, console: Console) -> Exit {
    let compiled = session::compile(&arguments.file, &arguments.settings);
    console.diagnostics(&compiled.sources, &compiled.document.diagnostics);
    let models: Vec<_> = compiled
        .document
        .models
        .iter()
        .filter(|(name, _)| arguments.model.as_ref().is_none_or(|wanted| wanted == *name))
        .collect();
    if let (Some(wanted), true) = (&arguments.model, models.is_empty()) {
        output::error(&format!("error: there is no model {wanted} in {}", compiled.file));
        return Exit::Usage;
    }
    for (_, model) in models {
        match arguments.emit {
            Emit::Ir => output::print(&sym_ir::text(&model.program)),
        }
    }
    Exit::failed_if(compiled.document.diagnostics.iter().any(Diagnostic::is_error))
}
