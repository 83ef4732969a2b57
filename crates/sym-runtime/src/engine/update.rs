//! Update rules on the host: the fused steps of `sym-kernels`, bit for bit those of [`crate::optim`].

use super::planned::Number;
use crate::optim::names;
use sym_ir::experiment::{DecayKind, Optimizer, Rule};
use sym_kernels::optimiser::{Adam, Decay, Entries, Sgd};
use sym_kernels::share::parts;

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
    let [mut first, mut second]: [&mut [T]; 2] = Default::default();
    match &mut share.memory[..] {
        [] => {}
        [one] => first = one,
        [one, two, ..] => (first, second) = (one, two),
    }
    let parts = parts(value.len() * OPERATIONS);
    let part = Part { value, gradient, first, second, entries };
    part.divided(parts, &|Part { value, gradient, first, second, entries }| match rule {
        Rule::Sgd { momentum, nesterov } => {
            Sgd { learning_rate, momentum, nesterov, decay }.step(step, value, gradient, first, entries);
        }
        Rule::Adam { beta1, beta2, epsilon } => {
            Adam { learning_rate, beta1, beta2, epsilon, decay }.step(step, value, gradient, first, second, entries);
        }
    });
}

/// Operations an entry, about.
const OPERATIONS: usize = 10;

/// Successive entries of a parameter and of all that belongs to them; what is not remembered is empty.
struct Part<'a, T> {
    value: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
    entries: Entries<'a, T>,
}

impl<T: Number> Part<'_, T> {
    /// Does a step of every entry, in parts that run at once.
    fn divided(self, parts: usize, step: &(impl Fn(Part<'_, T>) + Sync)) {
        if parts < 2 {
            return step(self);
        }
        let Self { value, gradient, first, second, entries } = self;
        let at = value.len() / parts * (parts / 2);
        let (values, gradients) = (value.split_at_mut(at), gradient.split_at(at));
        let firsts = first.split_at_mut(at.min(first.len()));
        let seconds = second.split_at_mut(at.min(second.len()));
        let Entries { divisors, decay_weights, frozen } = entries;
        let before = Entries {
            divisors: divisors.map(|values| &values[..at]),
            decay_weights: decay_weights.map(|values| &values[..at]),
            frozen: frozen.map(|values| &values[..at]),
        };
        let behind = Entries {
            divisors: divisors.map(|values| &values[at..]),
            decay_weights: decay_weights.map(|values| &values[at..]),
            frozen: frozen.map(|values| &values[at..]),
        };
        let before = Part { value: values.0, gradient: gradients.0, first: firsts.0, second: seconds.0, entries: before };
        let behind = Part { value: values.1, gradient: gradients.1, first: firsts.1, second: seconds.1, entries: behind };
        rayon::join(|| before.divided(parts / 2, step), || behind.divided(parts - parts / 2, step));
    }
}
