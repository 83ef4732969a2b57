//! Elementwise functions.

use crate::rust::body::Body;
use crate::rust::expression::{Expr, number};
use quote::quote;
use sym_ir::{Builtin, Function, Scalar, ValueId};

/// The function of every entry.
pub fn emit(body: &mut Body, value: ValueId, function: &Function) -> Expr {
    let operand = body.context.fusion.operands[value.0 as usize][0];
    let mut left = occurrences(&function.body);
    if left == 0 {
        // A constant function: its value in the place of every entry.
        let read = body.read(operand);
        let constant = number(function.body.evaluate(0.0));
        return read.call(quote!(full_like(#constant)));
    }
    let mut argument = || {
        left -= 1;
        if left > 0 { body.copy(operand) } else { body.read(operand) }
    };
    match scalar(&function.body, &mut argument) {
        Ok(expression) => expression,
        Err(constant) => Expr::primary(number(constant)),
    }
}

/// Whether the argument occurs more than once, so that it needs a name.
pub fn names_operand(body: &Scalar) -> bool {
    occurrences(body) > 1
}

fn occurrences(body: &Scalar) -> usize {
    match body {
        Scalar::Argument => 1,
        Scalar::Number(_) | Scalar::Power(_, 0.0) => 0,
        Scalar::Add(parts) | Scalar::Multiply(parts) => parts.iter().map(occurrences).sum(),
        Scalar::Power(base, _) => occurrences(base),
        Scalar::Call(_, argument) => occurrences(argument),
    }
}

/// The expression, or its value where it is a constant.
fn scalar(body: &Scalar, argument: &mut dyn FnMut() -> Expr) -> Result<Expr, f64> {
    match body {
        Scalar::Argument => Ok(argument()),
        Scalar::Number(value) => Err(*value),
        Scalar::Add(parts) => fold(parts, argument, 0.0, Expr::plus, Expr::shifted, |a, b| a + b),
        Scalar::Multiply(parts) => fold(parts, argument, 1.0, Expr::times, Expr::scaled, |a, b| a * b),
        Scalar::Power(_, 0.0) => Err(1.0),
        Scalar::Power(base, exponent) => match scalar(base, argument) {
            Ok(base) => Ok(power(&base, *exponent)),
            Err(_) => Err(body.evaluate(0.0)),
        },
        Scalar::Call(function, inner) => match scalar(inner, argument) {
            Ok(inner) => Ok(builtin(*function, &inner)),
            Err(value) => Err(function.evaluate(value)),
        },
    }
}

fn fold(
    parts: &[Scalar],
    argument: &mut dyn FnMut() -> Expr,
    neutral: f64,
    join: impl Fn(&Expr, &Expr) -> Expr,
    join_constant: impl Fn(&Expr, f64) -> Expr,
    join_constants: impl Fn(f64, f64) -> f64,
) -> Result<Expr, f64> {
    let (mut constant, mut joined) = (neutral, None::<Expr>);
    for part in parts {
        match scalar(part, argument) {
            Ok(part) => joined = Some(joined.map_or_else(|| part.clone(), |before| join(&before, &part))),
            Err(value) => constant = join_constants(constant, value),
        }
    }
    match joined {
        Some(joined) if constant == neutral => Ok(joined),
        Some(joined) => Ok(join_constant(&joined, constant)),
        None => Err(constant),
    }
}

/// The power with a constant exponent; integer powers are those of every sign.
fn power(base: &Expr, exponent: f64) -> Expr {
    if exponent == 1.0 {
        base.clone()
    } else if exponent == 0.5 {
        base.call(quote!(sqrt()))
    } else if exponent == 2.0 {
        base.call(quote!(square()))
    } else if exponent == -1.0 {
        base.call(quote!(recip()))
    } else if exponent.fract() == 0.0 && exponent.abs() < 64.0 {
        let exponent = proc_macro2::Literal::i64_unsuffixed(exponent as i64);
        base.call(quote!(powi_scalar(#exponent)))
    } else {
        let exponent = number(exponent);
        base.call(quote!(powf_scalar(#exponent)))
    }
}

fn builtin(function: Builtin, x: &Expr) -> Expr {
    let tokens = x.tokens();
    match function {
        Builtin::Relu => Expr::primary(quote!(activation::relu(#tokens))),
        Builtin::LeakyRelu(slope) => {
            let slope = number(slope);
            Expr::primary(quote!(activation::leaky_relu(#tokens, #slope)))
        }
        Builtin::Abs => x.call(quote!(abs())),
        Builtin::Tanh => x.call(quote!(tanh())),
        Builtin::Sigmoid => Expr::primary(quote!(activation::sigmoid(#tokens))),
        Builtin::Silu => Expr::primary(quote!(activation::silu(#tokens))),
        Builtin::Gelu => Expr::primary(quote!(activation::gelu(#tokens))),
        Builtin::GeluTanh => Expr::primary(quote!(activation::gelu_approximate(#tokens))),
        Builtin::Softplus => Expr::primary(quote!(softplus(#tokens))),
        Builtin::Exp => x.call(quote!(exp())),
        Builtin::Log => x.call(quote!(log())),
        Builtin::Sin => x.call(quote!(sin())),
        Builtin::Cos => x.call(quote!(cos())),
        Builtin::Erf => x.call(quote!(erf())),
        Builtin::Step | Builtin::LeakyStep(_) | Builtin::Sign => unreachable!("models have no derivatives"),
    }
}
