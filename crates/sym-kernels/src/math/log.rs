//! The natural logarithm.
//!
//! Method: x = 2^k m with m in [√½, √2), and with f = m - 1, s = f/(2 + f) and z = s², log m = f - f²/2 + s (f²/2 + z P(z))
//! (fdlibm, `e_log.c`). P interpolates (2 artanh s - 2 s)/s³ at Chebyshev nodes (`fit/coefficients.py`). `f32` is computed in `f64`.

use super::real::sealed::Constants;
use super::real::{Real, horner};
use super::{Family, keep_nan};

/// P with log((1 + s)/(1 - s)) = 2 s + s³ P(s²); relative error of the logarithm: 5e-18.
const LOG: [f64; 7] = [
    6.666_666_666_666_67e-1,
    3.999_999_999_989_889e-1,
    2.857_142_862_625_383_6e-1,
    2.222_221_108_937_949_6e-1,
    1.818_289_243_253_687e-1,
    1.533_161_172_205_500_8e-1,
    1.461_780_715_341_732_5e-1,
];

/// The bits of √½.
const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// 1024 as an exponent field.
const BASE: u64 = 1024 << 52;

/// What the exponent of the smallest normal number lies above that of the smallest number, and a little more.
const SUBNORMAL_SHIFT: f64 = 54.0;

#[inline(always)]
fn log(x: f64) -> f64 {
    let small = x < f64::MIN_POSITIVE;
    let scaled = if small { x * 18_014_398_509_481_984.0 } else { x };
    // Bits that count from √½, so that the exponent field is 1024 + k.
    let bits = scaled.to_bits();
    let above = bits.wrapping_add(BASE - ROOT_HALF);
    let m = f64::from_bits(bits.wrapping_sub((above & (0xfff << 52)).wrapping_sub(BASE)));
    // 2^52 + 1024 + k has the exponent field in its low bits.
    let k = f64::from_bits((1075 << 52) | (above >> 52)) - 4_503_599_627_371_520.0;
    let k = if small { k - SUBNORMAL_SHIFT } else { k };
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half = 0.5 * f * f;
    let low = s.mul_add(z.mul_add(horner(&LOG, z), half), k * f64::LN2_LO);
    k.mul_add(f64::LN2_HI, f - (half - low))
}

/// log x: -∞ at zero and NaN below; the derivative 1/x is saved.
#[derive(Clone, Copy)]
pub(crate) struct Log;

impl<T: Real> Family<T> for Log {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let wide = x.to_f64();
        let y = if wide < f64::INFINITY { log(wide) } else { wide };
        let y = if wide == 0.0 { f64::NEG_INFINITY } else { y };
        let y = if wide < 0.0 { f64::NAN } else { y };
        keep_nan(x, T::from_f64(y))
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        (self.value(x), keep_nan(x, T::ONE / x))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
