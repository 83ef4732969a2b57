//! Elementwise functions.

use crate::Array;
use crate::array::with_tensor;
use burn::tensor::Tensor;
use sym_ir::Scalar;
use sym_kernels::Activation;
use sym_kernels::tensor::apply;

/// The function of every entry.
pub(crate) fn map(array: Array, function: &Scalar) -> Array {
    with_tensor!(array, tensor => Array::from(scalar(function, &tensor).unwrap_or_else(|value| Tensor::full_like(&tensor, value))))
}

/// The expression at every entry of `x`; `Err` with its value where it is a constant.
fn scalar<const D: usize>(expression: &Scalar, x: &Tensor<D>) -> Result<Tensor<D>, f64> {
    match expression {
        Scalar::Argument => Ok(x.clone()),
        Scalar::Number(value) => Err(*value),
        Scalar::Add(parts) => fold(parts, x, 0.0, |a, b| a + b, Tensor::add_scalar, |a, b| a + b),
        Scalar::Multiply(parts) => fold(parts, x, 1.0, |a, b| a * b, Tensor::mul_scalar, |a, b| a * b),
        Scalar::Power(base, exponent) => match scalar(base, x) {
            Ok(base) => power(base, *exponent),
            Err(_) => Err(expression.evaluate(0.0)),
        },
        Scalar::Call(function, argument) => match scalar(argument, x) {
            Ok(argument) => Ok(apply((*function).into(), argument)),
            Err(value) => Err(function.evaluate(value)),
        },
    }
}

/// Joins parts from left to right, constants first among themselves.
fn fold<const D: usize>(
    parts: &[Scalar],
    x: &Tensor<D>,
    neutral: f64,
    join: impl Fn(Tensor<D>, Tensor<D>) -> Tensor<D>,
    join_constant: impl Fn(Tensor<D>, f64) -> Tensor<D>,
    join_constants: impl Fn(f64, f64) -> f64,
) -> Result<Tensor<D>, f64> {
    let mut constant = neutral;
    let mut joined: Option<Tensor<D>> = None;
    for part in parts {
        match scalar(part, x) {
            Ok(part) => {
                joined = Some(match joined {
                    Some(before) => join(before, part),
                    None => part,
                });
            }
            Err(value) => constant = join_constants(constant, value),
        }
    }
    match joined {
        Some(joined) if constant == neutral => Ok(joined),
        Some(joined) => Ok(join_constant(joined, constant)),
        None => Err(constant),
    }
}

/// The power with a constant exponent. Integer powers multiply, so that they hold for every sign, as [`Scalar::evaluate`] does.
fn power<const D: usize>(base: Tensor<D>, exponent: f64) -> Result<Tensor<D>, f64> {
    if exponent == 0.0 {
        return Err(1.0);
    }
    if exponent == 0.5 {
        return Ok(base.sqrt());
    }
    if exponent.fract() != 0.0 || exponent.abs() >= 64.0 {
        return Ok(base.powf_scalar(exponent));
    }
    let mut rest = exponent.abs() as u32;
    let mut square = base;
    let mut product: Option<Tensor<D>> = None;
    loop {
        if rest & 1 == 1 {
            product = Some(match product {
                Some(product) => product * square.clone(),
                None => square.clone(),
            });
        }
        rest >>= 1;
        if rest == 0 {
            break;
        }
        square = square.clone() * square;
    }
    let product = product.expect("a non-zero exponent has a bit set");
    Ok(if exponent < 0.0 { product.recip() } else { product })
}

/// The kernel that computes a function by itself, where there is one.
pub(crate) fn kernel(function: &Scalar) -> Option<Activation> {
    let Scalar::Call(builtin, argument) = function else { return None };
    if **argument != Scalar::Argument {
        return None;
    }
    Some((*builtin).into())
}
