//! The canonical text of a file.
//!
//! Four spaces of indentation, at most [`WIDTH`] columns. What the author decides is kept: blank lines (one at most), the order of
//! everything, parentheses, and whether a short body stands on one line (it does if nothing follows `{` on a new line and it fits).
//! Comments stay where they are between statements; one inside a statement moves to a line of its own before it.

mod document;
mod expressions;
mod nodes;
mod print;

use sym_diagnostics::{Diagnostic, FileId};

/// The number of columns of a line, comments aside.
pub(crate) const WIDTH: usize = 110;

/// Spaces per level.
pub(crate) const INDENT: usize = 4;

/// The canonical layout of a text.
///
/// # Errors
/// The syntax errors of the text, if it has any.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (file, diagnostics) = crate::parse(FileId(0), text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let source = nodes::Source { text, comments: &file.comments };
    let items: Vec<_> = file.items.iter().map(|item| source.item(item)).collect();
    Ok(print::print(text, &file.comments, &items))
}
