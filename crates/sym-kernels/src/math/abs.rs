//! The size of a number.

use super::real::Real;
use super::{Family, keep_nan};

/// |x|; the derivative is the sign of x, zero at zero as in burn and `PyTorch`.
#[derive(Clone, Copy)]
pub(crate) struct Abs;

impl<T: Real> Family<T> for Abs {
    #[inline(always)]
    fn value(self, x: T) -> T {
        keep_nan(x, x.abs())
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let sign = if x == T::ZERO { T::ZERO } else { T::ONE.copysign(x) };
        (self.value(x), keep_nan(x, sign))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
