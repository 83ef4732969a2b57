//! Sums over the first or last axis of an array, and inner products of rows. All add to what the result holds.

use crate::isa::{Level, run, task};
use crate::lanes::{PANEL, dot, fold_columns, sum};
use crate::slice::Real;

/// Adds the sum of each row of `x` [rows, n] to `sums` [rows].
///
/// # Panics
///
/// If `x` has not as many whole rows as there are sums.
pub fn last<T: Real>(x: &[T], sums: &mut [T]) {
    if let Some(n) = row(x.len(), sums.len()) {
        run(Level::best(), Last { x, sums, n });
    }
}

/// Adds the sum over rows of `x` [rows, columns] to `sums` [columns].
///
/// # Panics
///
/// If `x` has not whole rows.
pub fn first<T: Real>(x: &[T], sums: &mut [T]) {
    if row(x.len(), sums.len()).is_some() {
        run(Level::best(), First { x, sums });
    }
}

/// Adds the inner products of rows of `a` and `b` [rows, n] to `products` [rows].
///
/// # Panics
///
/// If `a` and `b` have not as many whole rows as there are products.
pub fn dots<T: Real>(a: &[T], b: &[T], products: &mut [T]) {
    assert_eq!(a.len(), b.len(), "two arrays of rows");
    if let Some(n) = row(a.len(), products.len()) {
        run(Level::best(), Dots { a, b, products, n });
    }
}

/// Adds the sum over rows of the products of `a` and `b` [rows, columns], entry by entry, to `products` [columns].
///
/// # Panics
///
/// If `a` and `b` have not whole rows, or differ in length.
pub fn column_dots<T: Real>(a: &[T], b: &[T], products: &mut [T]) {
    assert_eq!(a.len(), b.len(), "two arrays of rows");
    if row(a.len(), products.len()).is_some() {
        run(Level::best(), ColumnDots { a, b, products });
    }
}

/// `length` over `parts`, `None` if nothing is to be added.
fn row(length: usize, parts: usize) -> Option<usize> {
    if length == 0 {
        return None;
    }
    assert!(parts > 0 && length.is_multiple_of(parts), "{length} entries are not {parts} equal parts");
    Some(length / parts)
}

task! {
    struct Last {
        x: &'a [T],
        sums: &'a mut [T],
        n: usize,
    } {
        for (row, total) in x.chunks_exact(n).zip(sums) {
            *total = *total + sum(row);
        }
    }
}

task! {
    struct Dots {
        a: &'a [T],
        b: &'a [T],
        products: &'a mut [T],
        n: usize,
    } {
        for ((a, b), product) in a.chunks_exact(n).zip(b.chunks_exact(n)).zip(products) {
            *product = *product + dot(a, b);
        }
    }
}

task! {
    struct First {
        x: &'a [T],
        sums: &'a mut [T],
    } {
        let columns = sums.len();
        for (panel, sums) in sums.chunks_mut(PANEL).enumerate() {
            fold_columns(x, x, columns, panel * PANEL, sums, |sum, x, _| sum + x);
        }
    }
}

task! {
    struct ColumnDots {
        a: &'a [T],
        b: &'a [T],
        products: &'a mut [T],
    } {
        let columns = products.len();
        for (panel, products) in products.chunks_mut(PANEL).enumerate() {
            fold_columns(a, b, columns, panel * PANEL, products, |sum, a, b| a.mul_add(b, sum));
        }
    }
}
