//! A dense layer as one operation, against the operations that it stands for.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_kernels::{Activation, dense, tensor};

const ROWS: usize = 7;
const INPUTS: usize = 5;
const OUTPUTS: usize = 3;

fn tensor<const D: usize>(device: &Device, dtype: DType, shape: [usize; D], phase: f64) -> Tensor<D> {
    let values = (0..shape.iter().product::<usize>()).map(|at| (at as f64 * 1.7 + phase).sin()).collect::<Vec<f64>>();
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data_as::<f64>().try_into_vec().expect("converted")
}

/// The value of a layer and its gradients with respect to x, weight and bias, for a loss that weighs every entry differently.
fn value_and_gradients(dtype: DType, layer: impl Fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>) -> [Vec<f64>; 4] {
    let device = Device::flex().autodiff();
    let x = tensor(&device, dtype, [ROWS, INPUTS], 0.1).require_grad();
    let weight = tensor(&device, dtype, [OUTPUTS, INPUTS], 0.5).require_grad();
    let bias = tensor(&device, dtype, [OUTPUTS], 0.9).require_grad();
    let value = layer(x.clone(), weight.clone(), bias.clone());
    let gradients = (value.clone() * tensor(&device, dtype, [ROWS, OUTPUTS], 2.0)).sum().backward();
    [
        values(&value),
        values(&x.grad(&gradients).expect("tracked")),
        values(&weight.grad(&gradients).expect("tracked")),
        values(&bias.grad(&gradients).expect("tracked")),
    ]
}

#[test]
fn a_layer_and_its_gradients_are_those_of_its_operations() {
    for (dtype, tolerance) in [(DType::F64, 1e-14), (DType::F32, 1e-5)] {
        for kind in Activation::ALL.into_iter().map(Some).chain([None]) {
            let fused = value_and_gradients(dtype, |x, weight, bias| dense::dense(kind, x, weight, bias));
            let separate = value_and_gradients(dtype, |x, weight, bias| {
                let sum = x.matmul(weight.transpose()) + bias.unsqueeze();
                match kind {
                    Some(kind) => tensor::apply(kind, sum),
                    None => sum,
                }
            });
            for (fused, separate) in fused.iter().zip(&separate) {
                assert_eq!(fused.len(), separate.len());
                for (fused, separate) in fused.iter().zip(separate) {
                    // The logarithm of a negative number is no number in both.
                    let alike = fused.is_nan() && separate.is_nan();
                    assert!(
                        alike || (fused - separate).abs() <= tolerance * separate.abs().max(1.0),
                        "{kind:?} {dtype:?}: {fused} {separate}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_transposed_input_is_read_in_its_own_order() {
    let device = Device::flex();
    let x = tensor(&device, DType::F64, [INPUTS, ROWS], 0.3).transpose();
    let copy = Tensor::<2>::from_data(x.to_data(), (&device, DType::F64));
    let weight = tensor(&device, DType::F64, [OUTPUTS, INPUTS], 0.5);
    let bias = tensor(&device, DType::F64, [OUTPUTS], 0.9);
    let layer = |x| values(&dense::dense(Some(Activation::Tanh), x, weight.clone(), bias.clone()));
    for (viewed, copied) in layer(x).iter().zip(&layer(copy)) {
        assert!((viewed - copied).abs() <= 1e-15, "{viewed} {copied}");
    }
}
