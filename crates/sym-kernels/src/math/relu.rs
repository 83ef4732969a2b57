//! The rectified linear unit.

use super::Family;
use super::real::Real;

/// max(x, 0), with 0 for -0. The value masks the gradient; a NaN passes value and gradient, as in burn and `PyTorch`.
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl<T: Real> Family<T> for Relu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        if x <= T::ZERO { T::ZERO } else { x }
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let y = self.value(x);
        (y, y)
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        if saved <= T::ZERO { T::ZERO } else { gradient }
    }
}
