/// All entries the same.
fn constant<const D: usize>(shape: [usize; D], value: f64, options: &TensorCreationOptions) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::full(shape, value, options.clone()))
}
