//! Other forms of a tensor program: Rust source of a burn module, a graph, a summary.
//!
//! | form | module |
//! |---|---|
//! | a Rust module with a burn `Module`, `init` and `forward` | [`rust`](fn@rust) |
//! | a graph for Graphviz | [`dot`](fn@dot) |
//! | layers, sizes and counts | [`summary`](fn@summary) |
//!
//! Architecture invariant: this crate writes source for burn and does not depend on it, so that build scripts which use it stay quick. What it emits
//! depends on burn alone, on nothing of this workspace. It does no input or output: files are handed back as text and bytes.

mod dot;
mod rust;
mod summary;

pub use dot::dot;
pub use rust::{Emitted, file_stem, rust};
pub use summary::summary;
