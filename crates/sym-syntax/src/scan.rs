//! What is checked before the grammar runs, in one pass over the text: its size, its bytes, the nesting of its brackets. The pass
//! also finds the comments.

use crate::ast::Comment;
use sym_diagnostics::{Code, Diagnostic, FileId, Span};

/// The largest source text in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How deeply brackets, braces and parentheses may nest.
pub const MAX_NESTING: usize = 64;

/// The comments of `text`, in order, or why it is not parsed at all.
pub(crate) fn scan(file: FileId, text: &str) -> Result<Vec<Comment>, Box<Diagnostic>> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than the limit of {MAX_BYTES}", text.len());
        let help = "split the file, or keep data in a file of its own and name it in a `data` item";
        return Err(Box::new(
            Diagnostic::new(Code::E0108, Span::new(file, 0, 0), message)
                .label("the file starts here")
                .found(format!("{} bytes", text.len()))
                .expected(format!("at most {MAX_BYTES} bytes"))
                .help(help),
        ));
    }
    let bytes = text.as_bytes();
    let mut comments = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let start = at;
                at = line_end(bytes, at);
                comments.push(Comment {
                    text: text[start..at].trim_end().to_string(),
                    span: Span::new(file, start as u32, at as u32),
                });
                continue;
            }
            b'"' => {
                let length = bytes[at + 1..].iter().position(|&byte| matches!(byte, b'"' | b'\n' | b'\r'));
                at = length.map_or(bytes.len(), |length| at + 1 + length + usize::from(bytes[at + 1 + length] == b'"'));
                continue;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                if depth > MAX_NESTING {
                    return Err(Box::new(too_deep(Span::new(file, at as u32, at as u32 + 1))));
                }
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            control if control < b' ' && !matches!(control, b'\t' | b'\n' | b'\r') => {
                let message = format!("the file is no text: byte {at} is the control character 0x{control:02x}");
                return Err(Box::new(
                    Diagnostic::new(Code::E0109, Span::new(file, at as u32, at as u32 + 1), message)
                        .label("not text")
                        .found(format!("byte 0x{control:02x}"))
                        .expected("UTF-8 text without control characters")
                        .help("give the path of a `.sym` file"),
                ));
            }
            _ => {}
        }
        at += 1;
    }
    Ok(comments)
}

/// The diagnostic for brackets or operators beyond the limit.
pub(crate) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0107, span, format!("brackets nest deeper than {MAX_NESTING} levels"))
        .label("one level too many")
        .found(format!("{} levels", MAX_NESTING + 1))
        .expected(format!("at most {MAX_NESTING} levels"))
        .help("give an inner part a name of its own and use that name")
}

/// The first byte of the line break after `at`, or the end of the text.
fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte == b'\n' || byte == b'\r').map_or(bytes.len(), |length| at + length)
}
