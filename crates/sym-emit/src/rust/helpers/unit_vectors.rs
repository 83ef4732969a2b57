/// Whole numbers as unit vectors along a new last axis of `classes` positions.
fn unit_vectors<const D: usize, const R: usize>(
    numbers: Tensor<D, Int>,
    classes: usize,
    options: TensorCreationOptions,
) -> Tensor<R> {
    let mut shape = [classes; R];
    shape[..D].copy_from_slice(&numbers.dims());
    let count: usize = numbers.dims().iter().product();
    let positions = Tensor::<1, Int>::arange(0..classes as i64, &numbers.device()).reshape([1, classes]);
    let chosen = numbers.reshape([count, 1]).expand([count, classes]).equal(positions.expand([count, classes]));
    Tensor::<2>::zeros([count, classes], options).mask_fill(chosen, 1.0).reshape(shape)
}
