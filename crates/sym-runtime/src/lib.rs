//! Data sets, initial values, optimisers, training, measurements and their records, and the numeric proofs.
//!
//! | stage | module |
//! |---|---|
//! | a `data` item becomes examples | [`data`] |
//! | initial weights | [`init`] |
//! | update rules | [`optim`] |
//! | losses | [`loss`] |
//! | a `train` item becomes runs | [`train`] |
//! | a `measure` item becomes a record of given weights | [`measure`] |
//! | what is measured | [`probes`] |
//! | what is kept on disk | [`record`] |
//! | `expect` items are judged | [`claims`] |
//! | given weights are moved along orbits and compared | [`control`] |
//! | given weights become a smaller model | [`compress`] |
//! | symmetries are proved with numbers | [`proof`] |
//! | a `sweep` item becomes runs | [`sweep`] |
//! | `theorem` items are executed | [`theorem`] |
//!
//! Architecture invariant: this crate does not parse and does not print. Everything random comes from a named stream and every sum that
//! enters a result has a fixed order: the same file gives the same bits on any number of threads.

pub mod claims;
pub mod compress;
pub mod control;
pub mod data;
pub mod decay;
pub mod engine;
pub mod evaluate;
pub mod init;
pub mod loss;
pub mod measure;
pub mod observer;
pub mod optim;
pub mod probes;
pub mod proof;
pub mod record;
mod select;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod theorem;
pub mod train;

pub use observer::{Observer, Progress, Silent};
pub use sym_streams::Stream;

/// The reason of a failed file operation without the system's error number, lower case.
fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let mut reason = text.split(" (os error").next().unwrap_or(&text).chars();
    reason.next().map_or_else(String::new, |first| first.to_lowercase().chain(reason).collect())
}
