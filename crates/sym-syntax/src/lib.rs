//! Text to syntax tree and back.
//!
//! Architecture invariant: parsing never fails. [`parse`] returns a tree and all diagnostics for any text; this crate resolves no
//! names and does no input or output.

pub mod ast;
