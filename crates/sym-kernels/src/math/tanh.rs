//! The hyperbolic tangent.
//!
//! Method: tanh a = t/(t + 2) with t = e^(2a) - 1 for a = |x|. With 2a = k ln 2 + r (see `exp.rs`) and q = e^r - 1,
//! t = 2^k q + (2^k - 1) is one fused operation, without cancellation and with full relative accuracy down to the smallest
//! numbers (the identity is that of fdlibm, `s_tanh.c`; here one formula serves all arguments). The rounding
//! errors of t, t + 2 and of the quotient enter the last sum.

use super::exp::reduce;
use super::real::Real;
use super::{Family, keep_nan};

/// tanh x; the derivative is 1 - y².
#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl<T: Real> Family<T> for Tanh {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let a = if x.abs() < T::TANH_RANGE { x.abs() } else { T::TANH_RANGE };
        let (k, q) = reduce(a + a);
        let scale = T::pow2(k);
        let t = q.mul_add(scale, scale - T::ONE);
        let d = t + T::TWO;
        let inverse = T::ONE / d;
        let y = t * inverse;
        // What the quotient leaves, with the rounding errors of t and t + 2.
        let t_low = q.mul_add(scale, (scale - T::ONE) - t);
        let rest = (-y).mul_add((t - (d - T::TWO)) + t_low, (-y).mul_add(d, t) + t_low);
        keep_nan(x, rest.mul_add(inverse, y).copysign(x))
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let y = self.value(x);
        (y, (-y).mul_add(y, T::ONE))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * (-saved).mul_add(saved, T::ONE)
    }
}
