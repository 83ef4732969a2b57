/// Sliding windows: `axis` becomes two axes [o, t] with y[o, t] = x[o * stride + t * dilation - padding], and `rest` outside of x.
fn windows<const D: usize, const R: usize>(
    x: Tensor<D>,
    axis: usize,
    taps: usize,
    [stride, padding, dilation]: [usize; 3],
    rest: f64,
) -> Tensor<R> {
    let (device, dims) = (x.device(), x.dims());
    let mut edge = dims;
    edge[axis] = padding;
    let count = (dims[axis] + 2 * padding - dilation * (taps - 1) - 1) / stride + 1;
    let margin = (padding > 0).then(|| Tensor::full(edge, rest, (&device, x.dtype())));
    let padded = match margin {
        Some(margin) => Tensor::cat(vec![margin.clone(), x, margin], axis),
        None => x,
    };
    let positions: Vec<i64> =
        (0..count).flat_map(|o| (0..taps).map(move |t| (o * stride + t * dilation) as i64)).collect();
    let mut shape = [0; R];
    shape[..axis].copy_from_slice(&dims[..axis]);
    shape[axis] = count;
    shape[axis + 1] = taps;
    shape[axis + 2..].copy_from_slice(&dims[axis + 1..]);
    padded.select(axis, Tensor::from_data(TensorData::new(positions, [count * taps]), &device)).reshape(shape)
}
