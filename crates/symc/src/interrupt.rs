//! Ctrl-C: the first ends a run cleanly, the second ends the process.

use crate::{Exit, output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signal for a file that is too large.
#[cfg(unix)]
const XFSZ: i32 = signal_hook::consts::SIGXFSZ;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen. Where that fails (no signals on the platform), Ctrl-C ends the process as it always does.
///
/// A file that grows over a limit of the system is an error of the write, which is reported, not the end of the process.
pub fn listen() {
    #[cfg(unix)]
    let _ = signal_hook::flag::register(XFSZ, Arc::new(AtomicBool::new(false)));
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        output::error("stopping at the next step; once more ends at once");
    });
}

/// Whether the user asked to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
