//! A number with its derivatives along N directions at once, and elementwise functions of it.

use std::ops::{Add, Mul};
use sym_ir::{Builtin, Scalar};

/// A number with its derivatives along N directions.
#[derive(Debug, Clone, Copy)]
pub struct Jet<const N: usize> {
    pub value: f64,
    pub slopes: [f64; N],
}

impl<const N: usize> Jet<N> {
    pub fn constant(value: f64) -> Self {
        Self { value, slopes: [0.0; N] }
    }

    /// `factor` times the number.
    pub fn scaled(self, factor: f64) -> Self {
        self.chain(factor * self.value, factor)
    }

    /// A function of the number, by its value and its derivative there.
    pub fn chain(self, value: f64, slope: f64) -> Self {
        Self { value, slopes: self.slopes.map(|own| slope * own) }
    }

    /// The number to a power.
    pub fn power(self, exponent: f64) -> Self {
        self.chain(self.value.powf(exponent), exponent * self.value.powf(exponent - 1.0))
    }
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self.value += other.value;
        self.slopes.iter_mut().zip(other.slopes).for_each(|(own, other)| *own += other);
        self
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::add(self.chain(self.value * other.value, other.value), other.chain(0.0, self.value))
    }
}

/// An elementwise function.
pub fn scalar<const N: usize>(body: &Scalar, x: Jet<N>) -> Jet<N> {
    match body {
        Scalar::Argument => x,
        Scalar::Number(value) => Jet::constant(*value),
        Scalar::Add(parts) => parts.iter().map(|part| scalar(part, x)).fold(Jet::constant(0.0), Jet::add),
        Scalar::Multiply(parts) => parts.iter().map(|part| scalar(part, x)).fold(Jet::constant(1.0), Jet::mul),
        Scalar::Power(base, exponent) => scalar(base, x).power(*exponent),
        Scalar::Call(builtin, argument) => {
            let inner = scalar(argument, x);
            inner.chain(builtin.evaluate(inner.value), slope(*builtin, inner.value))
        }
    }
}

/// The derivative of a builtin function.
fn slope(builtin: Builtin, z: f64) -> f64 {
    let value = builtin.evaluate(z);
    let sigmoid = Builtin::Sigmoid.evaluate(z);
    let bell = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    match builtin {
        Builtin::Relu => f64::from(z > 0.0),
        Builtin::LeakyRelu(slope) => {
            if z >= 0.0 {
                1.0
            } else {
                slope
            }
        }
        Builtin::Abs => z.signum(),
        Builtin::Tanh => 1.0 - value * value,
        Builtin::Sigmoid => sigmoid * (1.0 - sigmoid),
        Builtin::Silu => sigmoid + z * sigmoid * (1.0 - sigmoid),
        Builtin::Gelu => 0.5 * (1.0 + Builtin::Erf.evaluate(z * std::f64::consts::FRAC_1_SQRT_2)) + z * bell,
        Builtin::GeluTanh => {
            let c = (2.0 / std::f64::consts::PI).sqrt();
            let t = (c * (z + 0.044_715 * z * z * z)).tanh();
            0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * c * (1.0 + 3.0 * 0.044_715 * z * z)
        }
        Builtin::Softplus => sigmoid,
        Builtin::Exp => value,
        Builtin::Log => 1.0 / z,
        Builtin::Sin => z.cos(),
        Builtin::Cos => -z.sin(),
        Builtin::Erf => 2.0 / std::f64::consts::PI.sqrt() * (-z * z).exp(),
        Builtin::Step | Builtin::LeakyStep(_) | Builtin::Sign => 0.0,
    }
}
