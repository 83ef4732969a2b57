//! The hyperbolic tangent.
//!
//! Method: tanh a = t/(t + 2) with t = e^(2a) - 1 for a = |x|. With 2a = k ln 2 + r (see `exp.rs`) and q = e^r - 1,
//! t = 2^k q + (2^k - 1) is one fused operation, without cancellation and with full relative accuracy down to the smallest
//! numbers (the identity is that of fdlibm, `s_tanh.c`; here one formula serves all arguments).

use super::exp::reduce;
use super::real::Real;
use super::{Family, keep_nan};

/// tanh x; the derivative is 1 - y².
pub(crate) struct Tanh;

impl<T: Real> Family<T> for Tanh {
    #[inline(always)]
    fn value(x: T) -> T {
        let a = if x.abs() < T::TANH_RANGE { x.abs() } else { T::TANH_RANGE };
        let (k, q) = reduce(a + a);
        let scale = T::pow2(k);
        let t = q.mul_add(scale, scale - T::ONE);
        keep_nan(x, (t / (t + T::TWO)).copysign(x))
    }

    #[inline(always)]
    fn value_and_slope(x: T) -> (T, T) {
        let y = Self::value(x);
        (y, (-y).mul_add(y, T::ONE))
    }

    #[inline(always)]
    fn chain(saved: T, gradient: T) -> T {
        gradient * (-saved).mul_add(saved, T::ONE)
    }
}
