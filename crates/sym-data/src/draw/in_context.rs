//! In-context regression: sequences that show a linear function at work and ask for one more of its values (Garg et al. 2022).

use sym_streams::Stream;

/// Sequences of `tokens` tokens with `features` + 1 entries. Token i is (xᵢ, yᵢ) with yᵢ = w·xᵢ + noise; the last token has 0 in place of its y,
/// which is the target. Each sequence has a w of its own; entries of w and of all x are independent normal numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InContext {
    /// Tokens a sequence, at least 2.
    pub tokens: usize,
    /// Entries of x.
    pub features: usize,
    /// Standard deviation of the noise on all y.
    pub noise: f64,
}

impl InContext {
    /// Entries of a sequence.
    pub fn width(&self) -> usize {
        self.tokens * (self.features + 1)
    }

    /// Appends one sequence and gives its target. The stream gives w, then for each token x and, where there is noise, that of y.
    pub fn draw(&self, stream: &mut Stream, sequence: &mut Vec<f64>) -> f64 {
        let weights: Vec<f64> = (0..self.features).map(|_| stream.normal()).collect();
        let mut target = 0.0;
        for token in 0..self.tokens {
            target = 0.0;
            for weight in &weights {
                let entry = stream.normal();
                sequence.push(entry);
                target += weight * entry;
            }
            if self.noise > 0.0 {
                target += self.noise * stream.normal();
            }
            sequence.push(if token + 1 < self.tokens { target } else { 0.0 });
        }
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entry_of_each_token_is_one_linear_function_of_the_others() {
        let of = InContext { tokens: 50, features: 20, noise: 0.0 };
        let mut sequence = Vec::new();
        let mut stream = Stream::new(0, "data", "Sequences/x");
        let target = of.draw(&mut stream, &mut sequence);
        assert_eq!(sequence.len(), of.width());
        // w from the first 20 tokens by elimination; all others, and the target, follow it.
        let mut rows: Vec<Vec<f64>> = sequence.chunks_exact(21).map(<[f64]>::to_vec).collect();
        assert_eq!(rows[49][20], 0.0);
        rows[49][20] = target;
        for at in 0..20 {
            let pivot = (at..20).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs())).expect("a row");
            rows.swap(at, pivot);
            for row in (0..50).filter(|&row| row != at) {
                let factor = rows[row][at] / rows[at][at];
                let source = rows[at].clone();
                rows[row].iter_mut().zip(&source).for_each(|(entry, source)| *entry -= factor * source);
            }
        }
        assert!(rows[20..].iter().all(|row| row[20].abs() < 1e-9), "{:?}", rows[49]);
        let mut second = Vec::new();
        assert_ne!(of.draw(&mut stream, &mut second), target);
    }

    #[test]
    fn noise_moves_all_values() {
        let draw = |noise| {
            let mut sequence = Vec::new();
            let target = InContext { tokens: 2, features: 1, noise }.draw(&mut Stream::new(1, "data", ""), &mut sequence);
            (sequence, target)
        };
        let ((clean, _), (noisy, _)) = (draw(0.0), draw(0.5));
        assert_eq!(clean[0], noisy[0]);
        assert_ne!(clean[1], noisy[1]);
    }
}
