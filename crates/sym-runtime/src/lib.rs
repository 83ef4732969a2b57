//! Data sets, initial values, optimisers, training, measurements and their records, and the numeric proofs.
//!
//! | stage | module |
//! |---|---|
//! | named random streams | [`streams`] |
//! | a `data` item becomes examples | [`data`] |
//! | initial weights | [`init`] |
//! | update rules | [`optim`] |
//! | `expect` items are judged | [`claims`] |
//!
//! Architecture invariant: this crate does not parse and does not print. Everything random comes from a named stream, every sum that
//! enters a result has a fixed order, and each seed computes on one thread: the same file gives the same bits on any number of threads.

pub mod claims;
pub mod data;
mod evaluate;
pub mod init;
pub mod observer;
pub mod optim;
mod select;
pub mod streams;
#[cfg(test)]
mod testing;

pub use observer::{Observer, Progress, Silent};
pub use streams::Stream;

/// The reason of a failed file operation without the system's error number, lower case.
fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" (os error").next().unwrap_or(&text);
    reason[..1].to_lowercase() + &reason[1..]
}
