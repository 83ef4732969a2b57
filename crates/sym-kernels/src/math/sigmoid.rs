//! The logistic function 1/(1 + e^-x).
//!
//! Method: with z = e^-|x| ≤ 1 nothing overflows: 1/(1 + z) for x ≥ 0 and z/(1 + z) for x < 0 (see `exp.rs` for z). The rounding
//! errors of z, of 1 + z and of the quotient enter the last sum.

use super::exp::factors_and_error;
use super::real::Real;
use super::{Family, keep_nan, reciprocal, sum_and_error};

/// |x| clamped to the range, and e^-|x| as (w, low, s): (w + low) s.
#[inline(always)]
pub(crate) fn decay<T: Real>(x: T) -> (T, (T, T, T)) {
    let a = if x.abs() < T::EXP_RANGE { x.abs() } else { T::EXP_RANGE };
    (a, factors_and_error(-a))
}

/// (n + low)/(1 + w s) for w s ≤ 1, rounded about once.
#[inline(always)]
pub(crate) fn share<T: Real>(n: T, low: T, w: T, s: T) -> T {
    let (d, e) = sum_and_error(T::ONE, w * s);
    let (inverse, correction) = reciprocal(d, e);
    let lead = n * inverse;
    lead + (n.mul_add(inverse, -lead) + lead.mul_add(correction, low * inverse))
}

/// 1/(1 + e^-x); the derivative is y (1 - y).
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl<T: Real> Family<T> for Sigmoid {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let (_, (w, low, s)) = decay(x);
        let below = x < T::ZERO;
        let (n, low) = if below { (w, low) } else { (T::ONE, T::ZERO) };
        let y = share(n, low, w, s);
        keep_nan(x, if below { y * s } else { y })
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let y = self.value(x);
        (y, y * (T::ONE - y))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * (saved * (T::ONE - saved))
    }
}
