//! The error function.
//!
//! Method: with a = |x|, erf a = a + a P(a²) up to one, with P at Chebyshev nodes (`fit/coefficients.py`), and 1 - 2 Q(√2 a) with
//! the normal tail Q (`normal.rs`) above, where the tail is at most 0.16. `f32` is computed in `f64` with shorter polynomials.

use super::exp::factors;
use super::normal::K;
use super::real::Real;
use super::{Family, keep_nan};

/// P with erf a = a + a P(a²) for a ≤ 1; relative error of erf: 2e-18.
pub(crate) const ERF_F64: [f64; 12] = [
    1.283_791_670_955_125_6e-1,
    -3.761_263_890_318_354e-1,
    1.128_379_167_094_500_6e-1,
    -2.686_617_064_323_777e-2,
    5.223_977_607_116_422_5e-3,
    -8.548_325_975_389_692e-4,
    1.205_529_490_483_970_7e-4,
    -1.492_473_690_741_966e-5,
    1.644_742_470_331_736_2e-6,
    -1.620_848_380_187_170_5e-7,
    1.372_006_454_677_768_6e-8,
    -7.795_898_827_002_142e-10,
];

/// The same; relative error 4e-11.
pub(crate) const ERF_F32: [f64; 8] = [
    1.283_791_670_615_434_3e-1,
    -3.761_263_846_802_871e-1,
    1.128_378_249_523_684_5e-1,
    -2.686_543_072_767_024_3e-2,
    5.221_031_807_858_023e-3,
    -8.484_080_405_535_107e-4,
    1.126_595_902_560_660_9e-4,
    -9.667_044_571_486_996e-6,
];

/// erf x; the derivative 2/√π e^(-x²) is saved.
#[derive(Clone, Copy)]
pub(crate) struct Erf;

/// erf |x|, and e^(-x²).
#[inline(always)]
fn erf<T: Real>(x: f64) -> (f64, f64) {
    let range = T::TAIL_RANGE * std::f64::consts::FRAC_1_SQRT_2;
    let a = if x.abs() < range { x.abs() } else { range };
    let square = a * a;
    let near = a.mul_add(T::erf_polynomial(square), a);
    let (w, s) = factors(-square);
    let density = (-a.mul_add(a, -square)).mul_add(w, w) * s;
    let inverse = 1.0 / a.mul_add(std::f64::consts::SQRT_2, K);
    let t = (-2.0 * K).mul_add(inverse, 1.0);
    let far = (-2.0 * (T::tail_polynomial(t) * inverse)).mul_add(density, 1.0);
    (if a < 1.0 { near } else { far }, density)
}

impl<T: Real> Family<T> for Erf {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let wide = x.to_f64();
        keep_nan(x, T::from_f64(erf::<T>(wide).0.copysign(wide)))
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let wide = x.to_f64();
        let (y, density) = erf::<T>(wide);
        (keep_nan(x, T::from_f64(y.copysign(wide))), keep_nan(x, T::from_f64(std::f64::consts::FRAC_2_SQRT_PI * density)))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
