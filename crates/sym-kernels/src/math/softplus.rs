//! The softplus log(1 + e^x).
//!
//! Method: with z = e^-|x| ≤ 1 it is max(x, 0) + log(1 + z). With s = z/(2 + z) ≤ 1/3, log(1 + z) = 2 s + s³ P(s²), and the rounding
//! errors of z and of the quotient enter the last sum, so that small values keep their relative accuracy. P interpolates
//! (2 artanh s - 2 s)/s³ at Chebyshev nodes (`fit/coefficients.py`).

use super::real::Real;
use super::sigmoid::decay;
use super::{Family, keep_nan, reciprocal, sum_and_error};

/// P with log((1 + s)/(1 - s)) = 2 s + s³ P(s²) for s ≤ 1/3; relative error of the logarithm: 5e-18.
pub(crate) const LOG1P_F64: [f64; 10] = [
    6.666_666_666_666_666e-1,
    4.000_000_000_001_458_5e-1,
    2.857_142_856_710_876e-1,
    2.222_222_271_742_786_4e-1,
    1.818_178_943_613_285_9e-1,
    1.538_557_006_495_862_3e-1,
    1.331_414_420_965_493_5e-1,
    1.200_107_280_959_071_3e-1,
    8.800_738_486_144_674e-2,
    1.616_404_561_194_353e-1,
];

/// The same; relative error 4e-10.
pub(crate) const LOG1P_F32: [f32; 5] = [6.666_667e-1, 3.999_970_6e-1, 2.859_235_7e-1, 2.170_657_5e-1, 2.322_432_8e-1];

/// log(1 + e^x); the derivative 1/(1 + e^-x) is saved.
#[derive(Clone, Copy)]
pub(crate) struct Softplus;

#[inline(always)]
fn value<T: Real>(x: T, (w, low, s): (T, T, T)) -> T {
    let z = w * s;
    let (d, e) = sum_and_error(T::TWO, z);
    let (inverse, correction) = reciprocal(d, e);
    let quotient = z * inverse;
    let square = quotient * quotient;
    let relative = T::HALF * square * T::log1p_polynomial(square);
    // 2 s without the factor that may underflow.
    let twice = w + w;
    let lead = twice * inverse;
    let rest = twice.mul_add(inverse, -lead) + lead.mul_add(correction, (low + low) * inverse);
    let logarithm = (lead + lead.mul_add(relative, rest)) * s;
    if x < T::ZERO { logarithm } else { x + logarithm }
}

impl<T: Real> Family<T> for Softplus {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let (_, factors) = decay(x);
        keep_nan(x, value(x, factors))
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let (_, factors) = decay(x);
        let z = factors.0 * factors.2;
        let above = if x < T::ZERO { z } else { T::ONE };
        (keep_nan(x, value(x, factors)), keep_nan(x, above / (T::ONE + z)))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
