//! Adam (Kingma and Ba 2015) as PyTorch computes it: θ ← θ − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).

use super::Slots;
use burn::tensor::Tensor;

/// The name of m, the mean of gradients.
pub const FIRST: &str = "first_moment";
/// The name of v, the mean of squared gradients.
pub const SECOND: &str = "second_moment";

/// The rule at one step.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// t, from 1.
    pub step: u64,
}

impl Adam {
    /// The new value.
    pub fn update(self, value: Tensor<1>, gradient: Tensor<1>, slots: &mut Slots) -> Tensor<1> {
        let fresh_first = gradient.clone().mul_scalar(1.0 - self.beta1);
        let fresh_second = gradient.clone().mul(gradient).mul_scalar(1.0 - self.beta2);
        let (first, second) = match (slots.pop(), slots.pop()) {
            (Some((_, second)), Some((_, first))) => {
                (first.mul_scalar(self.beta1) + fresh_first, second.mul_scalar(self.beta2) + fresh_second)
            }
            _ => (fresh_first, fresh_second),
        };
        let step = self.step as f64;
        let rate = self.learning_rate / (1.0 - libm::pow(self.beta1, step));
        let denominator = denominator(&second, self.beta2, self.epsilon, self.step);
        let moved = value - (first.clone() / denominator).mul_scalar(rate);
        slots.push((FIRST, first));
        slots.push((SECOND, second));
        moved
    }
}

/// √v̂ + ε after a number of steps, at least one.
pub fn denominator(second: &Tensor<1>, beta2: f64, epsilon: f64, step: u64) -> Tensor<1> {
    let correction = libm::sqrt(1.0 - libm::pow(beta2, step as f64));
    second.clone().sqrt().mul_scalar(1.0 / correction).add_scalar(epsilon)
}
