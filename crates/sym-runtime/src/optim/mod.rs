//! Update rules on the device, with double-precision hyperparameters and PyTorch's formulas.
//!
//! Parameters and gradients are flat tensors without a record of operations; nothing passes through the host.

mod adam;
mod sgd;

use burn::tensor::{Bool, Tensor};
use sym_ir::experiment::{DecayKind, Optimizer, Rule};

/// What an optimiser remembers of one parameter between steps, by name: nothing before the first step.
pub type Slots = Vec<(&'static str, Tensor<1>)>;

/// The names of what a rule remembers of each parameter after a step.
pub fn names(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::Sgd { momentum: 0.0, .. } => &[],
        Rule::Sgd { .. } => &[sgd::MOMENTUM],
        Rule::Adam { .. } => &[adam::FIRST, adam::SECOND],
    }
}

/// An update rule with its memory.
#[derive(Debug, Clone)]
pub struct Updater {
    settings: Optimizer,
    /// A factor on the learning rate of the present step.
    rate: f64,
    /// Steps done.
    step: u64,
    /// Memory by parameter.
    slots: Vec<Slots>,
    /// What data gradients are divided by, entry for entry; see [`Updater::with_divisors`].
    divisors: Vec<Option<Tensor<1>>>,
    /// What the decay of each entry is times; see [`Updater::with_decay_weights`].
    decay_weights: Vec<Option<Tensor<1>>>,
    /// Which entries never move; see [`Updater::with_masks`].
    masks: Vec<Option<Tensor<1, Bool>>>,
}

impl Updater {
    /// A fresh optimiser for a number of parameters.
    pub fn new(settings: Optimizer, parameters: usize) -> Self {
        let none = vec![None; parameters];
        let slots = vec![Vec::new(); parameters];
        Self { settings, rate: 1.0, step: 0, slots, divisors: none.clone(), decay_weights: none, masks: vec![None; parameters] }
    }

    /// Divides the gradient of each parameter, entry for entry, before the update rule and its decay see it: in a reduced model whose
    /// entries stand for m equal ones of a full model, dividing by m makes the entries move as those of the full model do.
    ///
    /// # Panics
    ///
    /// If there is not one divisor (or `None`) a parameter.
    #[must_use]
    pub fn with_divisors(mut self, divisors: Vec<Option<Tensor<1>>>) -> Self {
        assert_eq!(divisors.len(), self.slots.len(), "one divisor a parameter");
        self.divisors = divisors;
        self
    }

    /// Multiplies the decay of each parameter, entry for entry: `γ‖θ‖²_D` with the diagonal D of syre (Ziyin et al. 2024).
    ///
    /// # Panics
    ///
    /// If there is not one weight (or `None`) a parameter.
    #[must_use]
    pub fn with_decay_weights(mut self, weights: Vec<Option<Tensor<1>>>) -> Self {
        assert_eq!(weights.len(), self.slots.len(), "one weight a parameter");
        self.decay_weights = weights;
        self
    }

    /// Leaves entries where they are: neither gradient nor decay nor momentum moves those of a mask.
    ///
    /// # Panics
    ///
    /// If there is not one mask (or `None`) a parameter.
    #[must_use]
    pub fn with_masks(mut self, masks: Vec<Option<Tensor<1, Bool>>>) -> Self {
        assert_eq!(masks.len(), self.slots.len(), "one mask a parameter");
        self.masks = masks;
        self
    }

    /// The number of steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// What is remembered, by parameter.
    pub fn slots(&self) -> &[Slots] {
        &self.slots
    }

    /// The names of what is remembered after a step.
    pub fn slot_names(&self) -> &'static [&'static str] {
        names(self.settings.rule)
    }

    /// Goes on from a memory that [`Updater::slots`] gave after `step` steps.
    pub fn restore(&mut self, step: u64, slots: Vec<Slots>) {
        self.step = step;
        self.slots = slots;
    }

    /// Whether a memory of this name holds squares of gradients.
    pub fn is_square(slot: &str) -> bool {
        slot == adam::SECOND
    }

    /// What Adam divides the mean gradient of a parameter by at the next step, √v̂ + ε; `None` for another rule and before the first step.
    pub fn preconditioner(&self, at: usize) -> Option<Tensor<1>> {
        let Rule::Adam { beta2, epsilon, .. } = self.settings.rule else { return None };
        let (_, second) = self.slots[at].iter().find(|(name, _)| Self::is_square(name))?;
        Some(adam::denominator(second, beta2, epsilon, self.step))
    }

    /// Begins a step: call once, then [`Updater::update`] for each parameter.
    pub fn begin(&mut self) {
        self.begin_at(1.0);
    }

    /// Begins a step with a factor on the learning rate.
    pub fn begin_at(&mut self, rate: f64) {
        self.step += 1;
        self.rate = rate;
    }

    /// The new value of the parameter at this position.
    pub fn update(&mut self, at: usize, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let Some(mask) = self.masks[at].clone() else { return self.updated(at, value, gradient) };
        let before = value.clone();
        self.updated(at, value, gradient).mask_where(mask, before)
    }

    fn updated(&mut self, at: usize, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let Optimizer { rule, decay, decay_kind, .. } = self.settings;
        let learning_rate = self.settings.learning_rate * self.rate;
        let mut gradient = match &self.divisors[at] {
            Some(divisor) => gradient / divisor.clone(),
            None => gradient,
        };
        let mut value = value;
        if decay != 0.0 {
            let weighted = |value: &Tensor<1>| match &self.decay_weights[at] {
                Some(weights) => value.clone() * weights.clone(),
                None => value.clone(),
            };
            match decay_kind {
                DecayKind::Coupled => gradient = gradient + weighted(&value).mul_scalar(decay),
                DecayKind::Decoupled if self.decay_weights[at].is_none() => {
                    value = value.mul_scalar(1.0 - learning_rate * decay);
                }
                DecayKind::Decoupled => value = value.clone() - weighted(&value).mul_scalar(learning_rate * decay),
            }
        }
        match rule {
            Rule::Sgd { momentum, nesterov } => {
                sgd::update(value, gradient, learning_rate, momentum, nesterov, &mut self.slots[at])
            }
            Rule::Adam { beta1, beta2, epsilon } => {
                let adam = adam::Adam { learning_rate, beta1, beta2, epsilon, step: self.step };
                adam.update(value, gradient, &mut self.slots[at])
            }
        }
    }
}

#[cfg(test)]
mod tests;
