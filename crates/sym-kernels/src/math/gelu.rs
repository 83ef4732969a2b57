//! The Gaussian error linear unit x Φ(x), with Φ the normal distribution function (the form with erf).
//!
//! Method: with a = |x| and the normal tail Q (`normal.rs`), it is -a Q(a) below zero, where no cancellation occurs and the rounding
//! errors of the factors enter the last sum, so that small tails keep full relative accuracy, and x - a Q(a) above. `f32` is
//! computed in `f64` without those errors and with a shorter polynomial.

use super::normal::{tail, tail_product};
use super::real::Real;
use super::{Family, keep_nan};

/// 1/√(2π).
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// |x| clamped to the range of the tail.
#[inline(always)]
fn clamped<T: Real>(x: f64) -> f64 {
    if x.abs() < T::TAIL_RANGE { x.abs() } else { T::TAIL_RANGE }
}

/// x Φ(x), and Q(|x|) as f w s with e^(-x²/2) = w s.
#[inline(always)]
fn value<T: Real>(x: f64, a: f64) -> (f64, (f64, f64, f64)) {
    let (product, (f, w, s)) = if T::IS_DOUBLE {
        tail_product(a)
    } else {
        let (f, w, s) = tail::<T>(a);
        (a * f * w, (f, w, s))
    };
    let product = product * s;
    (if x < 0.0 { -product } else { x - product }, (f, w, s))
}

/// x Φ(x); the derivative Φ(x) + x φ(x) is saved.
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl<T: Real> Family<T> for Gelu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let wide = x.to_f64();
        keep_nan(x, T::from_f64(value::<T>(wide, clamped::<T>(wide)).0))
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let wide = x.to_f64();
        let a = clamped::<T>(wide);
        let (y, (f, w, s)) = value::<T>(wide, a);
        let q = f * w * s;
        let distribution = if wide < 0.0 { q } else { 1.0 - q };
        let slope = a.copysign(wide).mul_add(DENSITY_AT_ZERO * (w * s), distribution);
        (keep_nan(x, T::from_f64(y)), keep_nan(x, T::from_f64(slope)))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
