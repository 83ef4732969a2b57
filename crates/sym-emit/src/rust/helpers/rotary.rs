/// Rotary positions (Su et al. 2021): at position t, pair p of the n entries along `axis` turns by the angle t * base^(-2p/n). The entries
/// of a pair are p and p + n/2 where `halves`, otherwise 2p and 2p + 1.
fn rotary<const D: usize>(x: Tensor<D>, position: usize, axis: usize, base: f64, halves: bool) -> Tensor<D> {
    let (dims, device, dtype) = (x.dims(), x.device(), x.dtype());
    let (length, width) = (dims[position], dims[axis]);
    let mut partners = vec![0i64; width];
    let (mut cosines, mut sines) = (vec![0.0f64; length * width], vec![0.0f64; length * width]);
    let place = |at: usize, entry: usize| if position < axis { at * width + entry } else { entry * length + at };
    for pair in 0..width / 2 {
        let (a, b) = if halves { (pair, pair + width / 2) } else { (2 * pair, 2 * pair + 1) };
        (partners[a], partners[b]) = (b as i64, a as i64);
        let frequency = base.powf(-2.0 * pair as f64 / width as f64);
        for at in 0..length {
            let (sine, cosine) = (at as f64 * frequency).sin_cos();
            (cosines[place(at, a)], cosines[place(at, b)]) = (cosine, cosine);
            (sines[place(at, a)], sines[place(at, b)]) = (-sine, sine);
        }
    }
    let mut shape = [1; D];
    shape[position] = length;
    shape[axis] = width;
    let table = |values: Vec<f64>| Tensor::<D>::from_data(TensorData::new(values, shape), (&device, dtype));
    let turned = x.clone().select(axis, Tensor::from_data(TensorData::new(partners, [width]), &device));
    x * table(cosines) + turned * table(sines)
}
