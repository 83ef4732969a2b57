//! The kernels of the built-in functions.

use sym_ir::Builtin;
use sym_kernels::Activation;

/// The kernel of a builtin.
pub(crate) fn kernel(builtin: Builtin) -> Activation {
    match builtin {
        Builtin::Relu => Activation::Relu,
        Builtin::LeakyRelu(slope) => Activation::LeakyRelu(slope),
        Builtin::Abs => Activation::Abs,
        Builtin::Tanh => Activation::Tanh,
        Builtin::Sigmoid => Activation::Sigmoid,
        Builtin::Silu => Activation::Silu,
        Builtin::Gelu => Activation::Gelu,
        Builtin::GeluTanh => Activation::GeluTanh,
        Builtin::Softplus => Activation::Softplus,
        Builtin::Exp => Activation::Exp,
        Builtin::Log => Activation::Log,
        Builtin::Sin => Activation::Sin,
        Builtin::Cos => Activation::Cos,
        Builtin::Erf => Activation::Erf,
        Builtin::Step => Activation::Step,
        Builtin::LeakyStep(slope) => Activation::LeakyStep(slope),
        Builtin::Sign => Activation::Sign,
    }
}
