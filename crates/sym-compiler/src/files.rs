//! Reading source files: the only input of `check`.

use std::io::Read;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// Files are read up to this length, so that a device or a data file named by mistake does not fill the memory. What a source file may
/// have is the parser's decision, far below.
const LIMIT: u64 = 64 << 20;

/// Reads a file that should be source text.
///
/// # Errors
/// E0217 for a file that is missing, a directory or otherwise unreadable, E0108 for one beyond the limit.
pub fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
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
    Ok(bytes)
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

/// Writes a file as a whole, whether or not there is one.
///
/// # Errors
/// Whatever the operating system says.
pub fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let scratch = path.with_file_name(name);
    let written = std::fs::write(&scratch, text).and_then(|()| std::fs::rename(&scratch, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&scratch);
    }
    written
}

/// Replaces a file as a whole: a reader sees the old text or the new, never a part.
///
/// # Errors
/// Whatever the operating system says.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = std::fs::canonicalize(path)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let scratch = path.with_file_name(name);
    let written = std::fs::write(&scratch, text)
        .and_then(|()| std::fs::set_permissions(&scratch, std::fs::metadata(&path)?.permissions()))
        .and_then(|()| std::fs::rename(&scratch, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&scratch);
    }
    written
}
