//! Derivatives of scalar expressions.

use sym_ir::{Builtin, Scalar};

/// The derivative of a function, in the form that is cheapest to have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Derivative {
    /// The same everywhere.
    Constant(f64),
    /// The result itself.
    Result,
    /// A function of the result.
    OfResult(Scalar),
    /// A function of the argument.
    OfArgument(Scalar),
}

/// The derivative of a function of one variable.
pub(crate) fn derivative(body: &Scalar) -> Derivative {
    let result = || Scalar::Argument;
    if let Scalar::Call(builtin, argument) = body
        && **argument == Scalar::Argument
    {
        match builtin {
            Builtin::Exp => return Derivative::Result,
            Builtin::Tanh => {
                return Derivative::OfResult(sum(vec![number(1.0), product(vec![number(-1.0), power(result(), 2.0)])]));
            }
            Builtin::Sigmoid => {
                return Derivative::OfResult(product(vec![
                    result(),
                    sum(vec![number(1.0), product(vec![number(-1.0), result()])]),
                ]));
            }
            _ => {}
        }
    }
    match slope(body) {
        Scalar::Number(slope) => Derivative::Constant(slope),
        slope => Derivative::OfArgument(slope),
    }
}

fn number(value: f64) -> Scalar {
    Scalar::Number(value)
}

/// The sum with its constants joined.
fn sum(parts: Vec<Scalar>) -> Scalar {
    let mut constant = 0.0;
    let mut rest = Vec::new();
    for part in parts {
        match part {
            Scalar::Number(value) => constant += value,
            part => rest.push(part),
        }
    }
    if constant != 0.0 || rest.is_empty() {
        rest.insert(0, number(constant));
    }
    if rest.len() == 1 { rest.remove(0) } else { Scalar::Add(rest) }
}

/// The product with its constants joined; zero absorbs the rest.
fn product(parts: Vec<Scalar>) -> Scalar {
    let mut constant = 1.0;
    let mut rest = Vec::new();
    for part in parts {
        match part {
            Scalar::Number(value) => constant *= value,
            Scalar::Multiply(inner) => inner.into_iter().for_each(|part| match part {
                Scalar::Number(value) => constant *= value,
                part => rest.push(part),
            }),
            part => rest.push(part),
        }
    }
    if constant == 0.0 {
        return number(0.0);
    }
    if constant != 1.0 || rest.is_empty() {
        rest.insert(0, number(constant));
    }
    if rest.len() == 1 { rest.remove(0) } else { Scalar::Multiply(rest) }
}

fn power(base: Scalar, exponent: f64) -> Scalar {
    if exponent == 0.0 {
        number(1.0)
    } else if exponent == 1.0 {
        base
    } else {
        Scalar::Power(Box::new(base), exponent)
    }
}

fn call(builtin: Builtin, argument: Scalar) -> Scalar {
    Scalar::Call(builtin, Box::new(argument))
}

/// The derivative as a function of the variable.
fn slope(body: &Scalar) -> Scalar {
    match body {
        Scalar::Argument => number(1.0),
        Scalar::Number(_) => number(0.0),
        Scalar::Add(parts) => sum(parts.iter().map(slope).collect()),
        Scalar::Multiply(parts) => {
            let one = |at: usize| {
                let others = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| part.clone());
                product(others.chain([slope(&parts[at])]).collect())
            };
            sum((0..parts.len()).map(one).collect())
        }
        Scalar::Power(base, exponent) => product(vec![number(*exponent), power((**base).clone(), exponent - 1.0), slope(base)]),
        Scalar::Call(builtin, argument) => match slope(argument) {
            Scalar::Number(0.0) => number(0.0),
            inner => product(vec![builtin_slope(*builtin, (**argument).clone()), inner]),
        },
    }
}

/// The derivative of a builtin function at `x`; at kinks that of the side on which its definition holds.
fn builtin_slope(builtin: Builtin, x: Scalar) -> Scalar {
    let less = |part: Scalar| sum(vec![number(1.0), product(vec![number(-1.0), part])]);
    match builtin {
        Builtin::Relu => call(Builtin::Step, x),
        Builtin::LeakyRelu(slope) => call(Builtin::LeakyStep(slope), x),
        Builtin::Abs => call(Builtin::Sign, x),
        Builtin::Tanh => less(power(call(Builtin::Tanh, x), 2.0)),
        Builtin::Sigmoid | Builtin::Silu | Builtin::Softplus => {
            let sigmoid = call(Builtin::Sigmoid, x.clone());
            match builtin {
                Builtin::Sigmoid => product(vec![sigmoid.clone(), less(sigmoid)]),
                // s (1 + x (1 − s))
                Builtin::Silu => product(vec![sigmoid.clone(), sum(vec![number(1.0), product(vec![x, less(sigmoid)])])]),
                _ => sigmoid,
            }
        }
        // Φ(x) + x φ(x) for the normal distribution.
        Builtin::Gelu => {
            let scaled = product(vec![number(std::f64::consts::FRAC_1_SQRT_2), x.clone()]);
            let below = product(vec![number(0.5), sum(vec![number(1.0), call(Builtin::Erf, scaled)])]);
            let bell = call(Builtin::Exp, product(vec![number(-0.5), power(x.clone(), 2.0)]));
            sum(vec![below, product(vec![number(1.0 / (2.0 * std::f64::consts::PI).sqrt()), x, bell])])
        }
        // ½ (1 + t) + ½ x (1 − t²) u′ for t = tanh(u), u = √(2/π) (x + 0.044715 x³).
        Builtin::GeluTanh => {
            let scale = (2.0 / std::f64::consts::PI).sqrt();
            let cubic = sum(vec![x.clone(), product(vec![number(0.044_715), power(x.clone(), 3.0)])]);
            let tanh = call(Builtin::Tanh, product(vec![number(scale), cubic]));
            let inner = sum(vec![number(1.0), product(vec![number(3.0 * 0.044_715), power(x.clone(), 2.0)])]);
            let flank = product(vec![number(0.5 * scale), x, less(power(tanh.clone(), 2.0)), inner]);
            sum(vec![number(0.5), product(vec![number(0.5), tanh]), flank])
        }
        Builtin::Exp => call(Builtin::Exp, x),
        Builtin::Log => power(x, -1.0),
        Builtin::Sin => call(Builtin::Cos, x),
        Builtin::Cos => product(vec![number(-1.0), call(Builtin::Sin, x)]),
        Builtin::Erf => product(vec![
            number(std::f64::consts::FRAC_2_SQRT_PI),
            call(Builtin::Exp, product(vec![number(-1.0), power(x, 2.0)])),
        ]),
        Builtin::Step | Builtin::LeakyStep(_) | Builtin::Sign => number(0.0),
    }
}
