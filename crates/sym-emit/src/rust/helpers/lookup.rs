/// The rows of `table` at `numbers`: row axes first, then those of a row. `R` is the rank of the result.
fn lookup<const T: usize, const N: usize, const R: usize>(table: Tensor<T>, numbers: Tensor<N, Int>) -> Tensor<R> {
    let mut shape = [0; R];
    shape[..N].copy_from_slice(&numbers.dims());
    shape[N..].copy_from_slice(&table.dims()[1..]);
    let count: usize = numbers.dims().iter().product();
    table.select(0, numbers.reshape([count])).reshape(shape)
}
