//! Update rules on the host: the fused steps of `sym-kernels`, bit for bit those of [`crate::optim`].

use super::planned::Number;
use crate::optim::names;
use sym_ir::experiment::{DecayKind, Optimizer, Rule};
use sym_kernels::optimiser::{Adam, Decay, Entries, Sgd};

/// A parameter's share of an optimiser.
#[derive(Debug, Clone)]
pub struct Share<T> {
    /// What is remembered, in the order of [`names`]; empty before the first step.
    pub memory: Vec<Vec<T>>,
    /// What gradients are divided by.
    pub divisors: Option<Vec<T>>,
    /// What the decay of each entry is times.
    pub decay_weights: Option<Vec<T>>,
    /// Entries that never move.
    pub frozen: Option<Vec<bool>>,
}

/// Moves a parameter by its gradient; `step` counts from 1.
pub fn update<T: Number>(settings: &Optimizer, step: u64, share: &mut Share<T>, value: &mut [T], gradient: &[T]) {
    let own = names(settings.rule);
    if share.memory.len() != own.len() {
        share.memory = own.iter().map(|_| vec![T::rounded(0.0); value.len()]).collect();
    }
    let Optimizer { rule, learning_rate, decay, decay_kind, .. } = *settings;
    let decay = match decay_kind {
        DecayKind::Coupled => Decay::Coupled(decay),
        DecayKind::Decoupled => Decay::Decoupled(decay),
    };
    let entries = Entries {
        divisors: share.divisors.as_deref(),
        decay_weights: share.decay_weights.as_deref(),
        frozen: share.frozen.as_deref(),
    };
    match rule {
        Rule::Sgd { momentum, nesterov } => {
            let velocity = share.memory.first_mut().map_or(&mut [][..], |velocity| &mut velocity[..]);
            Sgd { learning_rate, momentum, nesterov, decay }.step(step, value, gradient, velocity, entries);
        }
        Rule::Adam { beta1, beta2, epsilon } => {
            let [first, second] = &mut share.memory[..] else { unreachable!("Adam remembers two moments") };
            Adam { learning_rate, beta1, beta2, epsilon, decay }.step(step, value, gradient, first, second, entries);
        }
    }
}
