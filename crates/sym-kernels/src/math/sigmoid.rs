//! The logistic function 1/(1 + e^-x) and the sigmoid linear unit x/(1 + e^-x).
//!
//! Method: with z = e^-|x| ≤ 1 nothing overflows: 1/(1 + z) for x ≥ 0 and z/(1 + z) for x < 0 (see `exp.rs` for z).

use super::exp::factors;
use super::real::Real;
use super::{Family, keep_nan};

/// |x| clamped to the range, and factors of e^-|x|.
#[inline(always)]
fn decay<T: Real>(x: T) -> (T, T, T) {
    let a = if x.abs() < T::EXP_RANGE { x.abs() } else { T::EXP_RANGE };
    let (w, s) = factors(-a);
    (a, w, s)
}

/// 1/(1 + e^-x); the derivative is y (1 - y).
pub(crate) struct Sigmoid;

impl<T: Real> Family<T> for Sigmoid {
    #[inline(always)]
    fn value(x: T) -> T {
        let (_, w, s) = decay(x);
        let z = w * s;
        let above = if x < T::ZERO { z } else { T::ONE };
        keep_nan(x, above / (T::ONE + z))
    }

    #[inline(always)]
    fn value_and_slope(x: T) -> (T, T) {
        let y = Self::value(x);
        (y, y * (T::ONE - y))
    }

    #[inline(always)]
    fn chain(saved: T, gradient: T) -> T {
        gradient * (saved * (T::ONE - saved))
    }
}

/// x/(1 + e^-x), also called swish; the derivative σ(x) (1 + x σ(-x)) is saved. The value at -∞ is the limit -0.
pub(crate) struct Silu;

impl<T: Real> Family<T> for Silu {
    #[inline(always)]
    fn value(x: T) -> T {
        let (a, w, s) = decay(x);
        let above = if x < T::ZERO { (-a * w) * s } else { x };
        keep_nan(x, above / (T::ONE + w * s))
    }

    #[inline(always)]
    fn value_and_slope(x: T) -> (T, T) {
        let (a, w, s) = decay(x);
        let z = w * s;
        let inverse = T::ONE / (T::ONE + z);
        let (own, other) = if x < T::ZERO { (z, T::ONE) } else { (T::ONE, z) };
        let slope = (own * inverse) * (a.copysign(x) * inverse).mul_add(other, T::ONE);
        (Self::value(x), keep_nan(x, slope))
    }

    #[inline(always)]
    fn chain(saved: T, gradient: T) -> T {
        gradient * saved
    }
}
