//! Piecewise constant functions, the derivatives of piecewise linear ones. Their own derivative is zero.

use super::real::Real;
use super::{Family, keep_nan};

/// 1 for x > 0, else 0.
#[derive(Clone, Copy)]
pub(crate) struct Step;

/// 1 for x ≥ 0, `slope` below.
#[derive(Clone, Copy)]
pub(crate) struct LeakyStep {
    /// The value below zero.
    pub slope: f64,
}

/// -1 below zero, 0 at zero, 1 above.
#[derive(Clone, Copy)]
pub(crate) struct Sign;

macro_rules! family {
    ($name:ident, |$self:ident, $x:ident| $value:expr) => {
        impl<T: Real> Family<T> for $name {
            #[inline(always)]
            fn value($self, $x: T) -> T {
                keep_nan($x, $value)
            }

            #[inline(always)]
            fn value_and_slope(self, x: T) -> (T, T) {
                (self.value(x), T::ZERO)
            }

            #[inline(always)]
            fn chain(self, _: T, _: T) -> T {
                T::ZERO
            }
        }
    };
}

family!(Step, |self, x| if x > T::ZERO { T::ONE } else { T::ZERO });
family!(LeakyStep, |self, x| if x < T::ZERO { T::from_f64(self.slope) } else { T::ONE });
family!(Sign, |self, x| if x == T::ZERO { T::ZERO } else { T::ONE.copysign(x) });
