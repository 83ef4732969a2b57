//! The sigmoid linear unit x/(1 + e^-x), by the method of `sigmoid.rs`.

use super::real::Real;
use super::sigmoid::{decay, share};
use super::{Family, keep_nan};

/// x/(1 + e^-v) for v of the sign of x and a = |x|, with (w + low) s = e^-|v|. Here x is finite.
#[inline(always)]
pub(crate) fn gated<T: Real>(x: T, a: T, (w, low, s): (T, T, T)) -> T {
    let below = x < T::ZERO;
    let product = a * w;
    let rest = a.mul_add(w, -product) + a * low;
    let (n, low) = if below { (product, rest) } else { (a, T::ZERO) };
    let y = share(n, low, w, s);
    if below { -y * s } else { y.copysign(x) }
}

/// The derivative of x/(1 + e^-v), with e^-|v| = z: σ(v) (1 + x v' σ(-v)).
#[inline(always)]
pub(crate) fn gated_slope<T: Real>(x: T, a: T, rate: T, z: T) -> T {
    let inverse = T::ONE / (T::ONE + z);
    let (own, other) = if x < T::ZERO { (z, T::ONE) } else { (T::ONE, z) };
    (own * inverse) * (a.copysign(x) * rate * inverse).mul_add(other, T::ONE)
}

/// x/(1 + e^-x), also called swish; the derivative is saved. The value at -∞ is the limit -0.
#[derive(Clone, Copy)]
pub(crate) struct Silu;

impl<T: Real> Family<T> for Silu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let (a, factors) = decay(x);
        let y = gated(x, a, factors);
        keep_nan(x, if x > T::EXP_RANGE { x } else { y })
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let (a, factors) = decay(x);
        let y = gated(x, a, factors);
        let slope = gated_slope(x, a, T::ONE, factors.0 * factors.2);
        (keep_nan(x, if x > T::EXP_RANGE { x } else { y }), keep_nan(x, slope))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
