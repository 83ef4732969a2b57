//! The rectified linear unit.

use super::Family;
use super::real::Real;

/// max(x, 0), with 0 for -0. The value masks the gradient; a NaN passes value and gradient, as in burn and `PyTorch`.
pub(crate) struct Relu;

impl<T: Real> Family<T> for Relu {
    #[inline(always)]
    fn value(x: T) -> T {
        if x <= T::ZERO { T::ZERO } else { x }
    }

    #[inline(always)]
    fn value_and_slope(x: T) -> (T, T) {
        let y = Self::value(x);
        (y, y)
    }

    #[inline(always)]
    fn chain(saved: T, gradient: T) -> T {
        if saved <= T::ZERO { T::ZERO } else { gradient }
    }
}
