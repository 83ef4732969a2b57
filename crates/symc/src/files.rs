//! Reading source files: the only input of `check`.

use std::io::Read;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// Sources are read up to this length: beyond any real file, so that a device or a data file named by mistake does not fill the memory.
const LIMIT: u64 = 64 << 20;

/// Reads a source file named on the command line.
///
/// # Errors
/// E0217 for a file that is missing, a directory or otherwise unreadable, E0108 for one beyond the limit, E0109 for one that is no
/// UTF-8 text.
pub fn read(path: &Path) -> Result<String, Diagnostic> {
    let shown = path.display();
    let unreadable = |reason: &str| Diagnostic::without_span(Code::E0217, format!("{shown} cannot be read: {reason}"));
    if path.is_dir() {
        return Err(unreadable("it is a directory").help(format!("name the files in it, such as {shown}/*.sym")));
    }
    let file = std::fs::File::open(path).map_err(|error| unreadable(&reason(&error)))?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&reason(&error)))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Diagnostic::without_span(Code::E0108, format!("{shown} is longer than {} MiB", LIMIT >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Diagnostic::without_span(Code::E0109, format!("{shown} is no UTF-8 text"))
            .found(format!("byte 0x{:02x} at offset {at} (line {line})", error.as_bytes()[at]))
            .expected("a text file in UTF-8")
    })
}

/// An error of the operating system in the words of our messages.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission is denied".to_string(),
        _ => error.to_string(),
    }
}

/// The path that `path`, as written in `from`, means: relative to the folder of `from`.
pub fn relative_to(from: &str, path: &str) -> PathBuf {
    Path::new(from).parent().unwrap_or_else(|| Path::new("")).join(path)
}
