//! What is printed when the tool itself fails.

use crate::Exit;
use crate::arguments::{Arguments, Format};
use crate::output;
use crate::render::{json, short};
use crate::report::{Diagnosed, Report};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use sym_diagnostics::{Code, Diagnostic, Sources};

/// Makes any command fail with an internal error where this variable is `internal-error`: to try what a script around `symc` does then.
pub const REHEARSAL: &str = "SYMC_REHEARSE";

/// The first failure; those of threads that wait for the one that failed say nothing new.
static FIRST: Mutex<Option<Diagnostic>> = Mutex::new(None);

/// Replaces the panic message by the text of E0901.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic
            .payload()
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_string());
        let place = panic.location().map_or_else(|| "an unknown place".to_string(), ToString::to_string);
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            let diagnostic = Diagnostic::without_span(Code::E0901, format!("internal error at {place}: {what}"))
                .help("report this text, the command line and the smallest file that shows it");
            output::error(&short::diagnostic(&Sources::default(), &diagnostic));
            *first = Some(diagnostic);
        }
    }));
}

/// Runs a command; a failure of the tool inside of it ends it with the exit code of an internal error, in the JSON form with a document
/// that says so.
pub fn guarded(arguments: &Arguments, command: impl FnOnce() -> Exit) -> Exit {
    // Nothing of a failed command is looked at afterwards.
    catch_unwind(AssertUnwindSafe(|| {
        assert!(std::env::var_os(REHEARSAL).is_none_or(|what| what != "internal-error"), "rehearsed by {REHEARSAL}");
        command()
    }))
    .unwrap_or_else(|_| {
        if arguments.format() == Format::Json {
            let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
            let diagnostics = first.iter().map(|diagnostic| Diagnosed::new(&Sources::default(), diagnostic)).collect();
            output::print(&json::document(&Report { diagnostics, ..Report::default() }));
        }
        Exit::Internal
    })
}
