//! Rotary positions.

use crate::Array;
use sym_ir::Pairs;

/// Turns the pairs of an array axis by angles that grow along another, forward with `turn` 1 and back with −1.
pub(crate) fn rotary(array: Array, position: usize, axis: usize, base: f64, pairs: Pairs, turn: f64) -> Array {
    let sizes = array.dims();
    let (length, width) = (sizes[position], sizes[axis]);
    let mut partners = vec![0i64; width];
    // cos at each (position, entry), and sin with the sign that the partner's share has.
    let (mut cosines, mut sines) = (vec![0.0; length * width], vec![0.0; length * width]);
    let place = |at: usize, entry: usize| if position < axis { at * width + entry } else { entry * length + at };
    for pair in 0..width / 2 {
        let (a, b) = pairs.entries(pair, width);
        (partners[a], partners[b]) = (b as i64, a as i64);
        let frequency = libm::pow(base, -2.0 * pair as f64 / width as f64);
        for at in 0..length {
            let (sine, cosine) = libm::sincos(turn * at as f64 * frequency);
            (cosines[place(at, a)], cosines[place(at, b)]) = (cosine, cosine);
            (sines[place(at, a)], sines[place(at, b)]) = (-sine, sine);
        }
    }
    let mut shape = vec![1; sizes.len()];
    shape[position] = length;
    shape[axis] = width;
    let table = |values: &[f64]| Array::from_values(values, &shape, &array.device(), array.dtype());
    let (cosines, sines) = (table(&cosines), table(&sines));
    array.clone() * cosines + array.select(axis, &partners) * sines
}
