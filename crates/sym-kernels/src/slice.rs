//! The kernels as plain functions over slices of `f32` or `f64`.
//!
//! The bits of an element depend on its argument alone: not on its position, the length of the slice, or the processor.
//! Every function panics if slices that belong together have different lengths.

use crate::Activation;
use crate::isa::{Level, run};
pub use crate::math::real::Real;
use crate::math::{
    abs::Abs, erf::Erf, exp::Exp, gelu::Gelu, gelu_tanh::GeluTanh, leaky_relu::LeakyRelu, log::Log, relu::Relu, sigmoid::Sigmoid,
    silu::Silu, softplus::Softplus, step::LeakyStep, step::Sign, step::Step, tanh::Tanh, trig::Cos, trig::Sin,
};
use crate::tasks;

/// Evaluates an expression with `$f` bound to the family of an activation.
macro_rules! with_family {
    ($kind:expr, $f:ident => $body:expr) => {
        with_family!(@arms $kind, $f, $body, [
            Tanh => Tanh,
            Sigmoid => Sigmoid,
            Exp => Exp,
            Relu => Relu,
            Silu => Silu,
            Gelu => Gelu,
            GeluTanh => GeluTanh,
            Softplus => Softplus,
            Sin => Sin,
            Cos => Cos,
            Erf => Erf,
            Log => Log,
            Abs => Abs,
            LeakyRelu(slope) => LeakyRelu { slope },
            Step => Step,
            LeakyStep(slope) => LeakyStep { slope },
            Sign => Sign,
        ])
    };
    (@arms $kind:expr, $f:ident, $body:expr, [$($name:ident $(($($field:ident),*))? => $family:expr,)*]) => {
        match $kind {
            $(Activation::$name $(($($field),*))? => {
                let $f = $family;
                $body
            })*
        }
    };
}

/// Replaces every argument in `values` by the value of the function.
pub fn apply<T: Real>(kind: Activation, values: &mut [T]) {
    apply_at(Level::best(), kind, values);
}

/// Like [`apply`], with an instruction set no wider than `level`: the same bits, to be tested and timed.
pub fn apply_at<T: Real>(level: Level, kind: Activation, values: &mut [T]) {
    with_family!(kind, family => run(level, tasks::Forward { values, family }));
}

/// Writes the function of `x` to `y`.
pub fn apply_into<T: Real>(kind: Activation, x: &[T], y: &mut [T]) {
    y.copy_from_slice(x);
    apply(kind, y);
}

/// Replaces every argument in `values` by the value of the function and writes its derivative to `slopes`.
pub fn apply_with_slope<T: Real>(kind: Activation, values: &mut [T], slopes: &mut [T]) {
    apply_with_slope_at(Level::best(), kind, values, slopes);
}

/// Like [`apply_with_slope`], with an instruction set no wider than `level`.
pub fn apply_with_slope_at<T: Real>(level: Level, kind: Activation, values: &mut [T], slopes: &mut [T]) {
    assert_eq!(values.len(), slopes.len(), "values and slopes");
    with_family!(kind, family => run(level, tasks::ForwardSlope { values, slopes, family }));
}

/// Replaces gradients with respect to values by gradients with respect to arguments.
///
/// `saved` holds the values if [`Activation::saves_value`], else the derivatives of [`apply_with_slope`].
pub fn backward<T: Real>(kind: Activation, saved: &[T], gradients: &mut [T]) {
    assert_eq!(saved.len(), gradients.len(), "saved and gradients");
    with_family!(kind, family => run(Level::best(), tasks::Backward { saved, gradients, family }));
}

/// Adds `bias` to every row of `values`, then applies the function if there is one.
///
/// `slopes` receives the derivatives, as needed by functions that do not save their value; it may be empty otherwise.
pub fn bias_apply<T: Real>(kind: Option<Activation>, values: &mut [T], bias: &[T], slopes: &mut [T]) {
    if values.is_empty() {
        return;
    }
    assert!(!bias.is_empty() && values.len().is_multiple_of(bias.len()), "values are not whole rows of the bias");
    assert!(slopes.is_empty() || slopes.len() == values.len(), "values and slopes");
    let level = Level::best();
    match kind {
        None => run(level, tasks::AddBias { values, bias }),
        Some(kind) => with_family!(
            kind,
            family => run(level, tasks::BiasForward { values, bias, slopes, family })
        ),
    }
}

/// Like [`backward`] for [`bias_apply`], and adds the gradient of the bias, a sum over rows in their order, to `bias`.
///
/// Without a function, `saved` is not used and `gradients` stay as they are.
pub fn bias_backward<T: Real>(kind: Option<Activation>, saved: &[T], gradients: &mut [T], bias: &mut [T]) {
    if gradients.is_empty() {
        return;
    }
    assert!(!bias.is_empty() && gradients.len().is_multiple_of(bias.len()), "gradients are not whole rows of the bias");
    let level = Level::best();
    match kind {
        None => run(level, tasks::SumRows { values: gradients, sums: bias }),
        Some(kind) => {
            assert_eq!(saved.len(), gradients.len(), "saved and gradients");
            with_family!(
                kind,
                family => run(level, tasks::BiasBackward { saved, gradients, bias, family })
            );
        }
    }
}

macro_rules! named {
    ($($name:ident $kind:ident $what:literal,)*) => {$(
        #[doc = concat!("Writes ", $what, " of every element of `x` to `y`.")]
        pub fn $name<T: Real>(x: &[T], y: &mut [T]) {
            apply_into(Activation::$kind, x, y);
        }
    )*};
}

named! {
    tanh_into Tanh "the hyperbolic tangent",
    sigmoid_into Sigmoid "the logistic function",
    exp_into Exp "the exponential",
    relu_into Relu "the positive part",
    silu_into Silu "x/(1 + e⁻ˣ)",
    gelu_into Gelu "x Φ(x)",
    sin_into Sin "the sine",
    cos_into Cos "the cosine",
    gelu_tanh_into GeluTanh "x(1 + tanh(√(2/π)(x + 0.044715x³)))/2",
    softplus_into Softplus "log(1 + eˣ)",
    erf_into Erf "the error function",
    log_into Log "the natural logarithm",
    abs_into Abs "the size",
}
