/// Uniform on (-bound, bound).
fn uniform<const D: usize>(shape: [usize; D], bound: f64, options: &TensorCreationOptions) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::random(shape, Distribution::Uniform(-bound, bound), options.clone()))
}
