//! The sizes at which a model of the gallery is emitted: the build script and the tests choose the same.

use sym_ir::Program;
use sym_rewrite::{miniatures, miniatures_with_lines, shorten, shorten_sequences};

/// How many repetitions of a block are kept: a loop over them stays a loop.
const BLOCKS: usize = 2;

/// How many steps of a recurrence are kept.
const STEPS: u128 = 5;

/// Models up to this size stay as they are.
const SMALL: u128 = 20_000;

/// The most entries of a miniature, the smallest that there is first.
const LIMITS: [u128; 4] = [2_000, 5_000, SMALL, u128::MAX];

/// A small model with the structure of a large one.
pub fn miniature(program: &Program) -> Program {
    let brief = shorten_sequences(program, STEPS).unwrap_or_else(|| program.clone());
    let short = shorten(&brief, BLOCKS).unwrap_or(brief);
    if short.trainable_entries().is_some_and(|entries| entries <= SMALL) {
        return short;
    }
    let first = |limit: u128| {
        let lines = miniatures_with_lines(&short, limit).and_then(|mut found| found.next());
        lines.or_else(|| miniatures(&short, limit).next())
    };
    LIMITS.into_iter().find_map(first).map_or(short.clone(), |found| found.program)
}
