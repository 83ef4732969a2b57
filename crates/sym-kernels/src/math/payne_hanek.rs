//! Exact reduction of large arguments modulo π/2.
//!
//! Source: M. H. Payne and R. N. Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18 (1983). Of the
//! binary expansion of 2/π only 192 bits matter: earlier ones contribute multiples of 2π, later ones less than 2^-137.

use super::trig::HALF_PI;

/// 2/π in binary, after the point, 64 bits to a word, most significant first (`fit/coefficients.py`). The leading zero
/// word lets the window start before the point.
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
];

/// k modulo 4 and r with x = k π/2 + r and |r| ≤ π/4, for finite x ≥ 10⁵.
pub(crate) fn reduce(x: f64) -> (u64, f64) {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i64 - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    // x = mantissa 2^exponent. Bit i after the point of 2/π has weight mantissa 2^(exponent - i): a multiple of 4 turns,
    // hence without effect, for i ≤ exponent - 2. With the zero word in front, bit i is at position i + 63.
    let position = (exponent - 1 + 63) as usize;
    let (word, shift) = (position / 64, position % 64);
    let window = |i: usize| {
        let high = TWO_OVER_PI[word + i] << shift;
        if shift == 0 { high } else { high | (TWO_OVER_PI[word + i + 1] >> (64 - shift)) }
    };
    // The low 192 bits of mantissa times window, in units of 2^-190 quarter turns.
    let product = |i: usize| u128::from(mantissa) * u128::from(window(i));
    let low = product(2);
    let middle = product(1) + (low >> 64);
    let high = mantissa.wrapping_mul(window(0)).wrapping_add((middle >> 64) as u64);
    let top = (u128::from(high) << 64) | (middle & u128::from(u64::MAX));
    // Two bits of quadrant, then the fraction, as a signed number in [-1/2, 1/2) in units of 2^-128.
    let quadrant = (top >> 126) as u64;
    let fraction = ((top << 2) | u128::from((low as u64) >> 62)) as i128;
    let k = quadrant.wrapping_add(u64::from(fraction < 0)) & 3;
    let unit = f64::from_bits((1023 - 128) << 52);
    let lead = fraction as f64;
    let rest = fraction.wrapping_sub(lead as i128) as f64;
    let (lead, rest) = (lead * unit, rest * unit);
    let r = lead * HALF_PI[0];
    let error = lead.mul_add(HALF_PI[0], -r);
    (k, r + lead.mul_add(HALF_PI[1], rest.mul_add(HALF_PI[0], error)))
}
