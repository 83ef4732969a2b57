//! The model is what it was, and runs.

use burn::tensor::{DType, Device, Tensor};
use downstream::classifier::Classifier;

#[test]
fn the_model_is_what_it_was() {
    sym_test::assert_model_snapshot!("models/classifier.sym");
}

#[test]
fn the_sign_of_a_hidden_unit_is_free() {
    let device = Device::flex();
    let model = Classifier::init((&device, DType::F64));
    let signs = Tensor::<1>::from_data([[-1.0f64], [1.0]].concat().repeat(8).as_slice(), (&device, DType::F64));
    let mut turned = model.clone();
    turned.fc1.weight = model.fc1.weight.clone().map(|weight| weight * signs.clone().unsqueeze_dim::<2>(1));
    turned.fc1.bias = model.fc1.bias.clone().map(|bias| bias * signs.clone());
    turned.head.weight = model.head.weight.clone().map(|weight| weight * signs.clone().unsqueeze::<2>());

    let x = Tensor::<2>::from_data([[0.3f64, -0.7], [1.0, 0.2], [0.0, 0.5]], (&device, DType::F64));
    let difference = (model.forward(x.clone()) - turned.forward(x)).abs().max().into_scalar::<f64>();
    assert!(difference < 1e-12, "{difference}");
}
