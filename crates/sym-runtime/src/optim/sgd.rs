//! Gradient descent with PyTorch's momentum: v ← μv + g, θ ← θ − ηv; Nesterov: θ ← θ − η(g + μv).

use super::Slots;
use burn::tensor::Tensor;

/// The name of v.
pub const MOMENTUM: &str = "momentum";

/// The new value.
pub fn update(value: Tensor<1>, gradient: Tensor<1>, rate: f64, momentum: f64, nesterov: bool, slots: &mut Slots) -> Tensor<1> {
    if momentum == 0.0 {
        return value - gradient.mul_scalar(rate);
    }
    let velocity = match slots.pop() {
        Some((_, velocity)) => velocity.mul_scalar(momentum) + gradient.clone(),
        None => gradient.clone(),
    };
    let direction = if nesterov { gradient + velocity.clone().mul_scalar(momentum) } else { velocity.clone() };
    slots.push((MOMENTUM, velocity));
    value - direction.mul_scalar(rate)
}
