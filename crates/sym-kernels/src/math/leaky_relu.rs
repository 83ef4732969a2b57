//! The leaky rectified linear unit.

use super::real::Real;
use super::{Family, keep_nan};

/// x for x ≥ 0 and `slope`·x below; the derivative at zero is one, as in burn.
#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu {
    /// The derivative below zero.
    pub slope: f64,
}

impl<T: Real> Family<T> for LeakyRelu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        keep_nan(x, if x < T::ZERO { T::from_f64(self.slope) * x } else { x })
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        (self.value(x), if x < T::ZERO { T::from_f64(self.slope) } else { T::ONE })
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
