//! The tanh form of the Gaussian error linear unit, ½x(1 + tanh(√(2/π)(x + 0.044715x³)))
//! (D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016).
//!
//! Method: it is x/(1 + e^-v) with v = x (C₁ + C₂ x²), C₁ = 2√(2/π) and C₂ = 0.044715 C₁. As e^-v turns an absolute error of v
//! into a relative one, v is computed with its rounding error, which corrects the exponential (see `silu.rs` for the rest).

use super::exp::factors_and_error;
use super::real::Real;
use super::silu::{gated, gated_slope};
use super::{Family, keep_nan, sum_and_error};

/// a = |x| clamped to the range, e^-|v| as (w + low) s, and the derivative v'.
#[inline(always)]
fn decay<T: Real>(x: T) -> (T, (T, T, T), T) {
    let a = if x.abs() < T::GELU_TANH_RANGE { x.abs() } else { T::GELU_TANH_RANGE };
    let [first, first_low] = T::GELU_TANH_FIRST;
    let [third, third_low] = T::GELU_TANH_THIRD;
    let square = a * a;
    let square_low = a.mul_add(a, -square);
    let cubic = third * square;
    let cubic_low = third.mul_add(square, -cubic) + third.mul_add(square_low, third_low * square);
    let (factor, factor_low) = sum_and_error(first, cubic);
    let factor_low = factor_low + (cubic_low + first_low);
    let v = factor * a;
    let v_low = factor.mul_add(a, -v) + factor_low * a;
    let (w, low, s) = factors_and_error(-v);
    (a, (w, (-v_low).mul_add(w, low), s), factor + cubic + cubic)
}

/// x/(1 + e^-v); the derivative is saved. The value at -∞ is the limit -0.
#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

impl<T: Real> Family<T> for GeluTanh {
    #[inline(always)]
    fn value(self, x: T) -> T {
        let (a, factors, _) = decay(x);
        let y = gated(x, a, factors);
        keep_nan(x, if x > T::GELU_TANH_RANGE { x } else { y })
    }

    #[inline(always)]
    fn value_and_slope(self, x: T) -> (T, T) {
        let (a, factors, rate) = decay(x);
        let y = gated(x, a, factors);
        let slope = gated_slope(x, a, rate, factors.0 * factors.2);
        (keep_nan(x, if x > T::GELU_TANH_RANGE { x } else { y }), keep_nan(x, slope))
    }

    #[inline(always)]
    fn chain(self, saved: T, gradient: T) -> T {
        gradient * saved
    }
}
