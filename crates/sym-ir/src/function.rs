//! Elementwise functions as expressions of one variable.

/// An elementwise function: what `act: tanh` or `fn swish(x) = x * sigmoid(x)` names.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The name to show: `tanh`, `swish`, or the expression where it has none.
    pub name: String,
    /// Its definition.
    pub body: Scalar,
}

/// A scalar expression of one variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// The variable.
    Argument,
    /// A constant.
    Number(f64),
    /// Sum of the parts.
    Add(Vec<Scalar>),
    /// Product of the parts.
    Multiply(Vec<Scalar>),
    /// The part to a constant power; integer powers are defined for every sign, `x^-1` is the reciprocal.
    Power(Box<Scalar>, f64),
    /// A built-in function of the part.
    Call(Builtin, Box<Scalar>),
}

/// The built-in scalar functions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Builtin {
    /// max(x, 0)
    Relu,
    /// x for x ≥ 0, `slope`·x below.
    LeakyRelu(f64),
    /// |x|
    Abs,
    /// The hyperbolic tangent.
    Tanh,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// x·sigmoid(x), also called swish.
    Silu,
    /// x·Φ(x) with the normal distribution function.
    Gelu,
    /// The tanh approximation of gelu: ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
    GeluTanh,
    /// log(1 + eˣ)
    Softplus,
    /// eˣ
    Exp,
    /// Natural logarithm.
    Log,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// The error function.
    Erf,
    /// 1 for x > 0, else 0: the derivative of relu. Only derivatives use it and the two that follow.
    Step,
    /// 1 for x ≥ 0, `slope` below: the derivative of the leaky relu.
    LeakyStep(f64),
    /// −1 below 0, 0 at 0, 1 above: the derivative of |x|.
    Sign,
}

impl Builtin {
    /// Every builtin of the language under its name (`leaky_relu` with PyTorch's slope 0.01).
    pub const ALL: [(&'static str, Builtin); 14] = [
        ("relu", Builtin::Relu),
        ("leaky_relu", Builtin::LeakyRelu(0.01)),
        ("abs", Builtin::Abs),
        ("tanh", Builtin::Tanh),
        ("sigmoid", Builtin::Sigmoid),
        ("silu", Builtin::Silu),
        ("gelu", Builtin::Gelu),
        ("gelu_tanh", Builtin::GeluTanh),
        ("softplus", Builtin::Softplus),
        ("exp", Builtin::Exp),
        ("log", Builtin::Log),
        ("sin", Builtin::Sin),
        ("cos", Builtin::Cos),
        ("erf", Builtin::Erf),
    ];

    /// The name, which is that in the language where the language has it.
    pub fn name(self) -> &'static str {
        match self {
            Builtin::Relu => "relu",
            Builtin::LeakyRelu(_) => "leaky_relu",
            Builtin::Abs => "abs",
            Builtin::Tanh => "tanh",
            Builtin::Sigmoid => "sigmoid",
            Builtin::Silu => "silu",
            Builtin::Gelu => "gelu",
            Builtin::GeluTanh => "gelu_tanh",
            Builtin::Softplus => "softplus",
            Builtin::Exp => "exp",
            Builtin::Log => "log",
            Builtin::Sin => "sin",
            Builtin::Cos => "cos",
            Builtin::Erf => "erf",
            Builtin::Step => "step",
            Builtin::LeakyStep(_) => "leaky_step",
            Builtin::Sign => "sign",
        }
    }
}

impl Function {
    /// The function `builtin(x)`.
    pub fn builtin(builtin: Builtin) -> Self {
        let name = match builtin {
            Builtin::LeakyRelu(slope) | Builtin::LeakyStep(slope) => format!("{}(slope: {slope})", builtin.name()),
            other => other.name().to_string(),
        };
        Self { name, body: Scalar::Call(builtin, Box::new(Scalar::Argument)) }
    }

    /// The function `x^exponent`.
    pub fn power(exponent: f64) -> Self {
        Self { name: format!("x^{exponent}"), body: Scalar::Power(Box::new(Scalar::Argument), exponent) }
    }
}

impl Scalar {
    /// Its value at `x` in double precision: the definition that every backend must meet to rounding.
    pub fn evaluate(&self, x: f64) -> f64 {
        match self {
            Scalar::Argument => x,
            Scalar::Number(value) => *value,
            Scalar::Add(parts) => parts.iter().map(|part| part.evaluate(x)).sum(),
            Scalar::Multiply(parts) => parts.iter().map(|part| part.evaluate(x)).product(),
            Scalar::Power(base, exponent) => {
                let base = base.evaluate(x);
                if exponent.fract() == 0.0 && exponent.abs() < 64.0 { base.powi(*exponent as i32) } else { base.powf(*exponent) }
            }
            Scalar::Call(builtin, argument) => builtin.evaluate(argument.evaluate(x)),
        }
    }
}

impl Builtin {
    /// Its value at `x` in double precision.
    pub fn evaluate(self, x: f64) -> f64 {
        match self {
            Builtin::Relu => x.max(0.0),
            Builtin::LeakyRelu(slope) => {
                if x >= 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Builtin::Abs => x.abs(),
            Builtin::Tanh => x.tanh(),
            Builtin::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Builtin::Silu => x / (1.0 + (-x).exp()),
            Builtin::Gelu => 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2),
            Builtin::GeluTanh => 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
            Builtin::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Builtin::Exp => x.exp(),
            Builtin::Log => x.ln(),
            Builtin::Sin => x.sin(),
            Builtin::Cos => x.cos(),
            Builtin::Erf => libm::erf(x),
            Builtin::Step => f64::from(u8::from(x > 0.0)),
            Builtin::LeakyStep(slope) => {
                if x >= 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Builtin::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
        }
    }
}
