//! Small programs that stand for large ones.

use sym_ir::Program;
use sym_rewrite::{miniatures, shorten, shorten_sequences};

/// The program where it has at most so many entries, or one with two of its repeated blocks, short sequences and few units, of at most `largest`.
pub fn small(program: &Program, entries: u128, largest: u128) -> Option<Program> {
    if program.trainable_entries().is_some_and(|count| count <= entries) {
        return Some(program.clone());
    }
    let brief = shorten_sequences(program, 2).unwrap_or_else(|| program.clone());
    let shallow = shorten(&brief, 2).unwrap_or(brief);
    miniatures(&shallow, largest).next().map(|small| small.program)
}
