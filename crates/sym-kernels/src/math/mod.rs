//! Elementwise functions without branches, written so that the compiler vectorises a loop over them.
//!
//! Invariant: a function here uses only the IEEE operations + - × ÷, fused multiply-add, comparisons, selections and bit
//! operations. It calls no platform library, so an element has the same bits at every position of a buffer, with every
//! instruction set and on every machine. A NaN is returned unchanged, because the payload of a computed NaN is not fixed.

pub(crate) mod exp;
pub(crate) mod gelu;
pub(crate) mod payne_hanek;
pub(crate) mod real;
pub(crate) mod relu;
pub(crate) mod sigmoid;
pub(crate) mod tanh;
pub(crate) mod trig;

use real::Real;

/// One activation function.
pub(crate) trait Family<T: Real> {
    /// Whether some arguments need [`Family::value_of_irregular`].
    const HAS_IRREGULAR: bool = false;

    /// Whether `x` is outside the range of the vectorised formula.
    #[inline(always)]
    fn irregular(_x: T) -> bool {
        false
    }

    /// The value and derivative of an irregular argument, one element at a time.
    #[inline(always)]
    fn irregular_value_and_slope(x: T) -> (T, T) {
        Self::value_and_slope(x)
    }

    /// The value at a regular argument.
    fn value(x: T) -> T;

    /// The value and derivative at a regular argument. The value has the same bits as [`Family::value`].
    fn value_and_slope(x: T) -> (T, T);

    /// The gradient with respect to the argument, from what was saved and the gradient with respect to the value.
    fn chain(saved: T, gradient: T) -> T;
}

/// `value`, unless the argument `x` is a NaN, which is then returned unchanged.
#[inline(always)]
pub(crate) fn keep_nan<T: Real>(x: T, value: T) -> T {
    if x.is_nan() { x } else { value }
}
