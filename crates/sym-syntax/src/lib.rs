//! Text to syntax tree and back.
//!
//! Architecture invariant: parsing never fails. [`parse`] returns a tree and all diagnostics for any text; this crate resolves no
//! names and does no input or output.
//!
//! | stage | representation |
//! |---|---|
//! | `scan` | limits checked, comments and the nesting of brackets found |
//! | `sym.pest` | a total grammar: errors are nodes of the parse tree |
//! | `build` | [`ast::File`] and the diagnostics of its error nodes |
//! | `format` | the canonical text of a tree |

pub mod ast;
mod build;
mod format;
mod scan;

use ast::File;
use sym_diagnostics::{Code, Diagnostic, FileId, Span};

pub use format::format;
pub use scan::{MAX_BYTES, MAX_NESTING};

/// The grammar.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "sym.pest"]
    pub struct Grammar;
}

/// The syntax tree of `text` and everything that is wrong with its syntax, in source order.
///
/// Total: any text gives a tree. Text beyond the limits ([`MAX_BYTES`], [`MAX_NESTING`]) gives an empty tree and one diagnostic.
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    let comments = match scan::scan(file, text) {
        Ok(comments) => comments,
        Err(diagnostic) => {
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let empty = File { items: Vec::new(), comments: Vec::new(), span: Span::new(file, 0, end) };
            return (empty, vec![*diagnostic]);
        }
    };
    build::build(file, text, comments)
}

/// The text of a source file, or the diagnostic that says that it is no text (E0109).
///
/// # Errors
/// Bytes that are not UTF-8. The place is that of the first bad byte in the text with bad bytes replaced by `U+FFFD`.
pub fn decode(file: FileId, bytes: Vec<u8>) -> Result<String, (String, Box<Diagnostic>)> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() as u32;
        let byte = error.as_bytes()[at as usize];
        let diagnostic = Diagnostic::new(
            Code::E0109,
            Span::new(file, at, at),
            format!("the file is no text: byte {at} (0x{byte:02x}) is not UTF-8"),
        )
        .label("not UTF-8 from here on")
        .found(format!("byte 0x{byte:02x}"))
        .expected("UTF-8 text")
        .help("save the file as UTF-8, or give the path of a `.sym` file");
        (String::from_utf8_lossy(error.as_bytes()).into_owned(), Box::new(diagnostic))
    })
}
