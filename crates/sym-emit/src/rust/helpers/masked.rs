/// The entries of `held` that are numbers, and those of `trained` in the places of the others.
fn masked<const D: usize>(trained: Tensor<D>, held: Tensor<D>) -> Tensor<D> {
    let free = held.clone().is_nan();
    held.mask_where(free, trained)
}
