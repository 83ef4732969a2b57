//! `symc lower FILE --emit ir|module`.

use crate::arguments::{self, Emit};
use crate::console::Console;
use crate::{Exit, output, session};

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
    let exit = compiled.exit(&compiled.document.diagnostics);
    let mut failed = false;
    for (_, model) in models {
        let text = match arguments.emit {
            Emit::Ir => Ok(sym_ir::text(&model.program)),
            Emit::Module => sym_lower::text(&model.program),
        };
        match text {
            Ok(text) => output::print(&text),
            Err(diagnostics) => {
                console.diagnostics(&compiled.sources, &diagnostics);
                failed = true;
            }
        }
    }
    exit.and(Exit::failed_if(failed))
}
