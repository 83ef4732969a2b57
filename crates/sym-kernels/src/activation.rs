//! The names of the activation functions.

use std::fmt;

/// An elementwise function that this crate computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function 1/(1 + e⁻ˣ).
    Sigmoid,
    /// The exponential function.
    Exp,
    /// max(x, 0).
    Relu,
    /// x/(1 + e⁻ˣ), also called swish.
    Silu,
    /// x Φ(x) with the normal distribution function Φ, the form with erf.
    Gelu,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
}

impl Activation {
    /// All functions, in the order of their declaration.
    pub const ALL: [Self; 8] = [Self::Tanh, Self::Sigmoid, Self::Exp, Self::Relu, Self::Silu, Self::Gelu, Self::Sin, Self::Cos];

    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Exp => "exp",
            Self::Relu => "relu",
            Self::Silu => "silu",
            Self::Gelu => "gelu",
            Self::Sin => "sin",
            Self::Cos => "cos",
        }
    }

    /// Whether the derivative is a function of the value: then the value is what is saved for the backward pass.
    /// Otherwise it is the derivative itself.
    pub fn saves_value(self) -> bool {
        match self {
            Self::Tanh | Self::Sigmoid | Self::Exp | Self::Relu => true,
            Self::Silu | Self::Gelu | Self::Sin | Self::Cos => false,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
