//! Which steps go through the batch together, some examples at a time: what passes between them then stays in the second-level cache. So the scores of
//! attention, their softmax and its product with the values are done for some sequences before the next ones are begun.

use crate::memory::Step;
use crate::view::{Buffer, View};
use std::collections::BTreeSet;
use std::ops::Range;
use sym_kernels::share::parts;

/// Bytes that the steps of a pass touch in one round for each thread, about: less than a second-level cache.
const ROUND: usize = 1 << 19;
/// Operations for each touched entry from which on fetching entries no longer counts.
const DENSEST: usize = 32;
/// The most steps of a pass: what they hold is held until its end.
const LONGEST: usize = 8;

/// Some of the examples of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Examples {
    pub first: usize,
    pub count: usize,
}

/// The entries in front of those of some examples, where `length` are theirs.
pub(crate) fn start(examples: Option<Examples>, length: usize) -> usize {
    examples.map_or(0, |Examples { first, count }| length / count * first)
}

/// What is asked of a step that shall work by example.
pub(crate) struct Split<'a> {
    pub batch: usize,
    /// Entries of the step's result.
    pub result: usize,
    /// Buffers of which only the examples at hand are there.
    within: &'a BTreeSet<Buffer>,
    lengths: &'a dyn Fn(Buffer) -> usize,
}

/// Steps that run one after the other for some examples, then for the next.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub steps: Range<usize>,
    /// Into how many parts the batch is divided; no bit depends on it.
    pub rounds: usize,
}

impl Split<'_> {
    /// Entries of the result that belong to one example.
    pub fn each(&self) -> usize {
        self.result / self.batch
    }

    /// Whether one of these buffers is asked for.
    pub fn is_within(&self, buffer: Buffer) -> bool {
        self.within.contains(&buffer)
    }

    /// Whether the first index of a view runs over examples, each in its part of the buffer, or the buffer is there as a whole.
    pub fn keeps(&self, view: &View) -> bool {
        let inner = view.dims.iter().zip(&view.strides).skip(1).map(|(&size, &stride)| (size, stride));
        view.dims.first() == Some(&self.batch) && self.keeps_strides(view.buffer, view.offset, view.strides[0], inner)
    }

    /// The same for an index of stride `stride` over examples, beside others with their sizes and strides.
    pub fn keeps_strides(
        &self,
        buffer: Buffer,
        offset: usize,
        stride: isize,
        inner: impl Iterator<Item = (usize, isize)>,
    ) -> bool {
        if !self.is_within(buffer) {
            return true;
        }
        let mut farthest = offset;
        for (size, stride) in inner {
            let Ok(stride) = usize::try_from(stride) else { return false };
            farthest += size.saturating_sub(1) * stride;
        }
        stride > 0 && stride as usize * self.batch == (self.lengths)(buffer) && farthest < stride as usize
    }
}

/// Divides the steps of all stages into passes. `each` is the number of bytes of an entry.
pub(crate) fn passes<T>(
    steps: &[Step<T>],
    stages: &[usize],
    batch: usize,
    each: usize,
    lengths: &dyn Fn(Buffer) -> usize,
) -> Vec<Pass> {
    let mut passes = Vec::new();
    let mut first = 0;
    for &end in stages {
        while first < end {
            let pass = longest(steps, first..end, batch, each, lengths);
            first = pass.steps.end;
            passes.push(pass);
        }
    }
    passes
}

/// The pass that begins with the first of these steps.
fn longest<T>(steps: &[Step<T>], range: Range<usize>, batch: usize, each: usize, lengths: &dyn Fn(Buffer) -> usize) -> Pass {
    let first = range.start;
    let alone = Pass { steps: first..first + 1, rounds: 1 };
    if batch < 2 {
        return alone;
    }
    let mut within = BTreeSet::new();
    let mut operations = Vec::new();
    // Behind the last step that reads what another one of the pass writes.
    let mut end = first;
    for at in range.take(LONGEST) {
        let step = &steps[at];
        let links = step.reads.iter().any(|buffer| within.contains(buffer));
        within.insert(step.writes);
        let split = Split { batch, result: lengths(step.writes), within: &within, lengths };
        let is_divided = split.result > 0 && split.result.is_multiple_of(batch);
        let Some(own) = is_divided.then(|| step.kernel.by_example(&split)).flatten() else { break };
        operations.push(own);
        if links {
            end = at + 1;
        }
    }
    let pass = &steps[first..end.max(first)];
    if !pass.iter().any(|step| step.reads.contains(&steps[first].writes)) {
        return alone;
    }
    operations.truncate(pass.len());
    let touched: BTreeSet<Buffer> = pass.iter().flat_map(|step| step.reads.iter().chain([&step.writes])).copied().collect();
    let entries = touched.into_iter().map(lengths).sum::<usize>() / batch;
    if operations.iter().sum::<usize>() > DENSEST * entries {
        return alone;
    }
    let threads = rayon::current_num_threads();
    let examples = ((ROUND / (entries * each).max(1)).max(1) * threads).min(batch);
    let least = operations.into_iter().min().unwrap_or(0);
    // A round that is not worth the threads that the whole batch is worth would gain less than it loses.
    if parts(least * examples) < parts(least * batch) {
        alone
    } else {
        Pass { steps: first..end, rounds: batch.div_ceil(examples) }
    }
}
