/// (x - m) / √(v + epsilon) with m and v the mean and the biased variance over `axes` together; m is 0 unless `centre`.
fn normalise<const D: usize>(x: Tensor<D>, axes: &[usize], centre: bool, epsilon: f64) -> Tensor<D> {
    let count: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
    let mean = |x: Tensor<D>| axes.iter().fold(x, |sum, &axis| sum.sum_dim(axis)) * (1.0 / count as f64);
    let deviation = if centre { x.clone() - mean(x) } else { x };
    let variance = mean(deviation.clone() * deviation.clone());
    deviation / (variance + epsilon).sqrt()
}
