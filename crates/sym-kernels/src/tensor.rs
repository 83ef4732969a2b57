//! The kernels on burn tensors.
//!
//! On the flex backend in `f32` or `f64` they run the slice kernels, with autodiff as one node of the graph that saves what
//! [`Activation::saves_value`] says. Any other device, type or checkpointing strategy uses burn's own operations.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::{Autodiff, Flex, tensor::FloatTensor};
use burn::tensor::{DType, Element, Tensor, TensorData, activation};

use crate::Activation;
use crate::slice::{self, Real};

/// A tensor of the flex backend.
pub(crate) type Primitive = FloatTensor<Flex>;

/// The activation function of every entry.
pub fn apply<const D: usize>(kind: Activation, x: Tensor<D>) -> Tensor<D> {
    if !matches!(x.dtype(), DType::F32 | DType::F64) {
        return stock(kind, x);
    }
    // The attempts take the tensor, so the last fallback needs one of its own; a clone is a reference.
    if x.is_autodiff() {
        return match x.clone().try_into_primitive::<Autodiff<Flex>>() {
            Ok(tracked) => {
                drop(x);
                Tensor::from_primitive::<Autodiff<Flex>>(apply_tracked(kind, tracked))
            }
            Err(_) => stock(kind, x),
        };
    }
    match x.clone().try_into_primitive::<Flex>() {
        Ok(primitive) => {
            drop(x);
            Tensor::from_primitive::<Flex>(apply_primitive(kind, primitive))
        }
        Err(_) => stock(kind, x),
    }
}

/// burn's own operation.
fn stock<const D: usize>(kind: Activation, x: Tensor<D>) -> Tensor<D> {
    match kind {
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => activation::sigmoid(x),
        Activation::Exp => x.exp(),
        Activation::Relu => activation::relu(x),
        Activation::Silu => activation::silu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::GeluTanh => {
            let cube = x.clone() * x.clone() * x.clone();
            let inner = (x.clone() + cube.mul_scalar(0.044_715)).mul_scalar((2.0 / std::f64::consts::PI).sqrt());
            x.mul_scalar(0.5) * inner.tanh().add_scalar(1.0)
        }
        Activation::Softplus => activation::relu(x.clone()) + x.abs().neg().exp().log1p(),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        Activation::Erf => x.erf(),
        Activation::Log => x.log(),
        Activation::Abs => x.abs(),
        Activation::LeakyRelu(slope) => activation::leaky_relu(x, slope),
        Activation::Step => x.zeros_like().mask_fill(x.greater_elem(0.0), 1.0),
        Activation::LeakyStep(slope) => x.ones_like().mask_fill(x.lower_elem(0.0), slope),
        // Piecewise constant, as the other two: burn would take a gradient of `sign`.
        Activation::Sign => x.zeros_like().mask_fill(x.clone().greater_elem(0.0), 1.0).mask_fill(x.lower_elem(0.0), -1.0),
    }
}

fn apply_tracked(kind: Activation, x: FloatTensor<Autodiff<Flex>>) -> FloatTensor<Autodiff<Flex>> {
    let (primitive, node) = x.into_parts();
    match Node.prepare::<NoCheckpointing>([node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (value, saved) = apply_saving(kind, primitive);
            prepared.finish(Saved { kind, tensor: saved }, value)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(apply_primitive(kind, primitive)),
    }
}

/// The backward step of an activation.
#[derive(Debug)]
struct Node;

/// What the backward step needs.
#[derive(Debug, Clone)]
struct Saved {
    kind: Activation,
    tensor: Primitive,
}

impl Backward<Flex, 1> for Node {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let Saved { kind, tensor } = ops.state;
        unary::<Flex, _>(ops.parents, ops.node, gradients, |gradient| match gradient.dtype() {
            DType::F32 => chain::<f32>(kind, &tensor, gradient),
            _ => chain::<f64>(kind, &tensor, gradient),
        });
    }
}

fn apply_primitive(kind: Activation, x: Primitive) -> Primitive {
    match x.dtype() {
        DType::F32 => rewrite::<f32>(x, |values| slice::apply(kind, values)),
        _ => rewrite::<f64>(x, |values| slice::apply(kind, values)),
    }
}

/// The value, and what is saved for the backward step.
fn apply_saving(kind: Activation, x: Primitive) -> (Primitive, Primitive) {
    if kind.saves_value() {
        let value = apply_primitive(kind, x);
        return (value.clone(), value);
    }
    match x.dtype() {
        DType::F32 => with_slope::<f32>(kind, x),
        _ => with_slope::<f64>(kind, x),
    }
}

fn with_slope<T: Number>(kind: Activation, x: Primitive) -> (Primitive, Primitive) {
    let shape = x.layout().shape().to_vec();
    let mut slopes = vec![T::ZERO; shape.iter().product()];
    let value = rewrite::<T>(x, |values| slice::apply_with_slope(kind, values, &mut slopes));
    (value, Primitive::from_data(TensorData::new(slopes, shape)))
}

fn chain<T: Number>(kind: Activation, saved: &Primitive, gradient: Primitive) -> Primitive {
    let saved = contiguous(saved);
    let saved = saved.as_slice::<T>().expect("contiguous");
    rewrite::<T>(gradient, |gradients| slice::backward(kind, saved, gradients))
}

/// Changes all entries, in place where nothing else refers to them.
pub(crate) fn rewrite<T: Number>(mut tensor: Primitive, change: impl FnOnce(&mut [T])) -> Primitive {
    let whole = tensor.is_contiguous() && tensor.layout().start_offset() == 0;
    let count = tensor.layout().num_elements();
    if whole
        && let Some(values) = tensor.try_storage_mut::<T>()
        && values.len() == count
    {
        change(values);
        return tensor;
    }
    let shape = tensor.layout().shape().to_vec();
    let mut values = contiguous(&tensor).as_slice::<T>().expect("contiguous").to_vec();
    change(&mut values);
    Primitive::from_data(TensorData::new(values, shape))
}

/// The tensor with its entries in order, without a copy where they are.
pub(crate) fn contiguous(tensor: &Primitive) -> Primitive {
    if tensor.is_contiguous() { tensor.clone() } else { tensor.to_contiguous() }
}

/// A number type as flex stores it.
pub(crate) trait Number: Real + Element + bytemuck::Pod {}

impl Number for f32 {}
impl Number for f64 {}
