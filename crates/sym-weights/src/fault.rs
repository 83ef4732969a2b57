//! What is wrong with a file.

use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};

/// A value, or what is wrong in a few words that go behind "is no readable … file:".
pub(crate) type Read<T> = Result<T, String>;

/// A file that cannot be opened.
pub(crate) fn missing(path: &Path, error: &std::io::Error) -> Diagnostic {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::without_span(Code::E0601, format!("the weights `{}` cannot be read: {reason}", path.display()))
        .help("a file of weights is one of safetensors, of PyTorch (`.pt`, `.pth`, `.bin`), of ONNX or of NumPy (`.npz`, `.npy`)")
}

/// A file that is not what it seems to be.
pub(crate) fn damaged(source: &str, format: &str, problem: &str) -> Diagnostic {
    Diagnostic::without_span(Code::E0602, format!("`{source}` is no readable {format} file: {problem}"))
}

/// A file that is whole, and of no use here.
pub(crate) fn unsupported(source: &str, problem: &str, help: &str) -> Diagnostic {
    Diagnostic::without_span(Code::E0607, format!("`{source}` {problem}")).help(help)
}

/// The words for bytes that end too early.
pub(crate) fn truncated() -> String {
    "it ends before what it announces".to_string()
}

/// The words for a failed read.
pub(crate) fn io(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => truncated(),
        _ => error.to_string(),
    }
}
