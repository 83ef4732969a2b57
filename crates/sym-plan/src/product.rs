//! Contractions of two factors as matrix products.
//!
//! Every index is one of four: of the batch (in both factors and the result), a row (left and result), a column (right and result) or summed (in both
//! factors alone). Rows, columns and summed indices that lie in memory as one axis become those of a matrix product; what is left is a loop around
//! it. A factor whose entries lie otherwise, such as the windows of a convolution, is copied for each turn of the loop.

use crate::memory::{Kernel, Memory};
use crate::view::{Buffer, Odometer};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::arithmetic::{add, rounded};
use sym_kernels::matrix::{Sizes, Strides, multiply};
use sym_kernels::share::{may_share, parts};
use sym_kernels::slice::Real;

/// An index with its stride in each of left, right and result; 0 where it does not occur.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index {
    pub size: usize,
    pub left: isize,
    pub right: isize,
    pub result: isize,
    pub kind: Kind,
}

/// What an index is to the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Batch,
    Row,
    Column,
    Summed,
}

/// The stride of an index in one of the arrays.
type StrideOf = fn(&Index) -> isize;

/// The most entries of a factor that are copied at once.
const MOST_COPIED: usize = 1 << 19;
/// The least depth of a matrix product that is worth a turn of a loop.
const LEAST_DEPTH: usize = 48;
/// Into how many sums the turns of a summed loop are divided where they fill the whole result each. It is the same for any number of threads, as it
/// decides in which order is summed.
const SUMS: usize = 4;
/// Multiplications for one operation on a single entry, about, where it is asked whether threads are worth it.
const DENSITY: usize = 16;

/// A copied factor: the indices that are copied, outermost first, and where they go.
#[derive(Debug)]
struct Copied {
    sizes: Vec<usize>,
    strides: Vec<isize>,
    /// Strides of the copy by index.
    length: usize,
}

/// A contraction that is ready to run.
#[derive(Debug)]
pub(crate) struct Product<T> {
    left: (Buffer, usize),
    right: (Buffer, usize),
    factor: f64,
    sizes: Sizes,
    left_strides: (isize, isize),
    right_strides: (isize, isize),
    result_strides: (isize, isize),
    /// Sizes of the loops, and their strides in left, right and result.
    loops: Vec<usize>,
    loop_strides: Vec<Vec<isize>>,
    /// The loops that are summed.
    summed_loops: Vec<usize>,
    /// The loop that is divided.
    divided: Option<Divided>,
    copied: [Option<Copied>; 2],
    /// The number of shares that was asked for.
    parts: usize,
    shares: Vec<Share<T>>,
    /// All sums but the first.
    partial: Vec<T>,
}

/// How the turns of a loop are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Divided {
    /// Turns of this loop fill the result one after the other: any division will do.
    Result(usize),
    /// Turns of this loop are summed, in several sums that are added up.
    Sums(usize),
}

/// The turns of one thread.
#[derive(Debug)]
struct Share<T> {
    /// Offsets of left, right and of the thread's own part of the result.
    odometer: Odometer,
    /// Entries of the result that it fills.
    length: usize,
    scratch: [Vec<T>; 2],
}

/// Indices that lie as one axis: total size and the inner stride in the arrays that count.
fn merged(indices: &[Index], strides: &[StrideOf]) -> bool {
    indices.windows(2).all(|pair| strides.iter().all(|stride| stride(&pair[0]) == stride(&pair[1]) * pair[1].size as isize))
}

/// The longest run of indices (sorted from outermost to innermost) that lie as one axis, by total size; the others are loops.
fn longest_run(indices: Vec<Index>, strides: &[StrideOf]) -> (Vec<Index>, Vec<Index>) {
    let mut best = (0, 0, 0);
    for first in 0..indices.len() {
        for behind in first + 1..=indices.len() {
            let run = &indices[first..behind];
            let size: usize = run.iter().map(|index| index.size).product();
            if merged(run, strides) && size > best.2 {
                best = (first, behind, size);
            }
        }
    }
    let run = indices[best.0..best.1].to_vec();
    let rest = indices[..best.0].iter().chain(&indices[best.1..]).copied().collect();
    (run, rest)
}

fn by_stride(mut indices: Vec<Index>, stride: StrideOf) -> Vec<Index> {
    indices.sort_by_key(|index| std::cmp::Reverse(stride(index).unsigned_abs()));
    indices
}

fn volume(indices: &[Index]) -> usize {
    indices.iter().map(|index| index.size).product()
}

impl<T: Real> Product<T> {
    /// Plans the product of two factors; `offset`s are those of their first entries.
    pub fn new(indices: Vec<Index>, left: (Buffer, usize), right: (Buffer, usize), factor: f64) -> Self {
        let of = |kind: Kind| -> Vec<Index> {
            indices.iter().copied().filter(|index| index.kind == kind && index.size != 1).collect()
        };
        let (in_left, in_right, in_result): (StrideOf, StrideOf, StrideOf) =
            (|index| index.left, |index| index.right, |index| index.result);
        let mut loops = by_stride(of(Kind::Batch), in_result);
        // What the result forbids to merge is a loop in any case.
        let (rows, outer_rows) = longest_run(by_stride(of(Kind::Row), in_result), &[in_result]);
        let (columns, outer_columns) = longest_run(by_stride(of(Kind::Column), in_result), &[in_result]);
        loops.extend(outer_rows);
        loops.extend(outer_columns);

        let mut summed = by_stride(of(Kind::Summed), in_left);
        let mut summed_loops = Vec::new();
        let copies_left = !merged(&rows, &[in_left]);
        let copies_right = !merged(&columns, &[in_right]);
        let lies = |summed: &[Index], copies_left: bool, copies_right: bool| {
            (copies_left || merged(summed, &[in_left])) && (copies_right || merged(summed, &[in_right]))
        };
        let (mut copies_left, mut copies_right) = (copies_left, copies_right);
        if !lies(&summed, copies_left, copies_right) {
            // Fewer summed indices at a time, as long as the depth stays worth it.
            let other = by_stride(summed.clone(), in_right);
            let mut best: Option<(Vec<Index>, Vec<Index>)> = None;
            for order in [summed.clone(), other] {
                let strides: Vec<StrideOf> =
                    [(!copies_left).then_some(in_left), (!copies_right).then_some(in_right)].into_iter().flatten().collect();
                let (run, rest) = longest_run(order, &strides);
                if best.as_ref().is_none_or(|(before, _)| volume(&run) > volume(before)) {
                    best = Some((run, rest));
                }
            }
            let (run, rest) = best.expect("there are two orders");
            if volume(&run) >= LEAST_DEPTH || rest.is_empty() {
                summed = run;
                summed_loops = rest;
            } else {
                copies_left = copies_left || !merged(&summed, &[in_left]);
                copies_right = copies_right || !merged(&summed, &[in_right]);
                if !copies_right && !copies_left {
                    copies_right = true;
                }
            }
        }
        // A copy of everything at once may be too large.
        while summed.len() > 1 {
            let copied = |copies: bool, own: &[Index]| if copies { volume(own) * volume(&summed) } else { 0 };
            if copied(copies_left, &rows).max(copied(copies_right, &columns)) <= MOST_COPIED || volume(&summed[1..]) < LEAST_DEPTH
            {
                break;
            }
            summed_loops.push(summed.remove(0));
        }

        // Loops of what is copied outside, so that a copy serves as many turns as possible.
        let weight = |index: &Index| {
            let touches = |copies: bool, stride: isize| copies && stride != 0;
            u8::from(!(touches(copies_left, index.left) || touches(copies_right, index.right)))
        };
        let mut all_loops: Vec<(Index, bool)> = loops.into_iter().map(|index| (index, false)).collect();
        all_loops.extend(summed_loops.into_iter().map(|index| (index, true)));
        all_loops.sort_by_key(|(index, _)| weight(index));

        let depth = volume(&summed);
        let inner = |indices: &[Index], stride: StrideOf| indices.last().map_or(0, stride);
        let (left_strides, copied_left) = if copies_left {
            let (copied, strides) = Copied::new(&rows, &summed, in_left);
            (strides, Some(copied))
        } else {
            ((inner(&rows, in_left), inner(&summed, in_left)), None)
        };
        let (right_strides, copied_right) = if copies_right {
            let (copied, (column, row)) = Copied::new(&columns, &summed, in_right);
            ((row, column), Some(copied))
        } else {
            ((inner(&summed, in_right), inner(&columns, in_right)), None)
        };
        let loop_strides: Vec<Vec<isize>> = [in_left, in_right, in_result]
            .iter()
            .map(|stride| all_loops.iter().map(|(index, _)| stride(index)).collect())
            .collect();
        let entries: usize = indices.iter().filter(|index| index.kind != Kind::Summed).map(|index| index.size).product();
        let outermost =
            all_loops.iter().position(|(index, is_summed)| !is_summed && index.result.unsigned_abs() * index.size == entries);
        let longest = (0..all_loops.len()).filter(|&at| all_loops[at].1).max_by_key(|&at| all_loops[at].0.size);
        let total: usize = indices.iter().filter(|index| index.kind == Kind::Summed).map(|index| index.size).product();
        // Each further sum is one more pass over the result.
        let is_worth_sums = total >= LEAST_DEPTH * SUMS && may_share(entries * total / DENSITY);
        let in_sums = longest.filter(|&at| is_worth_sums && all_loops[at].0.size >= 2 * SUMS);
        let divided = outermost.map(Divided::Result).or(in_sums.map(Divided::Sums));
        let mut product = Self {
            left,
            right,
            factor,
            sizes: Sizes { rows: volume(&rows), columns: volume(&columns), depth },
            left_strides,
            right_strides,
            result_strides: (inner(&rows, in_result), inner(&columns, in_result)),
            loops: all_loops.iter().map(|(index, _)| index.size).collect(),
            loop_strides,
            summed_loops: (0..all_loops.len()).filter(|&at| all_loops[at].1).collect(),
            divided,
            copied: [copied_left, copied_right],
            parts: 0,
            shares: Vec::new(),
            partial: vec![rounded(0.0); if matches!(divided, Some(Divided::Sums(_))) { (SUMS - 1) * entries } else { 0 }],
        };
        product.divide(1, entries);
        product
    }

    /// Divides the turns of a loop into shares: sums if there are any, else as many as there are threads.
    fn divide(&mut self, threads: usize, entries: usize) {
        let starts = [self.left.1 as isize, self.right.1 as isize, 0];
        let share = |sizes: Vec<usize>, starts: Vec<isize>, length: usize| Share {
            odometer: Odometer::new(sizes, self.loop_strides.clone(), starts),
            length,
            scratch: self.copied.each_ref().map(|copied| vec![rounded(0.0); copied.as_ref().map_or(0, |copied| copied.length)]),
        };
        self.parts = threads;
        let (axis, parts) = match self.divided {
            Some(Divided::Sums(axis)) => (axis, SUMS),
            Some(Divided::Result(axis)) if threads > 1 => (axis, threads),
            _ => {
                self.shares = vec![share(self.loops.clone(), starts.to_vec(), entries)];
                return;
            }
        };
        let of_part = |part: usize| part * self.loops[axis] / parts;
        self.shares = (0..parts)
            .map(|part| {
                let (first, behind) = (of_part(part), of_part(part + 1));
                let mut sizes = self.loops.clone();
                sizes[axis] = behind - first;
                let length = if self.partial.is_empty() { entries / self.loops[axis] * sizes[axis] } else { entries };
                let moved = |side: usize| starts[side] + first as isize * self.loop_strides[side][axis];
                share(sizes, vec![moved(0), moved(1), 0], length)
            })
            .collect();
    }
}

impl Copied {
    /// A copy over (own, summed) indices, innermost where the source runs; gives it and the strides (own, summed) of the copy.
    fn new(own: &[Index], summed: &[Index], stride: StrideOf) -> (Self, (isize, isize)) {
        // The longest run of successive entries: the least stride, and of equal strides the larger size.
        let innermost = |indices: &[Index]| {
            let runs = indices.iter().filter(|index| stride(index) != 0);
            runs.map(|index| (stride(index).unsigned_abs(), std::cmp::Reverse(index.size))).min()
        };
        let own_inside = match (innermost(own), innermost(summed)) {
            (Some(own), Some(summed)) => own <= summed,
            (own, _) => own.is_some(),
        };
        let order: Vec<Index> =
            if own_inside { summed.iter().chain(own).copied().collect() } else { own.iter().chain(summed).copied().collect() };
        let strides = if own_inside { (1, volume(own) as isize) } else { (volume(summed) as isize, 1) };
        let copied = Self {
            sizes: order.iter().map(|index| index.size).collect(),
            strides: order.iter().map(stride).collect(),
            length: volume(&order),
        };
        (copied, strides)
    }

    fn fill<T: Real>(&self, from: &[T], offset: isize, to: &mut [T], may_share: bool) {
        let ([size, sizes @ ..], [stride, strides @ ..]) = (&self.sizes[..], &self.strides[..]) else {
            return fill(&self.sizes, &self.strides, from, offset, to);
        };
        if !may_share || parts(self.length) == 1 {
            return fill(&self.sizes, &self.strides, from, offset, to);
        }
        to.par_chunks_mut(self.length / size)
            .enumerate()
            .for_each(|(at, to)| fill(sizes, strides, from, offset + at as isize * stride, to));
    }
}

/// Copies strided entries to successive places.
fn fill<T: Real>(sizes: &[usize], strides: &[isize], from: &[T], offset: isize, to: &mut [T]) {
    match (sizes, strides) {
        ([], _) => to[0] = from[offset as usize],
        ([size], [1]) => to.copy_from_slice(&from[offset as usize..offset as usize + size]),
        ([_], [stride]) => {
            let mut at = offset;
            for value in to {
                *value = from[at as usize];
                at += stride;
            }
        }
        ([size, sizes @ ..], [stride, strides @ ..]) => {
            let length = to.len() / size;
            let mut at = offset;
            for part in to.chunks_exact_mut(length.max(1)) {
                fill(sizes, strides, from, at, part);
                at += stride;
            }
        }
        _ => {}
    }
}

impl<T: Real> Product<T> {
    /// All turns of one share; `threads` threads work on each turn.
    fn turns(&self, share: &mut Share<T>, out: &mut [T], memory: &Memory<T>, threads: usize) {
        let Share { odometer, scratch, .. } = share;
        odometer.reset();
        let factors = [memory.read(self.left.0), memory.read(self.right.0)];
        let mut held: [Option<isize>; 2] = [None, None];
        loop {
            for side in 0..2 {
                let Some(copied) = &self.copied[side] else { continue };
                let offset = odometer.offsets[side];
                if held[side] != Some(offset) {
                    copied.fill(factors[side], offset, &mut scratch[side], threads > 1);
                    held[side] = Some(offset);
                }
            }
            let accumulate = self.summed_loops.iter().any(|&axis| odometer.index(axis) > 0);
            let place = |side: usize, (row, column): (isize, isize)| -> (&[T], Strides) {
                match &self.copied[side] {
                    Some(_) => (&scratch[side], Strides { offset: 0, row, column }),
                    None => (factors[side], Strides { offset: odometer.offsets[side] as usize, row, column }),
                }
            };
            let (row, column) = self.result_strides;
            multiply(
                self.sizes,
                (&mut *out, Strides { offset: odometer.offsets[2] as usize, row, column }),
                accumulate,
                place(0, self.left_strides),
                place(1, self.right_strides),
                rounded(self.factor),
                threads,
            );
            if !odometer.advance() {
                return;
            }
        }
    }
}

impl<T: Real> Kernel<T> for Product<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        let Sizes { rows, columns, depth } = self.sizes;
        let of_turn = rows * columns * depth / DENSITY;
        let threads = parts(of_turn * self.loops.iter().product::<usize>());
        let threads = match self.divided {
            Some(Divided::Result(axis)) => threads.min(self.loops[axis]),
            _ => 1,
        };
        if threads != self.parts {
            self.divide(threads, out.len());
        }
        let (mut shares, mut partial) = (std::mem::take(&mut self.shares), std::mem::take(&mut self.partial));
        if let [share] = &mut shares[..] {
            self.turns(share, out, memory, parts(of_turn));
        } else {
            // Its part of the result, or a sum of its own, for each share.
            let mut targets = Vec::with_capacity(shares.len());
            let mut rest = &mut *out;
            if !partial.is_empty() {
                let length = rest.len();
                targets.push(std::mem::take(&mut rest));
                rest = &mut partial;
                targets.extend(std::mem::take(&mut rest).chunks_exact_mut(length));
            }
            for share in &shares[targets.len()..] {
                let (part, behind) = std::mem::take(&mut rest).split_at_mut(share.length);
                targets.push(part);
                rest = behind;
            }
            shares.par_iter_mut().zip(targets).for_each(|(share, target)| self.turns(share, target, memory, 1));
            partial.chunks_exact(out.len().max(1)).for_each(|sum| add(out, sum));
        }
        (self.shares, self.partial) = (shares, partial);
    }
}
