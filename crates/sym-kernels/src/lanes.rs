//! Sums in a fixed order that every instruction set can follow.
//!
//! Along a row, term i belongs to partial sum i mod 16 of its block of 1,024 terms; partial sums of blocks are added in order, and in
//! the end to each other in pairs. Down columns, rows are added in order within blocks of 64, whose sums are added in order. So errors grow
//! with the number of terms in a block and with the number of blocks, and not with their product.

use crate::slice::Real;

/// Partial sums that run side by side: two registers of AVX-512 in double precision.
const LANES: usize = 16;

/// Terms of a row in a block.
const BLOCK: usize = 64 * LANES;

/// Columns treated together: their partial sums stay in the first-level cache.
pub(crate) const PANEL: usize = 64;

/// Rows in a block.
const ROWS: usize = 64;

/// The sum of `next(partial sum, a[i], b[i])` over a row: `next` adds a term.
#[inline(always)]
pub(crate) fn fold<T: Real>(a: &[T], b: &[T], next: impl Fn(T, T, T) -> T) -> T {
    let mut totals = [T::ZERO; LANES];
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let mut lanes = [T::ZERO; LANES];
        let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = (a.remainder(), b.remainder());
        for (a, b) in a.zip(b) {
            for lane in 0..LANES {
                lanes[lane] = next(lanes[lane], a[lane], b[lane]);
            }
        }
        for (lane, (&a, &b)) in lanes.iter_mut().zip(rest.0.iter().zip(rest.1)) {
            *lane = next(*lane, a, b);
        }
        for (total, lane) in totals.iter_mut().zip(lanes) {
            *total = *total + lane;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            totals[lane] = totals[lane] + totals[lane + width];
        }
        width /= 2;
    }
    totals[0]
}

/// The sum of a row.
#[inline(always)]
pub(crate) fn sum<T: Real>(x: &[T]) -> T {
    fold(x, x, |sum, x, _| sum + x)
}

/// The sum of products of two rows.
#[inline(always)]
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    fold(a, b, |sum, a, b| a.mul_add(b, sum))
}

/// The greatest entry that is not a NaN, -∞ if there is none.
#[inline(always)]
pub(crate) fn greatest<T: Real>(x: &[T]) -> T {
    let mut lanes = [-T::INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    let greatest = lanes.into_iter().fold(-T::INFINITY, larger);
    rest.iter().fold(greatest, |greatest, &x| larger(greatest, x))
}

/// `x` if it is larger.
#[inline(always)]
pub(crate) fn larger<T: Real>(greatest: T, x: T) -> T {
    if x > greatest { x } else { greatest }
}

/// Adds up `next(partial sum, a, b)` down the columns `from..from + sums.len()` of arrays with `columns` columns; at most [`PANEL`] columns.
#[inline(always)]
pub(crate) fn fold_columns<T: Real>(a: &[T], b: &[T], columns: usize, from: usize, sums: &mut [T], next: impl Fn(T, T, T) -> T) {
    let to = from + sums.len();
    for (a, b) in a.chunks(ROWS * columns).zip(b.chunks(ROWS * columns)) {
        let mut block = [T::ZERO; PANEL];
        let block = &mut block[..sums.len()];
        for (a, b) in a.chunks_exact(columns).zip(b.chunks_exact(columns)) {
            for ((sum, &a), &b) in block.iter_mut().zip(&a[from..to]).zip(&b[from..to]) {
                *sum = next(*sum, a, b);
            }
        }
        for (sum, &part) in sums.iter_mut().zip(&*block) {
            *sum = *sum + part;
        }
    }
}
