//! Sums and products of all rows with one row, or of each row with a number of its own.

use crate::isa::{Level, run, task};
use crate::slice::Real;

macro_rules! broadcasts {
    ($($(#[$about:meta])* $name:ident $task:ident $form:ident |$value:ident, $other:ident| $result:expr;)*) => {$(
        $(#[$about])*
        ///
        /// # Panics
        ///
        /// If `values` are not whole rows that fit.
        pub fn $name<T: Real>(values: &mut [T], other: &[T]) {
            if values.is_empty() {
                return;
            }
            let (length, parts) = (values.len(), other.len());
            assert!(parts > 0 && length.is_multiple_of(parts), "{length} entries are not whole parts of {parts}");
            run(Level::best(), $task { values, other });
        }

        task! {
            struct $task {
                values: &'a mut [T],
                other: &'a [T],
            } {
                broadcasts!(@$form values, other, |$value, $other| $result);
            }
        }
    )*};
    (@row $values:ident, $row:ident, |$value:ident, $other:ident| $result:expr) => {
        for part in $values.chunks_exact_mut($row.len()) {
            for (target, &$other) in part.iter_mut().zip($row) {
                let $value = *target;
                *target = $result;
            }
        }
    };
    (@column $values:ident, $column:ident, |$value:ident, $other:ident| $result:expr) => {
        let n = $values.len() / $column.len();
        for (part, &$other) in $values.chunks_exact_mut(n).zip($column) {
            for target in part {
                let $value = *target;
                *target = $result;
            }
        }
    };
}

broadcasts! {
    /// Adds the row `other` [columns] to each row of `values` [rows, columns], as a bias.
    add_row AddRow row |value, other| value + other;
    /// Multiplies each row of `values` [rows, columns] entry by entry by the row `other` [columns], as a gain.
    multiply_row MultiplyRow row |value, other| value * other;
    /// Adds to all entries of each row of `values` [rows, n] its number in `other` [rows].
    add_column AddColumn column |value, other| value + other;
    /// Multiplies each row of `values` [rows, n] by its number in `other` [rows].
    multiply_column MultiplyColumn column |value, other| value * other;
}
