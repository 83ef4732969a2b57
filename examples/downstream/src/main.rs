//! Trains the classifier on points inside and outside of a circle, with burn's own optimiser.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Int, Tensor, activation};
use downstream::classifier::Classifier;

fn main() {
    let device = Device::flex().autodiff();
    let points = Tensor::<2>::random([256, 2], Distribution::Uniform(-1.0, 1.0), &device);
    let outside: Tensor<1, Int> = points.clone().square().sum_dim(1).squeeze_dim::<1>(1).greater_elem(0.5).int();

    let mut model = Classifier::init(&device);
    println!("{} parameters", model.num_params());
    let mut optimizer = AdamConfig::new().init();
    for step in 0..200 {
        let scores = activation::log_softmax(model.forward(points.clone()), 1);
        let loss = -scores.gather(1, outside.clone().unsqueeze_dim(1)).mean();
        if step % 50 == 0 {
            println!("step {step}: loss {:.4}", loss.clone().into_scalar::<f32>());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.01, model, gradients);
    }
    let right = model.forward(points).argmax(1).squeeze_dim::<1>(1).equal(outside).int().sum();
    println!("{} of 256 points are on the right side", right.into_scalar::<i64>());
}
