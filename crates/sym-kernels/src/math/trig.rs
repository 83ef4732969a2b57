//! Sine and cosine.
//!
//! Method: x = k π/2 + r with |r| ≤ π/4. Up to |x| = 10⁵ the reduction subtracts k times three doubles that sum to π/2 in fused
//! operations (Cody and Waite); larger arguments are reduced exactly, one at a time (`payne_hanek.rs`). Both polynomials
//! are evaluated and the quadrant selects. They interpolate at Chebyshev nodes (`fit/coefficients.py`). `f32` is computed in `f64`.

use super::payne_hanek;
use super::real::{Real, horner};
use super::{Family, keep_nan};

/// Largest |x| for the three-part reduction.
const LIMIT: f64 = 1e5;

/// π/2 as a sum of three doubles.
pub(crate) const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// 3·2^51: adding it leaves the nearest integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// S with sin r = r + r³ S(r²); relative error 1.3e-17.
const SIN: [f64; 6] = [
    -1.666_666_666_666_666_6e-1,
    8.333_333_333_330_925e-3,
    -1.984_126_983_672_241_8e-4,
    2.755_731_608_381_636e-6,
    -2.505_112_794_401_418_8e-8,
    1.591_784_852_480_826_2e-10,
];

/// C with cos r = 1 - r²/2 + r⁴ C(r²); absolute error 5e-19.
const COS: [f64; 6] = [
    4.166_666_666_666_666_4e-2,
    -1.388_888_888_888_738_2e-3,
    2.480_158_729_874_307e-5,
    -2.755_731_726_000_883_7e-7,
    2.087_614_382_799_313_3e-9,
    -1.138_245_677_806_130_6e-11,
];

/// Sine and cosine of k π/2 + r; only the two low bits of k matter.
#[inline(always)]
fn sin_cos_quadrant(k: u64, r: f64) -> (f64, f64) {
    let z = r * r;
    let odd = (z * r).mul_add(horner(&SIN, z), r);
    // 1 - z/2 loses low bits, which the second line recovers (fdlibm, `k_cos.c`).
    let half = 0.5 * z;
    let top = 1.0 - half;
    let even = top + (z * z).mul_add(horner(&COS, z), (1.0 - top) - half);
    let swap = k & 1 != 0;
    let (sin, cos) = if swap { (even, odd) } else { (odd, even) };
    let sin = if k & 2 != 0 { -sin } else { sin };
    let cos = if k.wrapping_add(1) & 2 != 0 { -cos } else { cos };
    (sin, cos)
}

/// Sine and cosine for |x| ≤ [`LIMIT`].
#[inline(always)]
fn sin_cos(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, ROUND);
    let k = shifted - ROUND;
    let r = (-k).mul_add(HALF_PI[0], x);
    let r = (-k).mul_add(HALF_PI[1], r);
    let r = (-k).mul_add(HALF_PI[2], r);
    let (sin, cos) = sin_cos_quadrant(shifted.to_bits(), r);
    // The sum of two zeros would lose the sign of -0.
    (if x == 0.0 { x } else { sin }, cos)
}

/// Sine and cosine for any argument, with the bits of [`sin_cos`] where that applies; NaN for infinities.
fn sin_cos_any(x: f64) -> (f64, f64) {
    if x.abs() <= LIMIT {
        sin_cos(x)
    } else if x.is_finite() {
        let (k, r) = payne_hanek::reduce(x.abs());
        let (sin, cos) = sin_cos_quadrant(k, r);
        (if x < 0.0 { -sin } else { sin }, cos)
    } else {
        (f64::NAN, f64::NAN)
    }
}

/// sin x; the derivative cos x is saved.
#[derive(Clone, Copy)]
pub(crate) struct Sin;

/// cos x; the derivative -sin x is saved.
#[derive(Clone, Copy)]
pub(crate) struct Cos;

macro_rules! family {
    ($name:ident, |$sin:ident, $cos:ident| $value:expr, $slope:expr) => {
        impl<T: Real> Family<T> for $name {
            const HAS_IRREGULAR: bool = true;

            #[inline(always)]
            fn irregular(self, x: T) -> bool {
                let size = x.to_f64().abs();
                (size > LIMIT) | size.is_nan()
            }

            #[inline(always)]
            fn irregular_value_and_slope(self, x: T) -> (T, T) {
                let ($sin, $cos) = sin_cos_any(x.to_f64());
                (keep_nan(x, T::from_f64($value)), keep_nan(x, T::from_f64($slope)))
            }

            #[inline(always)]
            fn value(self, x: T) -> T {
                #[expect(unused_variables, reason = "each function needs one of the two")]
                let ($sin, $cos) = sin_cos(x.to_f64());
                T::from_f64($value)
            }

            #[inline(always)]
            fn value_and_slope(self, x: T) -> (T, T) {
                let ($sin, $cos) = sin_cos(x.to_f64());
                (T::from_f64($value), T::from_f64($slope))
            }

            #[inline(always)]
            fn chain(self, saved: T, gradient: T) -> T {
                gradient * saved
            }
        }
    };
}

family!(Sin, |sin, cos| sin, cos);
family!(Cos, |sin, cos| cos, -sin);
