//! Named streams of random numbers: the same on every machine, independent of each other and of the order in which they are read.
//!
//! A stream is `ChaCha12` under the key blake3(seed, purpose, path), so that adding a parameter, a probe or a data set changes no other
//! stream. Transforms use `libm`, never the platform's functions.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// Numbers that one thread draws at a time: an even count.
const SHARE: usize = 1 << 14;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    source: ChaCha12Rng,
    /// The second number of the last Box–Muller pair.
    spare: Option<f64>,
}

impl Stream {
    /// The stream of a purpose (`init`, `batches`) and a path (`fc1.weight`, an epoch's number) under a seed.
    pub fn new(seed: u64, purpose: &str, path: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("sym random stream, version 1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(&(purpose.len() as u64).to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(path.as_bytes());
        Self { source: ChaCha12Rng::from_seed(*hasher.finalize().as_bytes()), spare: None }
    }

    /// Uniform on [0, 1): a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.source.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let [first, second] = self.pair();
        self.spare = Some(second);
        first
    }

    /// Two independent normal numbers.
    fn pair(&mut self) -> [f64; 2] {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * self.unit());
        [radius * cosine, radius * sine]
    }

    /// Fills `values` with what [`Self::normal`] gives in turn; threads share the work.
    pub fn fill_normal(&mut self, values: &mut [f64]) {
        let (first, values) = values.split_at_mut(usize::from(self.spare.is_some()).min(values.len()));
        for value in first {
            *value = self.normal();
        }
        let (pairs, last) = values.split_at_mut(values.len() / 2 * 2);
        self.shared(pairs, |stream, share| {
            for pair in share.chunks_exact_mut(2) {
                pair.copy_from_slice(&stream.pair());
            }
        });
        for value in last {
            *value = self.normal();
        }
    }

    /// Fills `values` with what [`Self::uniform`] gives in turn; threads share the work.
    pub fn fill_uniform(&mut self, low: f64, high: f64, values: &mut [f64]) {
        self.shared(values, |stream, share| share.iter_mut().for_each(|value| *value = stream.uniform(low, high)));
    }

    /// Fills shares of `values`, each by a stream that stands where this one would: an entry takes one number of 64 bits. This one then stands behind
    /// all of them.
    fn shared(&mut self, values: &mut [f64], fill: impl Fn(&mut Self, &mut [f64]) + Sync) {
        if values.len() <= SHARE {
            return fill(self, values);
        }
        let words = |numbers: usize| 2 * numbers as u128;
        let start = self.source.get_word_pos();
        values.par_chunks_mut(SHARE).enumerate().for_each(|(at, share)| {
            let mut stream = Self { source: self.source.clone(), spare: None };
            stream.source.set_word_pos(start + words(at * SHARE));
            fill(&mut stream, share);
        });
        self.source.set_word_pos(start + words(values.len()));
    }

    /// Uniform on 0..bound, without bias (Lemire 2019).
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below 0");
        let refused = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.source.next_u64()) * u128::from(bound);
            if product as u64 >= refused {
                return (product >> 64) as u64;
            }
        }
    }

    /// A random order of 0..count (Fisher and Yates).
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_the_same_bits_everywhere() {
        let mut stream = Stream::new(7, "init", "fc1.weight");
        let mut bits: Vec<u64> = Vec::new();
        bits.extend([stream.unit().to_bits(), stream.unit().to_bits()]);
        bits.extend([stream.normal().to_bits(), stream.normal().to_bits(), stream.normal().to_bits()]);
        let order = Stream::new(7, "batches", "0").order(8);
        let unit = [4_607_069_579_178_483_105, 4_600_769_135_822_879_870];
        let normal = [4_590_864_549_257_629_200, 4_578_508_056_232_057_682, 4_607_850_966_107_864_840];
        assert_eq!(bits, [&unit[..], &normal[..]].concat());
        assert_eq!(order, [5, 2, 7, 1, 0, 3, 4, 6]);
    }

    #[test]
    fn purpose_and_path_do_not_run_into_each_other() {
        assert_ne!(Stream::new(0, "ab", "c").unit(), Stream::new(0, "a", "bc").unit());
        assert_ne!(Stream::new(0, "a", "").unit(), Stream::new(1, "a", "").unit());
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let mut stream = Stream::new(1, "moments", "");
        let count = 40_000;
        let numbers: Vec<f64> = (0..count).map(|_| stream.normal()).collect();
        let moment = |power: i32| numbers.iter().map(|number| number.powi(power)).sum::<f64>() / f64::from(count);
        // Five standard errors: √(1/n), √(2/n), √(96/n).
        assert!(moment(1).abs() < 0.025);
        assert!((moment(2) - 1.0).abs() < 0.036);
        assert!((moment(4) - 3.0).abs() < 0.245);
    }

    #[test]
    fn many_numbers_at_once_are_those_in_turn() {
        for (skipped, count) in [(0, 0), (0, 1), (1, 1), (1, 2), (0, 2 * SHARE + 3), (1, 2 * SHARE + 4), (3, SHARE)] {
            let (mut together, mut in_turn) = (Stream::new(4, "fill", ""), Stream::new(4, "fill", ""));
            for _ in 0..skipped {
                assert_eq!(together.normal(), in_turn.normal());
            }
            let (mut normal, mut uniform) = (vec![0.0; count], vec![0.0; count]);
            together.fill_normal(&mut normal);
            together.fill_uniform(-1.0, 2.0, &mut uniform);
            assert!(normal.iter().all(|&number| number == in_turn.normal()), "{skipped} {count}");
            assert!(uniform.iter().all(|&number| number == in_turn.uniform(-1.0, 2.0)), "{skipped} {count}");
            assert_eq!((together.normal(), together.unit()), (in_turn.normal(), in_turn.unit()), "{skipped} {count}");
        }
    }

    #[test]
    fn bounded_numbers_are_uniform() {
        let mut stream = Stream::new(2, "bounded", "");
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            counts[stream.below(3) as usize] += 1;
        }
        // Five standard deviations of a binomial count.
        assert!(counts.iter().all(|&count| (f64::from(count) - 10_000.0).abs() < 410.0), "{counts:?}");
    }

    #[test]
    fn an_order_holds_every_position_once() {
        let mut order = Stream::new(3, "order", "").order(100);
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
