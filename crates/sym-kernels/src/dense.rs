//! A dense layer, f(x Wᵀ + b), as one operation.
//!
//! On flex it is one product, after which bias and activation pass over the result once, and one node of the autodiff graph. Backward,
//! the activation's derivative and the gradient of the bias are one pass; the gradient of W comes out in W's own order, where separate
//! operations give a transposed view.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Autodiff, Flex, tensor::FloatTensor};
use burn::tensor::{DType, Tensor, TensorData};

use crate::Activation;
use crate::slice;
use crate::tensor::{Number, Primitive, apply, contiguous, rewrite};

/// A primitive with its record.
type Tracked = FloatTensor<Autodiff<Flex>>;

/// f(x Wᵀ + b) for `x` [rows, in], `weight` [out, in] and `bias` [out]; the identity where `kind` is `None`.
pub fn dense(kind: Option<Activation>, x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    if matches!(x.dtype(), DType::F32 | DType::F64) {
        if x.is_autodiff() || weight.is_autodiff() || bias.is_autodiff() {
            let tracked = |tensor: Tensor<2>| tensor.autodiff().try_into_primitive::<Autodiff<Flex>>();
            let bias = bias.clone().autodiff().try_into_primitive::<Autodiff<Flex>>();
            if let (Ok(x), Ok(weight), Ok(bias)) = (tracked(x.clone()), tracked(weight.clone()), bias) {
                return Tensor::from_primitive::<Autodiff<Flex>>(dense_tracked(kind, x, weight, bias));
            }
        } else {
            let plain = |tensor: Tensor<2>| tensor.try_into_primitive::<Flex>();
            let bias = bias.clone().try_into_primitive::<Flex>();
            if let (Ok(x), Ok(weight), Ok(bias)) = (plain(x.clone()), plain(weight.clone()), bias) {
                return Tensor::from_primitive::<Flex>(forward(kind, x, weight, &bias, false).0);
            }
        }
    }
    let sum = x.matmul(weight.transpose()) + bias.unsqueeze();
    match kind {
        Some(kind) => apply(kind, sum),
        None => sum,
    }
}

fn dense_tracked(kind: Option<Activation>, x: Tracked, weight: Tracked, bias: Tracked) -> Tracked {
    let ((x, x_node), (weight, weight_node), (bias, bias_node)) = (x.into_parts(), weight.into_parts(), bias.into_parts());
    match Node.prepare::<NoCheckpointing>([x_node, weight_node, bias_node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (value, saved) = forward(kind, x.clone(), weight.clone(), &bias, true);
            prepared.finish(Saved { kind, x, weight, kept: saved }, value)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(forward(kind, x, weight, &bias, false).0),
    }
}

/// The value and, if asked for, what the backward step needs of the activation.
fn forward(
    kind: Option<Activation>,
    x: Primitive,
    weight: Primitive,
    bias: &Primitive,
    saving: bool,
) -> (Primitive, Option<Primitive>) {
    let product = Flex::float_matmul(x, Flex::float_transpose(weight));
    match product.dtype() {
        DType::F32 => activate::<f32>(kind, product, bias, saving),
        _ => activate::<f64>(kind, product, bias, saving),
    }
}

fn activate<T: Number>(
    kind: Option<Activation>,
    product: Primitive,
    bias: &Primitive,
    saving: bool,
) -> (Primitive, Option<Primitive>) {
    let bias = contiguous(bias);
    let bias = bias.as_slice::<T>().expect("contiguous");
    let shape = product.layout().shape().to_vec();
    let saves_slope = saving && kind.is_some_and(|kind| !kind.saves_value());
    let mut slopes = vec![T::ZERO; if saves_slope { shape.iter().product() } else { 0 }];
    let value = rewrite::<T>(product, |values| slice::bias_apply(kind, values, bias, &mut slopes));
    let saved = match kind {
        Some(_) if saves_slope => Some(Primitive::from_data(TensorData::new(slopes, shape))),
        Some(_) if saving => Some(value.clone()),
        _ => None,
    };
    (value, saved)
}

/// The backward step.
#[derive(Debug)]
struct Node;

/// What the backward step needs.
#[derive(Debug, Clone)]
struct Saved {
    kind: Option<Activation>,
    x: Primitive,
    weight: Primitive,
    kept: Option<Primitive>,
}

impl Backward<Flex, 3> for Node {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let Saved { kind, x, weight, kept } = ops.state;
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (gradient, bias) = match gradient.dtype() {
            DType::F32 => chain::<f32>(kind, kept.as_ref(), gradient),
            _ => chain::<f64>(kind, kept.as_ref(), gradient),
        };
        let [x_node, weight_node, bias_node] = ops.parents;
        if let Some(node) = bias_node {
            gradients.register::<Flex>(node.id, bias);
        }
        if let Some(node) = weight_node {
            gradients.register::<Flex>(node.id, Flex::float_matmul(Flex::float_transpose(gradient.clone()), x));
        }
        if let Some(node) = x_node {
            gradients.register::<Flex>(node.id, Flex::float_matmul(gradient, weight));
        }
    }
}

/// The gradients with respect to the activation's argument and to the bias.
fn chain<T: Number>(kind: Option<Activation>, saved: Option<&Primitive>, gradient: Primitive) -> (Primitive, Primitive) {
    let columns = *gradient.layout().shape().last().expect("a matrix");
    let mut bias = vec![T::ZERO; columns];
    let saved = saved.map(contiguous);
    let saved = saved.as_ref().map_or(&[][..], |saved| saved.as_slice::<T>().expect("contiguous"));
    let gradient = rewrite::<T>(gradient, |gradients| slice::bias_backward(kind, saved, gradients, &mut bias));
    (gradient, Primitive::from_data(TensorData::new(bias, [columns])))
}
