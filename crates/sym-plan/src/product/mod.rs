//! Contractions of two factors as matrix products.
//!
//! Every index is one of four: of the batch (in both factors and the result), a row (left and result), a column (right and result) or summed (in both
//! factors alone). Rows, columns and summed indices become those of a matrix product, as many as is worth it; what is left is a loop around it. A factor
//! that does not lie in memory as a matrix, such as the windows of a convolution, is copied for each turn of the loop, and where the product's
//! entries belong elsewhere, it is copied there. [`scheme`] chooses.

mod copied;
mod index;
mod scheme;

use crate::memory::{Kernel, Memory};
use crate::passes::{Examples, Split};
use crate::view::{Buffer, Odometer};
use copied::Copied;
pub(crate) use index::{Index, Kind};
use index::{StrideOf, in_left, in_result, in_right, inner, volume};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use scheme::{Scheme, Target};
use std::ops::Range;
use sym_kernels::arithmetic::{add, rounded};
use sym_kernels::matrix::{Sizes, Strides, multiply};
use sym_kernels::share::{may_share, parts};
use sym_kernels::slice::Real;

/// Into how many sums the turns of a summed loop are divided where they fill the whole result each. It is the same for any number of threads, as it
/// decides in which order is summed.
const SUMS: usize = 4;
/// The least depth of each of these sums: each is one more pass over the result.
const LEAST_DEPTH: usize = 48;
/// Multiplications for one operation on a single entry, about, where it is asked whether threads are worth it.
const DENSITY: usize = 6;

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
    /// Where a product goes that is not made at its place.
    laid: Option<Copied>,
    /// Sizes and strides of left and right along all indices but that of the divided loop.
    others: [Vec<(usize, isize)>; 2],
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
    /// Copies of left and right, and the product before it goes to its place.
    scratch: [Vec<T>; 3],
}

impl<T: Real> Product<T> {
    /// Plans the product of two factors; `offset`s are those of their first entries.
    pub fn new(indices: &[Index], left: (Buffer, usize), right: (Buffer, usize), factor: f64) -> Self {
        let scheme = scheme::best(indices);
        let result_strides = scheme.target_strides();
        let Scheme { loops: all_loops, rows, columns, summed, copies_left, copies_right, target } = scheme;
        let (left_strides, copied_left) = if copies_left {
            let (copied, strides) = Copied::factor(&rows, &summed, in_left);
            (strides, Some(copied))
        } else {
            ((inner(&rows, in_left), inner(&summed, in_left)), None)
        };
        let (right_strides, copied_right) = if copies_right {
            let (copied, (column, row)) = Copied::factor(&columns, &summed, in_right);
            ((row, column), Some(copied))
        } else {
            ((inner(&summed, in_right), inner(&columns, in_right)), None)
        };
        let laid = match target {
            Target::Result => None,
            Target::Rows => Some(Copied::new(&rows, &columns, in_result)),
            Target::Columns => Some(Copied::new(&columns, &rows, in_result)),
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
        // Sizes and strides of all indices of a factor but the divided one.
        let others = [in_left as StrideOf, in_right].map(|stride| {
            let divided = outermost.map(|at| all_loops[at].0);
            let others = indices.iter().filter(|index| Some(**index) != divided);
            others.map(|index| (index.size, stride(index))).collect()
        });
        Self {
            left,
            right,
            factor,
            sizes: Sizes { rows: volume(&rows), columns: volume(&columns), depth: volume(&summed) },
            left_strides,
            right_strides,
            result_strides,
            loops: all_loops.iter().map(|(index, _)| index.size).collect(),
            loop_strides,
            summed_loops: (0..all_loops.len()).filter(|&at| all_loops[at].1).collect(),
            divided,
            copied: [copied_left, copied_right],
            laid,
            others,
            shares: Vec::new(),
            partial: vec![rounded(0.0); if matches!(divided, Some(Divided::Sums(_))) { (SUMS - 1) * entries } else { 0 }],
        }
    }

    /// Divides the turns into `parts` shares, of those of the divided loop only the ones in `range`; `length` is that of the result they fill.
    fn divide(&mut self, parts: usize, range: Range<usize>, length: usize) {
        while self.shares.len() < parts {
            self.shares.push(Share {
                odometer: Odometer::new(self.loops.clone(), self.loop_strides.clone(), vec![0; 3]),
                length: 0,
                scratch: [&self.copied[0], &self.copied[1], &self.laid]
                    .map(|copied| vec![rounded(0.0); copied.as_ref().map_or(0, |copied| copied.length)]),
            });
        }
        self.shares.truncate(parts);
        let [left, right] = [self.left.1 as isize, self.right.1 as isize];
        for (part, share) in self.shares.iter_mut().enumerate() {
            let Some(Divided::Result(axis) | Divided::Sums(axis)) = self.divided else {
                share.odometer.start([left, right, 0]);
                share.length = length;
                continue;
            };
            let of_part = |part: usize| range.start + part * range.len() / parts;
            let (first, behind) = (of_part(part), of_part(part + 1));
            let moved = |side: usize| first as isize * self.loop_strides[side][axis];
            share.odometer.shorten(axis, behind - first);
            share.odometer.start([left + moved(0), right + moved(1), 0]);
            share.length = if self.partial.is_empty() { length / range.len() * (behind - first) } else { length };
        }
    }
}

impl<T: Real> Product<T> {
    /// Operations of a turn, in those on single entries.
    fn of_turn(&self) -> usize {
        self.sizes.rows * self.sizes.columns * self.sizes.depth / DENSITY
    }

    /// All turns of one share; `threads` threads work on each turn.
    fn turns(&self, share: &mut Share<T>, out: &mut [T], memory: &Memory<T>, threads: usize) {
        let Share { odometer, scratch, .. } = share;
        let [scratch @ .., made] = scratch;
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
            let product = match &self.laid {
                None => (&mut *out, Strides { offset: odometer.offsets[2] as usize, row, column }),
                Some(_) => (&mut made[..], Strides { offset: 0, row, column }),
            };
            multiply(
                self.sizes,
                product,
                accumulate,
                place(0, self.left_strides),
                place(1, self.right_strides),
                rounded(self.factor),
                threads,
            );
            let is_whole = self.summed_loops.iter().all(|&axis| odometer.is_last(axis));
            if let Some(laid) = self.laid.as_ref().filter(|_| is_whole) {
                laid.lay(made, out, odometer.offsets[2]);
            }
            if !odometer.advance() {
                return;
            }
        }
    }
}

impl<T: Real> Kernel<T> for Product<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        if out.is_empty() {
            return;
        }
        let of_turn = self.of_turn();
        let turns = self.loops.iter().product::<usize>();
        let (parts_wanted, range) = match self.divided {
            Some(Divided::Result(axis)) => {
                let range = examples.map_or(0..self.loops[axis], |Examples { first, count }| first..first + count);
                (parts(of_turn * turns / self.loops[axis] * range.len()).min(range.len()), range)
            }
            Some(Divided::Sums(axis)) => (SUMS, 0..self.loops[axis]),
            None => (1, 0..1),
        };
        self.divide(parts_wanted, range, out.len());
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

    fn by_example(&self, split: &Split) -> Option<usize> {
        let Some(Divided::Result(axis)) = self.divided else { return None };
        let keeps = |side: usize, buffer: Buffer, strides: &[(usize, isize)]| {
            let offset = [self.left.1, self.right.1][side];
            split.keeps_strides(buffer, offset, self.loop_strides[side][axis], strides.iter().copied())
        };
        let keeps = keeps(0, self.left.0, &self.others[0]) && keeps(1, self.right.0, &self.others[1]);
        (self.loops[axis] == split.batch && keeps).then(|| self.of_turn() * self.loops.iter().product::<usize>() / split.batch)
    }
}
