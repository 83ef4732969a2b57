//! The tail of the normal distribution, Q(a) = 1 - Φ(a) for a ≥ 0.
//!
//! Method: the function Q(a) e^(a²/2) (a + 4) is smooth in t = (a - 4)/(a + 4) and is interpolated at Chebyshev nodes
//! (`fit/coefficients.py`). This is the substitution of N. Juffa's erfcx and of M. M. Shepherd and J. G. Laframboise,
//! "Chebyshev approximation of (1 + 2x) exp(x²) erfc x", Math. Comp. 36 (1981). e^(-a²/2) gets the rounding error of a² back
//! through a fused multiply-add.

use super::exp::{factors, factors_and_error};
use super::real::{Real, horner};
use super::{reciprocal, sum_and_error};

/// Where t is zero.
pub(crate) const K: f64 = 4.0;

/// P(t) on 0 ≤ a ≤ 39; relative error 2e-18.
pub(crate) const TAIL_F64: [f64; 25] = [
    7.552_851_304_157_515e-1,
    -6.078_966_419_718_921e-1,
    3.871_374_007_422_146_4e-1,
    -1.865_218_579_596_593_7e-1,
    6.039_657_489_093_021e-2,
    -7.540_188_966_659_892_5e-3,
    -3.479_692_367_252_080_7e-3,
    1.630_818_456_623_573_4e-3,
    1.333_443_107_426_556e-4,
    -2.310_949_275_146_249_7e-4,
    -1.908_246_736_207_169_8e-6,
    3.514_464_951_429_032e-5,
    7.166_136_531_522_344e-7,
    -5.920_063_789_109_943e-6,
    -6.295_418_937_455_188e-7,
    1.021_346_127_668_307_3e-6,
    2.715_064_876_688_306_5e-7,
    -1.547_220_083_448_872e-7,
    -8.504_053_459_156_654e-8,
    1.312_087_826_831_195_1e-8,
    1.934_655_833_076_747_4e-8,
    1.964_327_680_621_977e-9,
    -2.416_548_080_318_924_5e-9,
    -7.268_553_477_210_609e-10,
    -1.428_076_375_615_486_1e-11,
];

/// P(t) on 0 ≤ a ≤ 15; relative error 4e-10.
pub(crate) const TAIL_F32: [f64; 12] = [
    7.552_851_306_397_184e-1,
    -6.078_966_423_727_435e-1,
    3.871_373_728_703_209_6e-1,
    -1.865_218_469_496_480_2e-1,
    6.039_714_336_213_39e-2,
    -7.540_089_275_867_972e-3,
    -3.483_883_307_202_905_6e-3,
    1.628_302_148_183_387e-3,
    1.463_213_393_420_260_6e-4,
    -2.185_291_339_220_513_4e-4,
    -1.613_045_861_923_092_3e-5,
    1.476_027_071_530_926_2e-5,
];

/// What the first coefficient of [`TAIL_F64`] leaves out.
const TAIL_LOW: f64 = -2.262_709_276_538_914e-17;

/// Q(a) as f w s, with e^(-a²/2) = w s.
#[inline(always)]
pub(crate) fn tail<T: Real>(a: f64) -> (f64, f64, f64) {
    let inverse = 1.0 / (a + K);
    let t = (-2.0 * K).mul_add(inverse, 1.0);
    let square = a * a;
    let rest = a.mul_add(a, -square);
    let (w, s) = factors(-0.5 * square);
    (T::tail_polynomial(t) * inverse, (-0.5 * rest).mul_add(w, w), s)
}

/// a Q(a) as the product of the first and the last number, the first rounded about once, and f, w, s as [`tail`] gives them.
#[inline(always)]
pub(crate) fn tail_product(a: f64) -> (f64, (f64, f64, f64)) {
    let (d, e) = sum_and_error(a, K);
    let (inverse, correction) = reciprocal(d, e);
    // t = 1 - 2K/(a + 4) with its rounding error.
    let part = -2.0 * K * inverse;
    let (t, t_low) = sum_and_error(1.0, part);
    let t_low = part.mul_add(correction, t_low);
    // The polynomial with the rounding error of its last step; that of t counts times the derivative, roughly.
    let [first, rest @ ..] = &TAIL_F64;
    let rest = horner(rest, t);
    let p = rest.mul_add(t, *first);
    let derivative = horner(&[TAIL_F64[1], 2.0 * TAIL_F64[2], 3.0 * TAIL_F64[3], 4.0 * TAIL_F64[4], 5.0 * TAIL_F64[5]], t);
    let p_low = derivative.mul_add(t_low, rest.mul_add(t, first - p) + TAIL_LOW);
    let f = p * inverse;
    let f_low = p.mul_add(inverse, -f) + f.mul_add(correction, p_low * inverse);
    let square = a * a;
    let (w, w_low, s) = factors_and_error(-0.5 * square);
    let w_low = (-0.5 * a.mul_add(a, -square)).mul_add(w, w_low);
    let af = a * f;
    let af_low = a.mul_add(f, -af) + a * f_low;
    let product = af * w;
    (product + (af.mul_add(w, -product) + af.mul_add(w_low, af_low * w)), (f, w, s))
}
