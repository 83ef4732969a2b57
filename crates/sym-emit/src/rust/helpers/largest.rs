/// The `count` largest entries along an axis as they are, all others `rest`. Entries equal to the last of them are kept too.
fn largest<const D: usize>(x: Tensor<D>, axis: usize, count: usize, rest: f64) -> Tensor<D> {
    let least = x.clone().detach().sort_descending(axis).narrow(axis, count - 1, 1).expand(x.dims());
    let others = x.clone().detach().lower(least);
    x.mask_fill(others, rest)
}
