//! The exponential function.
//!
//! Method: x = k ln 2 + r with |r| ≤ ln 2 / 2 (two-part reduction of Cody and Waite with the constants of fdlibm), e^r - 1 by
//! a polynomial, and 2^k applied as two factors so that results below the normal range are rounded once. The
//! polynomials interpolate (e^r - 1 - r)/r² at Chebyshev nodes (`fit/coefficients.py`). Measured error: see `tests/accuracy.rs`.

use super::real::Real;
use super::{Family, keep_nan};

/// P with e^r - 1 = r + r² P(r); relative error of e^r - 1: 4e-19.
pub(crate) const EXPM1_F64: [f64; 11] = [
    5.0e-1,
    1.666_666_666_666_667e-1,
    4.166_666_666_666_667e-2,
    8.333_333_333_326_084e-3,
    1.388_888_888_888_371_1e-3,
    1.984_126_987_500_228e-4,
    2.480_158_732_567_746e-5,
    2.755_725_517_000_089e-6,
    2.755_727_347_871_858e-7,
    2.510_531_272_962_210_3e-8,
    2.091_475_532_589_32e-9,
];

/// P with e^r - 1 = r + r² P(r); relative error of e^r - 1: 5e-10.
pub(crate) const EXPM1_F32: [f32; 6] = [5.0e-1, 1.666_666_7e-1, 4.166_646_3e-2, 8.333_310_5e-3, 1.393_373_1e-3, 1.989_108e-4];

/// k and e^r - 1 of the reduction x = k ln 2 + r.
#[inline(always)]
pub(crate) fn reduce<T: Real>(x: T) -> (T, T) {
    let k = x.mul_add(T::LOG2_E, T::ROUND) - T::ROUND;
    let r = (-k).mul_add(T::LN2_LO, (-k).mul_add(T::LN2_HI, x));
    let q = (r * r).mul_add(T::expm1_polynomial(r), r);
    (k, q)
}

/// Factors whose product is e^x, for |x| up to a little more than `EXP_RANGE`. The first is near 2^(k/2), far from underflow.
#[inline(always)]
pub(crate) fn factors<T: Real>(x: T) -> (T, T) {
    let (k, q) = reduce(x);
    let first = k.mul_add(T::HALF, T::ROUND) - T::ROUND;
    let scale = T::pow2(first);
    (q.mul_add(scale, scale), T::pow2(k - first))
}

/// Like [`factors`], and what the first factor leaves out: e^x is (w + low) s.
#[inline(always)]
pub(crate) fn factors_and_error<T: Real>(x: T) -> (T, T, T) {
    let (k, q) = reduce(x);
    let first = k.mul_add(T::HALF, T::ROUND) - T::ROUND;
    let scale = T::pow2(first);
    let w = q.mul_add(scale, scale);
    (w, q.mul_add(scale, scale - w), T::pow2(k - first))
}

/// e^x; its derivative is itself.
#[derive(Clone, Copy)]
pub(crate) struct Exp;

impl<T: Real> Family<T> for Exp {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let above = if x > -T::EXP_RANGE { x } else { -T::EXP_RANGE };
        let inside = if above < T::EXP_OVERFLOW { above } else { T::EXP_OVERFLOW };
        let (a, b) = factors(inside);
        keep_nan(x, a * b)
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let y = self.value(x);
        (y, y)
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
