//! The local learning coefficient λ by stochastic gradient Langevin dynamics (Lau et al. 2023, *The local learning coefficient*, Eqs. 10 and 15): half the
//! number of parameters at a regular minimum, less where the loss is degenerate.
//!
//! λ̂ = nβ (E[`L_n(w)`] − `L_n(w`*)), the mean over exp(−nβ `L_n(w)` − γ/2 |w − w*|²) with β = 1/ln n. At a finite nβ the mean itself is below λ by about
//! (m − 1)/ln nβ where the multiplicity m is above 1 (Watanabe 2013, *A widely applicable Bayesian information criterion*, Theorem 4), and a step of size ε
//! makes it larger by a part εh/4 in directions of curvature h = nβ ∂²L + γ.

use crate::Unmeasurable;
use crate::curvature::trace::Estimate;
use crate::unmeasurable::{enough, same};
use sym_streams::Stream;

/// A loss that is a mean over n examples, or that of a distribution.
pub trait Loss {
    /// Why a loss may fail.
    type Error;

    /// The number of parameters.
    fn size(&self) -> usize;

    /// `L_n(w)`.
    ///
    /// # Errors
    ///
    /// What the loss says.
    fn value(&mut self, point: &[f64]) -> Result<f64, Self::Error>;

    /// An unbiased estimate of `L_n(w)`, from a batch that the stream chooses or from everything; writes its gradient.
    ///
    /// # Errors
    ///
    /// What the loss says.
    fn sample(&mut self, point: &[f64], batch: &mut Stream, gradient: &mut [f64]) -> Result<f64, Self::Error>;
}

/// How to sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// nβ: examples over the temperature.
    pub inverse_temperature: f64,
    /// γ, the pull towards w*.
    pub localisation: f64,
    /// ε, the variance of the noise of a step.
    pub step: f64,
    /// Independent chains from w*.
    pub chains: usize,
    /// Steps of a chain before the first draw.
    pub burn_in: usize,
    /// Draws of a chain, one a step.
    pub draws: usize,
}

impl Sampler {
    /// nβ = n / ln n for n examples (3 at least, so that the logarithm is above 1).
    pub fn inverse_temperature(examples: usize) -> f64 {
        let count = examples.max(3) as f64;
        count / libm::log(count)
    }
}

/// The learning coefficient with what it is estimated from.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCoefficient {
    /// λ̂, with the standard error that differs from chain to chain.
    pub estimate: Estimate,
    /// λ̂ of each chain.
    pub chains: Vec<f64>,
}

/// λ̂ at a point w*. Chain i draws its noise from `streams(i)` and then its batches.
///
/// # Errors
///
/// What the loss fails for; a point of another size, fewer than two chains or two draws, a chain that leaves for infinity, chains that have not come to rest.
pub fn learning_coefficient<L: Loss>(
    loss: &mut L,
    at: &[f64],
    sampler: &Sampler,
    mut streams: impl FnMut(usize) -> Stream,
) -> Result<Result<LearningCoefficient, Unmeasurable>, L::Error> {
    let checked = same("parameters", at.len(), loss.size())
        .and_then(|()| enough("chains", sampler.chains, 2))
        .and_then(|()| enough("draws", sampler.draws, 2));
    if let Err(problem) = checked {
        return Ok(Err(problem));
    }
    let lowest = loss.value(at)?;
    let (mut chains, mut drifts) = (Vec::with_capacity(sampler.chains), Vec::with_capacity(sampler.chains));
    for chain in 0..sampler.chains {
        let [first, second] = halves_of_chain(loss, at, sampler, &mut streams(chain))?;
        let share = sampler.draws.div_ceil(2) as f64 / sampler.draws as f64;
        let whole = share * first + (1.0 - share) * second;
        let value = sampler.inverse_temperature * (whole - lowest);
        if !value.is_finite() {
            return Ok(Err(Unmeasurable::NotFinite));
        }
        chains.push(value);
        drifts.push(sampler.inverse_temperature * (second - first));
    }
    let (estimate, drift) = (Estimate::of(&chains), Estimate::of(&drifts));
    if drift.mean.abs() > MOVING * estimate.mean.abs() && drift.mean.abs() > CERTAIN * drift.error {
        return Ok(Err(Unmeasurable::NotStationary));
    }
    Ok(Ok(LearningCoefficient { estimate, chains }))
}

/// Chains whose mean changes from the first half of the draws to the second by more than this share of the estimate, and by more than so many standard
/// errors, have not come to rest.
const MOVING: f64 = 0.25;
const CERTAIN: f64 = 4.0;

/// E[`L_n(w)`] over either half of the draws of one chain: w ← w − ε/2 (nβ ∇L(w) + γ(w − w*)) + N(0, ε).
fn halves_of_chain<L: Loss>(loss: &mut L, at: &[f64], sampler: &Sampler, stream: &mut Stream) -> Result<[f64; 2], L::Error> {
    let mut point = at.to_vec();
    let mut gradient = vec![0.0; at.len()];
    let (half, noise) = (0.5 * sampler.step, sampler.step.sqrt());
    let mut sums = [0.0; 2];
    for step in 0..sampler.burn_in + sampler.draws {
        let value = loss.sample(&point, stream, &mut gradient)?;
        if !value.is_finite() {
            return Ok([f64::NAN; 2]);
        }
        if let Some(draw) = step.checked_sub(sampler.burn_in) {
            sums[usize::from(2 * draw >= sampler.draws)] += value;
        }
        for ((entry, slope), centre) in point.iter_mut().zip(&gradient).zip(at) {
            let pull = sampler.inverse_temperature * slope + sampler.localisation * (*entry - centre);
            *entry += -half * pull + noise * stream.normal();
        }
    }
    let first = sampler.draws.div_ceil(2);
    Ok([sums[0] / first as f64, sums[1] / (sampler.draws - first) as f64])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(chain: usize) -> Stream {
        Stream::new(11, "test", &format!("chain {chain}"))
    }

    /// ½ ∑ hᵢ wᵢ².
    struct Quadratic(Vec<f64>);

    impl Loss for Quadratic {
        type Error = ();

        fn size(&self) -> usize {
            self.0.len()
        }

        fn value(&mut self, point: &[f64]) -> Result<f64, ()> {
            Ok(self.0.iter().zip(point).map(|(h, w)| 0.5 * h * w * w).sum())
        }

        fn sample(&mut self, point: &[f64], _: &mut Stream, gradient: &mut [f64]) -> Result<f64, ()> {
            gradient.iter_mut().zip(self.0.iter().zip(point)).for_each(|(slope, (h, w))| *slope = h * w);
            self.value(point)
        }
    }

    #[test]
    fn a_regular_minimum_has_half_its_parameters() {
        let curvatures = vec![1.0, 2.0, 0.5, 1.5, 1.0, 3.0];
        let sampler =
            Sampler { inverse_temperature: 1_000.0, localisation: 1.0, step: 2e-4, chains: 8, burn_in: 500, draws: 8_000 };
        let found = learning_coefficient(&mut Quadratic(curvatures.clone()), &[0.0; 6], &sampler, stream).expect("never fails");
        let found = found.expect("finite").estimate;
        // The stationary variance of a linear recursion with a step ε is 1/(h(1 − εh/4)), h = nβ hᵢ + γ.
        let exact: f64 = curvatures
            .iter()
            .map(|curvature| {
                let pull = 1_000.0 * curvature + 1.0;
                0.5 * 1_000.0 * curvature / (pull * (1.0 - 2e-4 * pull / 4.0))
            })
            .sum();
        assert!((found.mean - exact).abs() < 4.0 * found.error, "{found:?} {exact}");
        assert!((exact - 3.0).abs() < 0.3, "d/2, but for the size of a step");
    }

    #[test]
    fn parameters_that_do_nothing_do_not_count() {
        let sampler =
            Sampler { inverse_temperature: 1_000.0, localisation: 1.0, step: 2e-4, chains: 8, burn_in: 500, draws: 4_000 };
        let found = learning_coefficient(&mut Quadratic(vec![1.0, 0.0, 1.0, 0.0]), &[0.0; 4], &sampler, stream);
        let found = found.expect("never fails").expect("finite").estimate;
        assert!((found.mean - 1.0).abs() < 4.0 * found.error + 0.06, "{found:?}");
    }

    #[test]
    fn chains_that_still_climb_have_no_coefficient() {
        // Each step goes a thousandth of the way to rest: the mean of the second half is three times that of the first.
        let sampler =
            Sampler { inverse_temperature: 1_000.0, localisation: 1.0, step: 2e-9, chains: 8, burn_in: 0, draws: 1_000 };
        let found = learning_coefficient(&mut Quadratic(vec![1.0; 40]), &[0.0; 40], &sampler, stream).expect("never fails");
        assert_eq!(found, Err(Unmeasurable::NotStationary));
    }

    /// The mean of ½|w − xᵢ|² over examples, in batches of 50.
    struct Location(Vec<[f64; 2]>);

    impl Loss for Location {
        type Error = ();

        fn size(&self) -> usize {
            2
        }

        fn value(&mut self, point: &[f64]) -> Result<f64, ()> {
            let square = |x: &[f64; 2]| 0.5 * ((point[0] - x[0]).powi(2) + (point[1] - x[1]).powi(2));
            Ok(self.0.iter().map(square).sum::<f64>() / self.0.len() as f64)
        }

        fn sample(&mut self, point: &[f64], batch: &mut Stream, gradient: &mut [f64]) -> Result<f64, ()> {
            gradient.fill(0.0);
            let mut sum = 0.0;
            for _ in 0..50 {
                let x = self.0[batch.below(self.0.len() as u64) as usize];
                for at in 0..2 {
                    let away = point[at] - x[at];
                    gradient[at] += away / 50.0;
                    sum += 0.5 * away * away / 50.0;
                }
            }
            Ok(sum)
        }
    }

    #[test]
    fn batches_estimate_the_same_coefficient_where_their_noise_is_below_that_of_a_step() {
        let mut data = Stream::new(12, "test", "location");
        let examples: Vec<[f64; 2]> = (0..200).map(|_| [0.1 * data.normal(), 0.1 * data.normal()]).collect();
        let centre = [0, 1].map(|at| examples.iter().map(|x| x[at]).sum::<f64>() / 200.0);
        let inverse_temperature = Sampler::inverse_temperature(200);
        let sampler = Sampler { inverse_temperature, localisation: 1.0, step: 1e-3, chains: 8, burn_in: 1_000, draws: 20_000 };
        let found =
            learning_coefficient(&mut Location(examples), &centre, &sampler, stream).expect("never fails").expect("finite");
        // nβ = 37.7: shrunk by γ to 0.974. Noise of batches adds (ε/2 nβ)² · 0.01/50 to ε: 7e-5 of it.
        let exact = inverse_temperature / (inverse_temperature + 1.0);
        assert!((found.estimate.mean - exact).abs() < 4.0 * found.estimate.error + 0.01, "{found:?} {exact}");
    }

    /// Reduced-rank regression y = `BAx` + noise with the true map zero and white inputs: `½‖BA‖²_F`, for A of h × m and B of n × h entries.
    struct ReducedRank {
        inputs: usize,
        hidden: usize,
        outputs: usize,
    }

    impl ReducedRank {
        fn product(&self, point: &[f64]) -> Vec<f64> {
            let (a, b) = point.split_at(self.hidden * self.inputs);
            let mut product = vec![0.0; self.outputs * self.inputs];
            for (row, out) in product.chunks_mut(self.inputs).enumerate() {
                for unit in 0..self.hidden {
                    let factor = b[row * self.hidden + unit];
                    let inner = &a[unit * self.inputs..(unit + 1) * self.inputs];
                    out.iter_mut().zip(inner).for_each(|(out, inner)| *out += factor * inner);
                }
            }
            product
        }

        /// λ and its multiplicity by Aoyagi and Watanabe 2005, *Stochastic complexities of reduced rank regression in Bayesian estimation*, Theorem 1, for
        /// true rank r = 0.
        fn exact(&self) -> (f64, u32) {
            let (m, h, n) = (self.inputs as i64, self.hidden as i64, self.outputs as i64);
            if n <= m + h && m <= n + h && h <= m + n {
                let sum = -h * h - m * m - n * n + 2 * h * m + 2 * h * n + 2 * m * n;
                if (m + h + n) % 2 == 0 { (sum as f64 / 8.0, 1) } else { ((sum + 1) as f64 / 8.0, 2) }
            } else if m + h < n {
                ((h * m) as f64 / 2.0, 1)
            } else if n + h < m {
                ((h * n) as f64 / 2.0, 1)
            } else {
                ((m * n) as f64 / 2.0, 1)
            }
        }
    }

    impl Loss for ReducedRank {
        type Error = ();

        fn size(&self) -> usize {
            self.hidden * (self.inputs + self.outputs)
        }

        fn value(&mut self, point: &[f64]) -> Result<f64, ()> {
            Ok(0.5 * self.product(point).iter().map(|entry| entry * entry).sum::<f64>())
        }

        fn sample(&mut self, point: &[f64], _: &mut Stream, gradient: &mut [f64]) -> Result<f64, ()> {
            let error = self.product(point);
            let (a, b) = point.split_at(self.hidden * self.inputs);
            let (to_a, to_b) = gradient.split_at_mut(self.hidden * self.inputs);
            to_a.fill(0.0);
            for (row, error) in error.chunks(self.inputs).enumerate() {
                for unit in 0..self.hidden {
                    let inner = unit * self.inputs..(unit + 1) * self.inputs;
                    let factor = b[row * self.hidden + unit];
                    to_a[inner.clone()].iter_mut().zip(error).for_each(|(slope, error)| *slope += factor * error);
                    to_b[row * self.hidden + unit] = a[inner].iter().zip(error).map(|(inner, error)| inner * error).sum();
                }
            }
            Ok(0.5 * error.iter().map(|entry| entry * entry).sum::<f64>())
        }
    }

    #[test]
    fn the_formula_for_reduced_rank_regression_has_the_known_values() {
        let exact = |inputs, hidden, outputs| ReducedRank { inputs, hidden, outputs }.exact();
        assert_eq!((exact(5, 3, 5), exact(5, 4, 5)), ((6.5, 2), (8.0, 1)));
        // One of each: ab = 0 has the coefficient ½ with multiplicity 2. A hidden layer wider than both sides: all of a full matrix.
        assert_eq!((exact(1, 1, 1), exact(2, 9, 3)), ((0.5, 2), (3.0, 1)));
    }

    #[test]
    fn reduced_rank_regression_with_true_map_zero_has_the_exact_coefficient() {
        for hidden in [3, 4] {
            let mut model = ReducedRank { inputs: 5, hidden, outputs: 5 };
            let (exact, _) = model.exact();
            // 117,000 examples: nβ = 10,027.
            let inverse_temperature = Sampler::inverse_temperature(117_000);
            let sampler =
                Sampler { inverse_temperature, localisation: 1.0, step: 1e-5, chains: 16, burn_in: 8_000, draws: 40_000 };
            let size = model.size();
            let found =
                learning_coefficient(&mut model, &vec![0.0; size], &sampler, stream).expect("never fails").expect("finite");
            // The leading correction at a finite temperature is (m − 1)/ln nβ with m at most 2; those beyond it, of γ and of ε together are taken as no larger.
            let away = (found.estimate.mean - exact).abs();
            let stated = 4.0 * found.estimate.error + 2.0 / libm::log(inverse_temperature);
            assert!(away < stated, "{hidden}: {:?}, exact {exact}", found.estimate);
            assert!(found.estimate.error < 0.1, "{:?}", found.estimate);
        }
    }

    #[test]
    fn a_chain_that_diverges_and_a_point_of_another_size_are_refused() {
        let sampler = Sampler { inverse_temperature: 1e6, localisation: 1.0, step: 1.0, chains: 2, burn_in: 0, draws: 400 };
        let found = learning_coefficient(&mut Quadratic(vec![1.0]), &[0.0], &sampler, stream).expect("never fails");
        assert_eq!(found.err(), Some(Unmeasurable::NotFinite));
        assert!(learning_coefficient(&mut Quadratic(vec![1.0]), &[0.0, 0.0], &sampler, stream).expect("never fails").is_err());
        let one = Sampler { chains: 1, ..sampler };
        assert!(learning_coefficient(&mut Quadratic(vec![1.0]), &[0.0], &one, stream).expect("never fails").is_err());
    }
}
