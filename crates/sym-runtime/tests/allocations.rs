//! Steps use their memory again: what is held does not grow from step to step.

#[path = "support/large.rs"]
mod large;
#[path = "support/steps.rs"]
mod steps;
#[path = "support/texts.rs"]
mod texts;

use sym_runtime::engine::{Engine, Pace};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn memory_does_not_grow_from_step_to_step() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for (what, text, examples) in large::MODELS {
        let program = texts::model(text);
        let mut engine = steps::engine(&program, examples);
        (0..3).for_each(|_| assert!(engine.step(None, Pace::FULL).is_finite(), "{what}"));
        let mut grown = || {
            let before = dhat::HeapStats::get();
            (0..12).for_each(|_| assert!(engine.step(None, Pace::FULL).is_finite(), "{what}"));
            dhat::HeapStats::get().curr_bytes.saturating_sub(before.curr_bytes)
        };
        // A thread that is busy elsewhere makes its buffers only when it gets its first share, once; what grows with steps grows in every dozen.
        let grown = [grown(), grown(), grown()];
        // The pool of threads keeps some bytes of its own.
        assert!(
            grown.iter().any(|&bytes| bytes < 1 << 16),
            "{what}: after each dozen steps so many bytes more are held: {grown:?}"
        );
    }
}
