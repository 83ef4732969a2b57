//! Spans, the registry of diagnostic codes and the one `Diagnostic` type.
//!
//! Architecture invariant: this crate holds data only. It does not render (that is `symc`), does no input or output and
//! depends on nothing but serde.

mod code;
mod diagnostic;
mod nearest;
mod source;

pub use code::Code;
pub use diagnostic::{Diagnostic, Label, Severity};
pub use nearest::nearest;
pub use source::{FileId, LineColumn, SourceFile, Sources, Span};
