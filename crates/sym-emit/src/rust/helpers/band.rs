/// −∞ where position i of axis `row` does not see position j of axis `column`: j < i - before or j > i + after.
fn band<const D: usize>(x: Tensor<D>, row: usize, column: usize, before: Option<i64>, after: Option<i64>) -> Tensor<D> {
    let dims = x.dims();
    let hide = |x: Tensor<D>, hidden: Tensor<2, Bool>| {
        let mut shape = [1; D];
        shape[row] = dims[row];
        shape[column] = dims[column];
        let hidden = if row < column { hidden } else { hidden.transpose() };
        x.mask_fill(hidden.reshape(shape).expand(dims), f64::NEG_INFINITY)
    };
    let (size, device) = ([dims[row], dims[column]], x.device());
    let x = match after {
        Some(after) => hide(x, Tensor::tril_mask(size, after, &device)),
        None => x,
    };
    match before {
        Some(before) => hide(x, Tensor::triu_mask(size, -before, &device)),
        None => x,
    }
}
