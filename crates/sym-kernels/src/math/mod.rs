//! Elementwise functions without branches, written so that the compiler vectorises a loop over them.
//!
//! Invariant: a function here uses only the IEEE operations + - × ÷, fused multiply-add, comparisons, selections and bit
//! operations. It calls no platform library, so an element has the same bits at every position of a buffer, with every
//! instruction set and on every machine. A NaN is returned unchanged, because the payload of a computed NaN is not fixed.

pub(crate) mod abs;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod gelu;
pub(crate) mod gelu_tanh;
pub(crate) mod leaky_relu;
pub(crate) mod log;
pub(crate) mod normal;
pub(crate) mod payne_hanek;
pub(crate) mod real;
pub(crate) mod relu;
pub(crate) mod sigmoid;
pub(crate) mod silu;
pub(crate) mod softplus;
pub(crate) mod step;
pub(crate) mod tanh;
pub(crate) mod trig;

use real::Real;

/// One activation function, with its constants if it has any.
pub(crate) trait Family<T: Real>: Copy {
    /// Whether some arguments need [`Family::irregular_value_and_slope`].
    const HAS_IRREGULAR: bool = false;

    /// Whether `x` is outside the range of the vectorised formula.
    #[inline(always)]
    fn irregular(self, _x: T) -> bool {
        false
    }

    /// The value and derivative of an irregular argument, one element at a time.
    #[inline(always)]
    fn irregular_value_and_slope(self, x: T) -> (T, T) {
        self.value_and_slope(x)
    }

    /// The value at a regular argument.
    fn value(self, x: T) -> T;

    /// The value and derivative at a regular argument. The value has the same bits as [`Family::value`].
    fn value_and_slope(self, x: T) -> (T, T);

    /// The gradient with respect to the argument, from what was saved and the gradient with respect to the value.
    fn chain(self, saved: T, gradient: T) -> T;
}

/// The sum of two numbers and its rounding error (D. E. Knuth, "The art of computer programming" 2, section 4.2.2).
#[inline(always)]
pub(crate) fn sum_and_error<T: Real>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    let other = sum - a;
    (sum, (a - (sum - other)) + (b - other))
}

/// 1/(d + e) as `inverse` (1 + `correction`), for e a rounding error of d.
#[inline(always)]
pub(crate) fn reciprocal<T: Real>(d: T, e: T) -> (T, T) {
    let inverse = T::ONE / d;
    (inverse, (-inverse).mul_add(d, T::ONE) - inverse * e)
}

/// `value`, unless the argument `x` is a NaN, which is then returned unchanged.
#[inline(always)]
pub(crate) fn keep_nan<T: Real>(x: T, value: T) -> T {
    if x.is_nan() { x } else { value }
}
