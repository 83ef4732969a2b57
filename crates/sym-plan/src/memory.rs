//! Buffers, the steps that fill them, and which buffers share memory.

use crate::passes::{Examples, Pass, Split};
use crate::view::Buffer;
use std::ops::Range;
use sym_kernels::slice::Real;

/// What a step does.
pub(crate) trait Kernel<T>: std::fmt::Debug + Send {
    /// Fills `out`, whose entries are arbitrary before, from other buffers. With examples `out` is the part of the result that belongs to them;
    /// only kernels that work by example are asked for it.
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>);

    /// Where the part of the result that belongs to some examples needs no other examples of the buffers in question: the operations for one example,
    /// as [`sym_kernels::share::parts`] counts them.
    fn by_example(&self, _split: &Split) -> Option<usize> {
        None
    }
}

/// One step of a plan.
#[derive(Debug)]
pub(crate) struct Step<T> {
    pub kernel: Box<dyn Kernel<T>>,
    pub reads: Vec<Buffer>,
    pub writes: Buffer,
    /// Buffers whose entries the step reads only at the place that it then writes: their memory may be that of the result.
    pub in_place: Vec<Buffer>,
}

/// A buffer before memory is assigned.
#[derive(Debug)]
pub(crate) struct Wanted<T> {
    pub length: usize,
    /// Entries at the start, for a buffer that nothing else may share.
    pub pinned: Option<Vec<T>>,
}

/// All numbers of a plan.
#[derive(Debug)]
pub(crate) struct Memory<T> {
    /// Where each buffer is.
    places: Vec<usize>,
    lengths: Vec<usize>,
    slots: Vec<Vec<T>>,
}

impl<T: Real> Memory<T> {
    /// Gives every buffer a place; buffers that are never needed at the same time share one. Steps of one pass are needed at the same time.
    pub fn assign(wanted: Vec<Wanted<T>>, steps: &[Step<T>], passes: &[Pass]) -> Self {
        let mut last = vec![0; wanted.len()];
        for (at, step) in steps.iter().enumerate() {
            for buffer in step.reads.iter().chain([&step.writes]) {
                last[buffer.0] = at;
            }
        }
        let lengths: Vec<usize> = wanted.iter().map(|wanted| wanted.length).collect();
        let mut places = vec![usize::MAX; wanted.len()];
        let mut slot_lengths: Vec<usize> = Vec::new();
        let mut slots: Vec<Vec<T>> = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut is_pinned = vec![false; wanted.len()];
        for (at, wanted) in wanted.into_iter().enumerate() {
            if let Some(values) = wanted.pinned {
                is_pinned[at] = true;
                places[at] = slots.len();
                slot_lengths.push(values.len());
                slots.push(values);
            }
        }
        // Buffers whose place went to the result of their last reader.
        let mut is_taken = vec![false; lengths.len()];
        let mut passes = passes.iter();
        let mut pass = 0..0;
        for (at, step) in steps.iter().enumerate() {
            if at >= pass.end {
                pass = passes.next().expect("every step is in a pass").steps.clone();
            }
            let target = step.writes.0;
            if places[target] == usize::MAX {
                // What an earlier step of the pass reads may be needed whole in its next round, unless it comes round by round itself.
                let is_needed = |buffer: &Buffer| {
                    let before = &steps[pass.start..at];
                    before.iter().any(|step| step.reads.contains(buffer)) && !before.iter().any(|step| step.writes == *buffer)
                };
                let reusable = step.in_place.iter().find(|buffer| {
                    last[buffer.0] == at && !is_pinned[buffer.0] && lengths[buffer.0] == lengths[target] && !is_needed(buffer)
                });
                places[target] = if let Some(buffer) = reusable {
                    is_taken[buffer.0] = true;
                    places[buffer.0]
                } else {
                    // The smallest free place that is large enough; else the largest, which grows.
                    let fitting = (0..free.len()).filter(|&at| slot_lengths[free[at]] >= lengths[target]);
                    let best = fitting.min_by_key(|&at| slot_lengths[free[at]]);
                    if let Some(at) = best.or_else(|| (0..free.len()).max_by_key(|&at| slot_lengths[free[at]])) {
                        let place = free.swap_remove(at);
                        slot_lengths[place] = slot_lengths[place].max(lengths[target]);
                        place
                    } else {
                        slot_lengths.push(lengths[target]);
                        slots.push(Vec::new());
                        slots.len() - 1
                    }
                };
            }
            if at + 1 < pass.end {
                continue;
            }
            let touched = steps[pass.clone()].iter().flat_map(|step| step.reads.iter().chain([&step.writes]));
            let mut done: Vec<usize> = touched.map(|buffer| buffer.0).collect();
            done.sort_unstable();
            done.dedup();
            let is_done = |&buffer: &usize| last[buffer] <= at && !is_pinned[buffer] && !is_taken[buffer];
            free.extend(done.into_iter().filter(is_done).map(|buffer| places[buffer]));
        }
        for (slot, length) in slots.iter_mut().zip(slot_lengths) {
            if slot.len() < length {
                // New zeros, which the system gives without their being written.
                *slot = vec![sym_kernels::arithmetic::rounded(0.0); length];
            }
        }
        Self { places, lengths, slots }
    }

    /// The entries of a buffer; `None` where the step at hand writes to its memory, so that they stand in `out`.
    pub fn get(&self, buffer: Buffer) -> Option<&[T]> {
        let slot = &self.slots[self.places[buffer.0]];
        let length = self.lengths[buffer.0];
        (slot.len() >= length).then(|| &slot[..length])
    }

    /// The entries of a buffer that the step at hand does not write.
    pub fn read(&self, buffer: Buffer) -> &[T] {
        self.get(buffer).expect("only steps that work in place share memory with what they read")
    }

    /// The entries of a buffer, to be set from outside.
    pub fn write(&mut self, buffer: Buffer) -> &mut [T] {
        let length = self.lengths[buffer.0];
        &mut self.slots[self.places[buffer.0]][..length]
    }

    /// Two different buffers of their own, the first to be changed.
    pub fn pair(&mut self, first: Buffer, second: Buffer) -> (&mut [T], &[T]) {
        let (one, two) = (self.places[first.0], self.places[second.0]);
        let [one, two] = self.slots.get_disjoint_mut([one, two]).expect("two different buffers");
        (&mut one[..self.lengths[first.0]], &two[..self.lengths[second.0]])
    }

    /// Runs one step.
    pub fn run(&mut self, step: &mut Step<T>) {
        self.run_part(step, 0..self.lengths[step.writes.0], None);
    }

    /// Runs one step for some of `batch` examples.
    pub fn run_examples(&mut self, step: &mut Step<T>, examples: Examples, batch: usize) {
        let each = self.lengths[step.writes.0] / batch;
        self.run_part(step, examples.first * each..(examples.first + examples.count) * each, Some(examples));
    }

    fn run_part(&mut self, step: &mut Step<T>, entries: Range<usize>, examples: Option<Examples>) {
        let place = self.places[step.writes.0];
        let mut out = std::mem::take(&mut self.slots[place]);
        step.kernel.run(&mut out[entries], self, examples);
        self.slots[place] = out;
    }

    /// The number of entries that are held.
    pub fn entries(&self) -> usize {
        self.slots.iter().map(Vec::len).sum()
    }
}
