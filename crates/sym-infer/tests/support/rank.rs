//! Numerical rank, and random numbers that need no crate.

/// The rank of vectors: how many remainders are above 1e-9.
pub fn rank(vectors: Vec<Vec<f64>>) -> usize {
    remainders(vectors).iter().filter(|&&length| length > 1e-9).count()
}

/// Lengths of what Gram–Schmidt leaves of vectors of length one, the largest remainder first, down to 1e-13.
pub fn remainders(mut vectors: Vec<Vec<f64>>) -> Vec<f64> {
    let norm = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    // A vector that is zero up to rounding stays zero.
    let longest = vectors.iter().map(|vector| norm(vector)).fold(0.0, f64::max);
    for vector in &mut vectors {
        let length = norm(vector);
        if length < 1e-12 * longest {
            vector.iter_mut().for_each(|x| *x = 0.0);
        } else if length > 0.0 {
            vector.iter_mut().for_each(|x| *x /= length);
        }
    }
    let mut lengths = Vec::new();
    loop {
        let best = vectors.iter().map(|vector| norm(vector)).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((at, length)) = best.filter(|best| best.1 > 1e-15) else { return lengths };
        let pivot: Vec<f64> = vectors.swap_remove(at).iter().map(|x| x / length).collect();
        for vector in &mut vectors {
            for _ in 0..2 {
                let part: f64 = vector.iter().zip(&pivot).map(|(x, y)| x * y).sum();
                vector.iter_mut().zip(&pivot).for_each(|(x, y)| *x -= part * y);
            }
        }
        lengths.push(length);
    }
}

/// Standard normal numbers: Box–Muller over `SplitMix64`.
pub struct Normal(pub u64);

impl Normal {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn draw(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }
}
