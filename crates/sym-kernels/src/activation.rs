//! The names of the activation functions.

use std::fmt;
use sym_ir::Builtin;

/// An elementwise function that this crate computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function 1/(1 + e⁻ˣ).
    Sigmoid,
    /// The exponential function.
    Exp,
    /// max(x, 0).
    Relu,
    /// x for x ≥ 0, the given multiple of x below.
    LeakyRelu(f64),
    /// x/(1 + e⁻ˣ), also called swish.
    Silu,
    /// x Φ(x) with the normal distribution function Φ, the form with erf.
    Gelu,
    /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the form with tanh.
    GeluTanh,
    /// log(1 + eˣ).
    Softplus,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The error function.
    Erf,
    /// The natural logarithm: NaN below zero.
    Log,
    /// |x|.
    Abs,
    /// 1 for x > 0, else 0.
    Step,
    /// 1 for x ≥ 0, the given number below.
    LeakyStep(f64),
    /// -1 below zero, 0 at zero, 1 above.
    Sign,
}

impl Activation {
    /// All functions, in the order of their declaration, [`Activation::LeakyRelu`] and its derivative with the multiple 0.01.
    pub const ALL: [Self; 17] = [
        Self::Tanh,
        Self::Sigmoid,
        Self::Exp,
        Self::Relu,
        Self::LeakyRelu(0.01),
        Self::Silu,
        Self::Gelu,
        Self::GeluTanh,
        Self::Softplus,
        Self::Sin,
        Self::Cos,
        Self::Erf,
        Self::Log,
        Self::Abs,
        Self::Step,
        Self::LeakyStep(0.01),
        Self::Sign,
    ];

    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Exp => "exp",
            Self::Relu => "relu",
            Self::LeakyRelu(_) => "leaky_relu",
            Self::Silu => "silu",
            Self::Gelu => "gelu",
            Self::GeluTanh => "gelu_tanh",
            Self::Softplus => "softplus",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Erf => "erf",
            Self::Log => "log",
            Self::Abs => "abs",
            Self::Step => "step",
            Self::LeakyStep(_) => "leaky_step",
            Self::Sign => "sign",
        }
    }

    /// Whether the derivative is a function of the value: then the value is what is saved for the backward pass.
    /// Otherwise it is the derivative itself.
    pub fn saves_value(self) -> bool {
        match self {
            Self::Tanh | Self::Sigmoid | Self::Exp | Self::Relu | Self::Step | Self::LeakyStep(_) | Self::Sign => true,
            Self::LeakyRelu(_)
            | Self::Silu
            | Self::Gelu
            | Self::GeluTanh
            | Self::Softplus
            | Self::Sin
            | Self::Cos
            | Self::Erf
            | Self::Log
            | Self::Abs => false,
        }
    }
}

impl From<Builtin> for Activation {
    fn from(builtin: Builtin) -> Self {
        match builtin {
            Builtin::Relu => Self::Relu,
            Builtin::LeakyRelu(slope) => Self::LeakyRelu(slope),
            Builtin::Abs => Self::Abs,
            Builtin::Tanh => Self::Tanh,
            Builtin::Sigmoid => Self::Sigmoid,
            Builtin::Silu => Self::Silu,
            Builtin::Gelu => Self::Gelu,
            Builtin::GeluTanh => Self::GeluTanh,
            Builtin::Softplus => Self::Softplus,
            Builtin::Exp => Self::Exp,
            Builtin::Log => Self::Log,
            Builtin::Sin => Self::Sin,
            Builtin::Cos => Self::Cos,
            Builtin::Erf => Self::Erf,
            Builtin::Step => Self::Step,
            Builtin::LeakyStep(slope) => Self::LeakyStep(slope),
            Builtin::Sign => Self::Sign,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
