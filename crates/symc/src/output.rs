//! Writing to the standard streams. A reader that has gone away (`symc … | head`) ends the output, not the command; a report that cannot
//! be written for another reason, such as a full disk, makes the command fail.

use crate::Exit;
use std::io::{ErrorKind, Write};
use std::sync::Mutex;
use sym_diagnostics::{Code, Diagnostic, Sources};

/// Why standard output could not be written, the first time.
static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Writes text and a line end to standard output.
pub fn print(text: &str) {
    if let Err(error) = line(&mut std::io::stdout().lock(), text)
        && error.kind() != ErrorKind::BrokenPipe
        && let Ok(mut lost) = LOST.lock()
    {
        lost.get_or_insert_with(|| error.to_string());
    }
}

/// Writes text and a line end to standard error. What cannot be written there can be told to no one.
pub fn error(text: &str) {
    let _ = line(&mut std::io::stderr().lock(), text);
}

/// Says so where a part of the report was lost.
pub fn delivered() -> Exit {
    let Some(reason) = LOST.lock().ok().and_then(|mut lost| lost.take()) else { return Exit::Success };
    let diagnostic = Diagnostic::without_span(Code::E0603, format!("standard output cannot be written: {reason}"));
    error(&crate::render::short::diagnostic(&Sources::default(), &diagnostic));
    Exit::Failure
}

fn line(stream: &mut impl Write, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}
