//! Writing to the standard streams. A reader that has gone away (`symc … | head`) ends the output, not the command.

use std::io::Write;

/// Writes text and a line end to standard output.
pub fn print(text: &str) {
    line(&mut std::io::stdout().lock(), text);
}

/// Writes text and a line end to standard error.
pub fn error(text: &str) {
    line(&mut std::io::stderr().lock(), text);
}

/// Nothing can be told to anyone when a standard stream is closed or full, so errors are dropped.
fn line(stream: &mut impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { stream.write_all(b"\n") });
    let _ = stream.flush();
}
