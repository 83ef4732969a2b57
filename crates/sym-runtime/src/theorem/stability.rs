//! From curvature to stability: where an optimiser becomes unstable, and how fast it amplifies what lies across a symmetric state.
//!
//! Along an eigenvector with eigenvalue λ a step is linear, with a characteristic root r: a perturbation grows where |r| > 1. For
//! gradient descent r = 1 − ηλ. Adam is linearised with its preconditioner P = √v̂ + ε held still (Cohen et al. 2022, *Adaptive gradient
//! methods at the edge of stability*), so λ is an eigenvalue of P^{-1/2} H P^{-1/2}. There the result is an estimate, not a bound: P itself
//! depends on the gradient.

use super::curvature::Eigenvalues;
use sym_ir::experiment::{DecayKind, Optimizer, Rule};

/// The part of the largest stable curvature that a run reaches: ηλ/2 for gradient descent, ηλ/(2 + 2μ) with heavy-ball momentum μ,
/// ηλ(1 + 2μ)/(2 + 2μ) with Nesterov's, ηλ(1 − β₁)/(2 + 2β₁) for Adam. Beyond 1 a step overshoots by more than it gains.
pub(super) fn edge(optimizer: Optimizer, sharpness: f64) -> f64 {
    let step = optimizer.learning_rate * (sharpness + decay_after_preconditioning(optimizer));
    match optimizer.rule {
        Rule::Sgd { momentum, nesterov: false } => step / (2.0 * (1.0 + momentum)),
        Rule::Sgd { momentum, nesterov: true } => step * (1.0 + 2.0 * momentum) / (2.0 * (1.0 + momentum)),
        Rule::Adam { beta1, .. } => step * (1.0 - beta1) / (2.0 * (1.0 + beta1)),
    }
}

/// The coefficient of weight decay that acts on θ beside the preconditioned gradient; decay within the gradient is part of the curvature.
fn decay_after_preconditioning(optimizer: Optimizer) -> f64 {
    if optimizer.decay_kind == DecayKind::Decoupled { optimizer.decay } else { 0.0 }
}

/// log r a step, where r > 1 is the characteristic root at a curvature λ < 0; 0 at other curvatures. At most η|λ|/(1 − μ).
pub(super) fn amplification(optimizer: Optimizer, curvature: f64) -> f64 {
    let fall = -optimizer.learning_rate * (curvature + decay_after_preconditioning(optimizer));
    if fall <= 0.0 {
        return 0.0;
    }
    // r² − (trace) r + (determinant) = 0 for the map of (θ, velocity).
    let (trace, determinant) = match optimizer.rule {
        Rule::Sgd { momentum, nesterov: false } => (1.0 + momentum + fall, momentum),
        Rule::Sgd { momentum, nesterov: true } => ((1.0 + momentum) * (1.0 + fall), momentum * (1.0 + fall)),
        // A mean of gradients is heavy-ball momentum with the rate (1 − β₁)η.
        Rule::Adam { beta1, .. } => (1.0 + beta1 + (1.0 - beta1) * fall, beta1),
    };
    libm::log(0.5 * (trace + (trace * trace - 4.0 * determinant).sqrt()))
}

/// A rate of growth a step, measured at a few places of a run and linear between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Growth {
    places: Vec<(u64, f64)>,
}

impl Growth {
    /// The rates that one curvature of each place gives.
    pub fn new(optimizer: Optimizer, places: &[(u64, Eigenvalues)], curvature: impl Fn(&Eigenvalues) -> f64) -> Self {
        Self { places: places.iter().map(|(step, found)| (*step, amplification(optimizer, curvature(found)))).collect() }
    }

    /// ∑ of the rates from one step to another.
    fn sum(&self, from: u64, to: u64) -> f64 {
        let rate = |step: u64| -> f64 {
            let after = self.places.partition_point(|(place, _)| *place <= step);
            match (after.checked_sub(1).map(|at| self.places[at]), self.places.get(after)) {
                (Some((low, before)), Some(&(high, next))) => {
                    before + (next - before) * (step - low) as f64 / (high - low) as f64
                }
                (Some((_, rate)), None) | (None, Some(&(_, rate))) => rate,
                (None, None) => 0.0,
            }
        };
        let inside = self.places.iter().map(|(place, _)| *place).filter(|place| (from + 1..to).contains(place));
        let marks: Vec<u64> = std::iter::once(from).chain(inside).chain(std::iter::once(to)).collect();
        marks.windows(2).map(|pair| (pair[1] - pair[0]) as f64 * 0.5 * (rate(pair[0]) + rate(pair[1]))).sum()
    }

    /// ∏ r over a run, or over the worst stretch of `reset` steps where perturbations are removed that often.
    pub fn factor(&self, steps: u64, reset: Option<u64>) -> f64 {
        let stretch = reset.unwrap_or(steps).clamp(1, steps.max(1));
        let mut worst = 0.0f64;
        let mut from = 0;
        while from < steps {
            let to = from.saturating_add(stretch).min(steps);
            worst = worst.max(self.sum(from, to));
            from = to;
        }
        libm::exp(worst)
    }
}

#[cfg(test)]
mod tests {
    use super::{Growth, amplification, edge};
    use sym_ir::experiment::{DecayKind, Optimizer, Rule};

    fn optimizer(rule: Rule) -> Optimizer {
        Optimizer { rule, learning_rate: 0.1, decay: 0.0, decay_kind: DecayKind::Coupled, batch: None }
    }

    /// The size of a perturbation after steps on the loss λθ²/2, by the update rule itself.
    fn simulated(rule: Rule, curvature: f64, steps: u32) -> f64 {
        let (mut at, mut velocity) = (1.0f64, 0.0f64);
        for _ in 0..steps {
            let gradient = curvature * at;
            let direction = match rule {
                Rule::Sgd { momentum, nesterov } => {
                    velocity = momentum * velocity + gradient;
                    if nesterov { gradient + momentum * velocity } else { velocity }
                }
                // With the preconditioner at 1.
                Rule::Adam { beta1, .. } => {
                    velocity = beta1 * velocity + (1.0 - beta1) * gradient;
                    velocity
                }
            };
            at -= 0.1 * direction;
        }
        at.abs()
    }

    const RULES: [Rule; 4] = [
        Rule::Sgd { momentum: 0.0, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ];

    #[test]
    fn below_the_edge_a_step_contracts_and_beyond_it_a_step_expands() {
        for rule in RULES {
            let limit = 1.0 / edge(optimizer(rule), 1.0);
            assert!(simulated(rule, 0.98 * limit, 2_000) < 1e-3, "{rule:?}");
            assert!(simulated(rule, 1.02 * limit, 2_000) > 1e3, "{rule:?}");
        }
    }

    #[test]
    fn negative_curvature_amplifies_as_the_characteristic_root_says() {
        for rule in RULES {
            let rate = amplification(optimizer(rule), -0.05);
            let measured = (simulated(rule, -0.05, 2_000) / simulated(rule, -0.05, 1_000)).ln() / 1_000.0;
            assert!((rate - measured).abs() < 1e-9, "{rule:?}: {rate} {measured}");
        }
    }

    #[test]
    fn decay_holds_back_what_curvature_amplifies() {
        let decayed = Optimizer { decay: 0.05, decay_kind: DecayKind::Decoupled, ..optimizer(RULES[3]) };
        assert_eq!(amplification(decayed, -0.05), 0.0);
        assert!(amplification(decayed, -0.06) > 0.0);
    }

    #[test]
    fn growth_starts_again_after_every_projection() {
        let growth = Growth { places: vec![(0, 0.0), (50, 0.1), (100, 0.1)] };
        assert!((growth.factor(100, None).ln() - 7.5).abs() < 1e-12);
        assert!((growth.factor(100, Some(10)).ln() - 1.0).abs() < 1e-12);
    }
}
