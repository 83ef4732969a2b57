/// Normal.
fn normal<const D: usize>(shape: [usize; D], mean: f64, std: f64, options: &TensorCreationOptions) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::random(shape, Distribution::Normal(mean, std), options.clone()))
}
