//! Matrix products of strided matrices inside of slices, by the `gemm` crate.

use crate::slice::Real;
use gemm::Parallelism;

/// Where a matrix lies in a slice: entry (i, j) is at `offset + i·row + j·column`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    /// Where entry (0, 0) is.
    pub offset: usize,
    /// From one row to the next.
    pub row: isize,
    /// From one column to the next.
    pub column: isize,
}

impl Strides {
    /// Whether all entries of an `rows` × `columns` matrix lie in a slice of this length.
    fn fits(self, rows: usize, columns: usize, length: usize) -> bool {
        let far = |count: usize, stride: isize| isize::try_from(count - 1).ok().and_then(|steps| steps.checked_mul(stride));
        let (Some(row), Some(column), Ok(offset)) =
            (far(rows, self.row), far(columns, self.column), isize::try_from(self.offset))
        else {
            return false;
        };
        let least = offset.checked_add(row.min(0)).and_then(|at| at.checked_add(column.min(0)));
        let greatest = offset.checked_add(row.max(0)).and_then(|at| at.checked_add(column.max(0)));
        matches!((least, greatest), (Some(least), Some(greatest)) if least >= 0 && greatest.unsigned_abs() < length)
    }

    /// Whether different entries lie at different places.
    fn is_injective(self, rows: usize, columns: usize) -> bool {
        let (row, column) = (self.row.unsigned_abs(), self.column.unsigned_abs());
        (rows == 1 || row > 0)
            && (columns == 1 || column > 0)
            && (rows == 1 || columns == 1 || row >= column.saturating_mul(columns) || column >= row.saturating_mul(rows))
    }
}

/// Sizes of a product: (`rows` × `depth`) · (`depth` × `columns`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Rows of the left factor and of the product.
    pub rows: usize,
    /// Columns of the right factor and of the product.
    pub columns: usize,
    /// Columns of the left factor, rows of the right one.
    pub depth: usize,
}

/// `product` = `factor` · `left` · `right`, added to what is there where `accumulate` is set, computed by `threads` threads of the pool at hand: the bits
/// are the same for any number.
///
/// # Panics
///
/// If a matrix reaches beyond its slice, or entries of `product` share a place.
pub fn multiply<T: Real>(
    sizes: Sizes,
    product: (&mut [T], Strides),
    accumulate: bool,
    left: (&[T], Strides),
    right: (&[T], Strides),
    factor: T,
    threads: usize,
) {
    let Sizes { rows, columns, depth } = sizes;
    if rows == 0 || columns == 0 {
        return;
    }
    let (target, to) = product;
    assert!(to.fits(rows, columns, target.len()) && to.is_injective(rows, columns), "product");
    let (one, zero) = (T::ONE, T::ZERO);
    if depth == 0 {
        if !accumulate {
            for i in 0..rows as isize {
                for j in 0..columns as isize {
                    target[(to.offset as isize + i * to.row + j * to.column) as usize] = zero;
                }
            }
        }
        return;
    }
    assert!(left.1.fits(rows, depth, left.0.len()), "left factor");
    assert!(right.1.fits(depth, columns, right.0.len()), "right factor");
    #[expect(unsafe_code, reason = "the crate `gemm` takes pointers and strides")]
    // SAFETY: `gemm` reads exactly the rows × depth and depth × columns entries of the factors and reads and writes the rows × columns entries
    // of the product. By the assertions above all of them lie in the slices that are borrowed here, those of the product exclusively and
    // each once. T is `f32` or `f64` (`Real` is sealed), types that `gemm` has.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            target.as_mut_ptr().add(to.offset),
            to.column,
            to.row,
            accumulate,
            left.0.as_ptr().add(left.1.offset),
            left.1.column,
            left.1.row,
            right.0.as_ptr().add(right.1.offset),
            right.1.column,
            right.1.row,
            one,
            factor,
            false,
            false,
            false,
            if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None },
        );
    }
}
