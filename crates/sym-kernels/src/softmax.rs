//! Softmax over the last or a middle axis.
//!
//! The greatest entry is subtracted first, so nothing overflows. Entries of -∞ get zero. A row without an entry above -∞, and one that
//! has +∞ or NaN, becomes NaN, as in `PyTorch`.

use crate::isa::{Level, run, task};
use crate::lanes::{PANEL, dot, fold_columns, greatest, larger, sum};
use crate::math::Family;
use crate::math::exp::Exp;
use crate::slice::Real;

/// Entries handled together: whole rows that stay in the first-level cache from one pass to the next.
const BLOCK: usize = 1024;

/// Replaces each row of `n` entries by its softmax.
///
/// # Panics
///
/// If `values` are not whole rows.
pub fn rows<T: Real>(values: &mut [T], n: usize) {
    if has_blocks(values.len(), n) {
        run(Level::best(), Rows { values, n });
    }
}

/// Replaces the gradient g of each row by that of its argument, y (g - ∑ g y), from the values y.
///
/// # Panics
///
/// If `gradients` are not whole rows, or as many as there are values.
pub fn rows_backward<T: Real>(y: &[T], gradients: &mut [T], n: usize) {
    assert_eq!(y.len(), gradients.len(), "values and gradients");
    if has_blocks(gradients.len(), n) {
        run(Level::best(), RowsBackward { y, gradients, n });
    }
}

/// Softmax over the middle axis of an array [outer, `n`, `inner`].
///
/// # Panics
///
/// If `values` are not whole blocks of `n`·`inner`.
pub fn columns<T: Real>(values: &mut [T], n: usize, inner: usize) {
    if has_blocks(values.len(), n * inner) {
        run(Level::best(), Columns { values, n, inner });
    }
}

/// Like [`rows_backward`] for [`columns`].
///
/// # Panics
///
/// If `gradients` are not whole blocks of `n`·`inner`, or as many as there are values.
pub fn columns_backward<T: Real>(y: &[T], gradients: &mut [T], n: usize, inner: usize) {
    assert_eq!(y.len(), gradients.len(), "values and gradients");
    if has_blocks(gradients.len(), n * inner) {
        run(Level::best(), ColumnsBackward { y, gradients, n, inner });
    }
}

/// Whether there is something to do; panics unless `length` is a multiple of `block`.
fn has_blocks(length: usize, block: usize) -> bool {
    assert!(length == 0 || (block > 0 && length.is_multiple_of(block)), "{length} entries are not whole blocks of {block}");
    length > 0
}

task! {
    struct Rows {
        values: &'a mut [T],
        n: usize,
    } {
        for block in values.chunks_mut(n * (BLOCK / n).max(1)) {
            for row in block.chunks_exact_mut(n) {
                let top = greatest(row);
                for x in row {
                    *x = *x - top;
                }
            }
            for x in block.iter_mut() {
                *x = Exp.value(*x);
            }
            for row in block.chunks_exact_mut(n) {
                let scale = T::ONE / sum(row);
                for x in row {
                    *x = *x * scale;
                }
            }
        }
    }
}

task! {
    struct RowsBackward {
        y: &'a [T],
        gradients: &'a mut [T],
        n: usize,
    } {
        for (y, g) in y.chunks_exact(n).zip(gradients.chunks_exact_mut(n)) {
            let mean = dot(g, y);
            for (g, &y) in g.iter_mut().zip(y) {
                *g = y * (*g - mean);
            }
        }
    }
}

task! {
    struct Columns {
        values: &'a mut [T],
        n: usize,
        inner: usize,
    } {
        for values in values.chunks_exact_mut(n * inner) {
            for from in (0..inner).step_by(PANEL) {
                let to = inner.min(from + PANEL);
                let mut tops = [-T::INFINITY; PANEL];
                for row in values.chunks_exact(inner) {
                    for (top, &x) in tops.iter_mut().zip(&row[from..to]) {
                        *top = larger(*top, x);
                    }
                }
                for row in values.chunks_exact_mut(inner) {
                    for (x, &top) in row[from..to].iter_mut().zip(&tops) {
                        *x = Exp.value(*x - top);
                    }
                }
                let mut scales = [T::ZERO; PANEL];
                fold_columns(values, values, inner, from, &mut scales[..to - from], |sum, x, _| sum + x);
                for scale in &mut scales {
                    *scale = T::ONE / *scale;
                }
                for row in values.chunks_exact_mut(inner) {
                    for (x, &scale) in row[from..to].iter_mut().zip(&scales) {
                        *x = *x * scale;
                    }
                }
            }
        }
    }
}

task! {
    struct ColumnsBackward {
        y: &'a [T],
        gradients: &'a mut [T],
        n: usize,
        inner: usize,
    } {
        let block = n * inner;
        for (y, g) in y.chunks_exact(block).zip(gradients.chunks_exact_mut(block)) {
            for from in (0..inner).step_by(PANEL) {
                let to = inner.min(from + PANEL);
                let mut means = [T::ZERO; PANEL];
                fold_columns(g, y, inner, from, &mut means[..to - from], |sum, g, y| g.mul_add(y, sum));
                for (y, g) in y.chunks_exact(inner).zip(g.chunks_exact_mut(inner)) {
                    for ((g, &y), &mean) in g[from..to].iter_mut().zip(&y[from..to]).zip(&means) {
                        *g = y * (*g - mean);
                    }
                }
            }
        }
    }
}
