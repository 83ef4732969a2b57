//! The canonical text of a file.

use sym_diagnostics::{Diagnostic, FileId};

/// The canonical layout of a text.
///
/// # Errors
/// The syntax errors of the text, if it has any.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = crate::parse(FileId(0), text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok(text.to_string())
}
