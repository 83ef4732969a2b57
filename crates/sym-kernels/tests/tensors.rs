//! The kernels on burn tensors: the slice kernels on flex, with gradients.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sym_kernels::{Activation, slice, tensor};

fn arguments(count: usize) -> Vec<f64> {
    (0..count).map(|at| (at as f64 * 1.3).sin() * 3.0 + 0.01).collect()
}

fn matrix(device: &Device, dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(arguments(12), [3, 4]).convert_dtype(dtype), (device, dtype))
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data_as::<f64>().try_into_vec().expect("converted")
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

#[test]
fn a_tensor_has_the_bits_of_the_slice_kernels() {
    for kind in Activation::ALL {
        let mut expected = arguments(12);
        slice::apply(kind, &mut expected);
        for device in [Device::flex(), Device::flex().autodiff()] {
            let found = values(&tensor::apply(kind, matrix(&device, DType::F64)));
            assert_eq!(bits(found), bits(expected.iter().copied()), "{kind}");
        }
        let mut single: Vec<f32> = arguments(12).into_iter().map(|x| x as f32).collect();
        slice::apply(kind, &mut single);
        let found = values(&tensor::apply(kind, matrix(&Device::flex(), DType::F32)));
        assert_eq!(bits(found), bits(single.into_iter().map(f64::from)), "{kind}");
    }
}

#[test]
fn views_and_shared_tensors_are_left_alone() {
    let device = Device::flex();
    let x = matrix(&device, DType::F64);
    let transposed = tensor::apply(Activation::Tanh, x.clone().transpose());
    assert_eq!(values(&x), arguments(12));
    assert_eq!(values(&transposed.transpose()), values(&tensor::apply(Activation::Tanh, x.clone())));
    let part = tensor::apply(Activation::Exp, x.clone().narrow(0, 1, 2));
    assert_eq!(values(&part), values(&tensor::apply(Activation::Exp, x.clone()))[4..]);
    let front = tensor::apply(Activation::Exp, x.clone().narrow(0, 0, 2));
    assert_eq!(values(&front), values(&tensor::apply(Activation::Exp, x))[..8]);
}

#[test]
fn gradients_agree_with_central_differences() {
    let step = 1e-6;
    for kind in Activation::ALL {
        let device = Device::flex().autodiff();
        let x = matrix(&device, DType::F64).require_grad();
        let factors = Tensor::<2>::from_data(TensorData::new((1..=12).map(f64::from).collect(), [4, 3]), (&device, DType::F64));
        // The gradient that arrives is a transposed view.
        let loss = (tensor::apply(kind, x.clone()).transpose() * factors).sum();
        let gradients = loss.backward();
        let found = values(&x.grad(&gradients).expect("tracked"));
        for (at, (&found, &x)) in found.iter().zip(&arguments(12)).enumerate() {
            if kind == Activation::Log && x < 0.0 {
                continue;
            }
            let mut moved = [x - step, x + step];
            slice::apply(kind, &mut moved);
            let factor = f64::from((at % 4 * 3 + at / 4) as u32 + 1);
            let expected = factor * (moved[1] - moved[0]) / (2.0 * step);
            assert!((found - expected).abs() <= 1e-8 * expected.abs().max(1.0), "{kind} at {x}: {found} instead of {expected}");
        }
    }
}

#[test]
fn a_value_that_is_saved_is_not_changed_by_what_follows() {
    let device = Device::flex().autodiff();
    let x = matrix(&device, DType::F64).require_grad();
    let y = tensor::apply(Activation::Sin, tensor::apply(Activation::Tanh, tensor::apply(Activation::Tanh, x.clone())));
    let gradients = y.sum().backward();
    for (found, x) in values(&x.grad(&gradients).expect("tracked")).into_iter().zip(arguments(12)) {
        let (inner, outer) = (x.tanh(), x.tanh().tanh());
        let expected = outer.cos() * (1.0 - outer * outer) * (1.0 - inner * inner);
        assert!((found - expected).abs() <= 1e-14, "{found} instead of {expected}");
    }
}

#[test]
fn gradient_checkpointing_falls_back_to_stock_operations() {
    let device = Device::flex().autodiff().gradient_checkpointing();
    let x = matrix(&device, DType::F64).require_grad();
    let gradients = tensor::apply(Activation::Tanh, x.clone()).sum().backward();
    for (found, x) in values(&x.grad(&gradients).expect("tracked")).into_iter().zip(arguments(12)) {
        assert!((found - (1.0 - x.tanh() * x.tanh())).abs() <= 1e-14);
    }
}
