//! The operations that the approximations are written in, for `f32` and `f64`.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `f32` or `f64`. Sealed: the accuracy statements hold for these two only.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + sealed::Constants
    + 'static
{
}

impl Real for f32 {}
impl Real for f64 {}

pub(crate) mod sealed {
    /// Constants and bit operations of one floating-point type.
    pub trait Constants: Copy {
        const ZERO: Self;
        const HALF: Self;
        const ONE: Self;
        const TWO: Self;
        const INFINITY: Self;
        const LOG2_E: Self;
        /// Leading bits of ln 2; a multiple of every exponent is exact (fdlibm, `e_exp.c` and `e_expf.c`).
        const LN2_HI: Self;
        /// ln 2 minus [`Self::LN2_HI`].
        const LN2_LO: Self;
        /// Adding and subtracting 3·2^(mantissa bits - 1) rounds to the nearest integer.
        const ROUND: Self;
        /// Below -`EXP_RANGE`, x·eˣ rounds to zero.
        const EXP_RANGE: Self;
        /// From here on eˣ overflows.
        const EXP_OVERFLOW: Self;
        /// tanh of anything larger rounds to one.
        const TANH_RANGE: Self;
        fn mul_add(self, a: Self, b: Self) -> Self;
        fn abs(self) -> Self;
        fn sqrt(self) -> Self;
        fn copysign(self, sign: Self) -> Self;
        fn is_nan(self) -> bool;
        /// 2^k for an integer k in the range of normal numbers.
        fn pow2(k: Self) -> Self;
        /// P(r) with e^r - 1 = r + r² P(r), for |r| ≤ ln 2 / 2.
        fn expm1_polynomial(r: Self) -> Self;
        /// 2√(2/π) as a sum of two, see `gelu_tanh.rs`.
        const GELU_TANH_FIRST: [Self; 2];
        /// 0.044715·2√(2/π) as a sum of two.
        const GELU_TANH_THIRD: [Self; 2];
        /// Below minus this, the tanh form of gelu rounds to zero.
        const GELU_TANH_RANGE: Self;
        /// P(z) of log(1 + z), see `softplus.rs`.
        fn log1p_polynomial(z: Self) -> Self;
        /// Whether the type is `f64`.
        const IS_DOUBLE: bool;
        /// P(z) of the error function, see `erf.rs`; evaluated in `f64` for both types, in fewer terms for `f32`.
        fn erf_polynomial(z: f64) -> f64;
        /// P(t) of the normal tail, see `normal.rs`; evaluated in `f64` for both types, in fewer terms for `f32`.
        fn tail_polynomial(t: f64) -> f64;
        /// Largest argument of the normal tail: beyond it x Q(x) rounds to zero.
        const TAIL_RANGE: f64;
        fn to_f64(self) -> f64;
        fn from_f64(x: f64) -> Self;
    }
}

/// The polynomial with the given coefficients, lowest order first, by Horner's rule in fused operations.
#[inline(always)]
pub(crate) fn horner<T: Real, const N: usize>(coefficients: &[T; N], x: T) -> T {
    let mut sum = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, coefficients[i]);
    }
    sum
}

macro_rules! constants {
    ($t:ty, $($body:item)*) => {
        impl sealed::Constants for $t {
            const ZERO: Self = 0.0;
            const HALF: Self = 0.5;
            const ONE: Self = 1.0;
            const TWO: Self = 2.0;
            const INFINITY: Self = <$t>::INFINITY;
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                <$t>::mul_add(self, a, b)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                <$t>::copysign(self, sign)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$t>::is_nan(self)
            }
            $($body)*
        }
    };
}

constants! { f64,
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const LN2_HI: Self = 6.931_471_803_691_238e-1;
    const LN2_LO: Self = 1.908_214_929_270_587_7e-10;
    const ROUND: Self = 6_755_399_441_055_744.0;
    const EXP_RANGE: Self = 760.0;
    const EXP_OVERFLOW: Self = 710.0;
    const TANH_RANGE: Self = 20.0;
    #[inline(always)]
    fn pow2(k: Self) -> Self {
        // 2^52 + 1023 + k has the biased exponent in its low bits.
        f64::from_bits((k + 4_503_599_627_371_519.0).to_bits() << 52)
    }
    #[inline(always)]
    fn expm1_polynomial(r: Self) -> Self {
        horner(&super::exp::EXPM1_F64, r)
    }
    const GELU_TANH_FIRST: [Self; 2] = [1.595_769_121_605_730_8, -9.969_308_809_110_92e-17];
    const GELU_TANH_THIRD: [Self; 2] = [7.135_481_627_260_025e-2, -6.175_149_918_155_315e-19];
    const GELU_TANH_RANGE: Self = 21.6;
    #[inline(always)]
    fn log1p_polynomial(z: Self) -> Self {
        horner(&super::softplus::LOG1P_F64, z)
    }
    const IS_DOUBLE: bool = true;
    #[inline(always)]
    fn erf_polynomial(z: f64) -> f64 {
        horner(&super::erf::ERF_F64, z)
    }
    const TAIL_RANGE: f64 = 39.0;
    #[inline(always)]
    fn tail_polynomial(t: f64) -> f64 {
        horner(&super::normal::TAIL_F64, t)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
}

constants! { f32,
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const LN2_HI: Self = 6.931_457_5e-1;
    const LN2_LO: Self = 1.428_606_8e-6;
    const ROUND: Self = 12_582_912.0;
    const EXP_RANGE: Self = 112.0;
    const EXP_OVERFLOW: Self = 89.0;
    const TANH_RANGE: Self = 10.0;
    #[inline(always)]
    fn pow2(k: Self) -> Self {
        // 2^23 + 127 + k has the biased exponent in its low bits.
        f32::from_bits((k + 8_388_735.0).to_bits() << 23)
    }
    #[inline(always)]
    fn expm1_polynomial(r: Self) -> Self {
        horner(&super::exp::EXPM1_F32, r)
    }
    const GELU_TANH_FIRST: [Self; 2] = [1.595_769_2, -4.534_068e-8];
    const GELU_TANH_THIRD: [Self; 2] = [7.135_481_4e-2, 2.398_832_5e-9];
    const GELU_TANH_RANGE: Self = 10.8;
    #[inline(always)]
    fn log1p_polynomial(z: Self) -> Self {
        horner(&super::softplus::LOG1P_F32, z)
    }
    const IS_DOUBLE: bool = false;
    #[inline(always)]
    fn erf_polynomial(z: f64) -> f64 {
        horner(&super::erf::ERF_F32, z)
    }
    const TAIL_RANGE: f64 = 15.0;
    #[inline(always)]
    fn tail_polynomial(t: f64) -> f64 {
        horner(&super::normal::TAIL_F32, t)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
}
