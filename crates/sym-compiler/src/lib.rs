//! From a `.sym` file to what it states, what follows from it, and the text of both.
//!
//! | step | module |
//! |---|---|
//! | a file and those that it uses become a document | [`compile`] |
//! | what a command finds, as plain rows | [`report`] |
//! | rows and diagnostics as text | [`render`] |
//! | what a snapshot keeps of a file's models | [`snapshot`] |
//!
//! Architecture invariant: this crate knows no tensor library, so that build scripts and tests can use it. It reads files and writes none but whole ones
//! in place of others ([`files`]).

mod compiled;
pub mod files;
pub mod render;
pub mod report;
pub mod snapshot;

pub use compiled::{Compiled, Settings, compile, load};
