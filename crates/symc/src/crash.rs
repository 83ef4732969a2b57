//! What is printed when the tool itself fails.

use crate::output;
use sym_diagnostics::{Code, Diagnostic};

/// Replaces the panic message by the text of E0901. Rust's runtime then ends the process with exit code 101.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic
            .payload()
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_string());
        let place = panic.location().map_or_else(|| "an unknown place".to_string(), ToString::to_string);
        let diagnostic = Diagnostic::without_span(Code::E0901, format!("internal error at {place}: {what}"))
            .help("report this text, the command line and the smallest file that shows it");
        output::error(&crate::render::short::diagnostic(&sym_diagnostics::Sources::default(), &diagnostic));
    }));
}
