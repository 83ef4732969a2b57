//! Steps of gradient descent and Adam in one pass over memory.
//!
//! Hyperparameters are in double precision. Each operation of the formulas rounds once, in the order in which they are written, as
//! operations on whole tensors do; so a step has the bits of a sequence of such operations.

use crate::isa::{Level, Task, run};
use crate::slice::Real;

/// Entries handled together: what a block reads and writes stays in the first-level cache.
const BLOCK: usize = 256;

/// Weight decay, by its factor γ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// γθ is added to the gradient.
    Coupled(f64),
    /// ηγθ is subtracted from the value, apart from the gradient (Loshchilov and Hutter 2019).
    Decoupled(f64),
}

/// What sets entries of a parameter apart.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a, T> {
    /// What the gradient of each entry is divided by, before decay.
    pub divisors: Option<&'a [T]>,
    /// What the decay of each entry is times.
    pub decay_weights: Option<&'a [T]>,
    /// Which entries keep their value; what is remembered of them changes all the same.
    pub frozen: Option<&'a [bool]>,
}

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self { divisors: None, decay_weights: None, frozen: None }
    }
}

/// Gradient descent with `PyTorch`'s momentum: v ← μv + g, θ ← θ - ηv; Nesterov: θ ← θ - η(g + μv).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// Whether the step looks ahead.
    pub nesterov: bool,
    /// Weight decay.
    pub decay: Decay,
}

impl Sgd {
    /// Does step number `step`, from 1. `velocity` is v, which the first step writes without reading; it may be empty without momentum.
    ///
    /// # Panics
    ///
    /// If slices of one parameter differ in length.
    pub fn step<T: Real>(self, step: u64, value: &mut [T], gradient: &[T], velocity: &mut [T], entries: Entries<T>) {
        check(value.len(), gradient.len(), entries);
        let (level, rate, first) = (Level::best(), T::from_f64(self.learning_rate), step == 1);
        let decay = Factors::new(self.decay, self.learning_rate);
        if self.momentum == 0.0 {
            let rule = Descent { rate };
            run(level, Step { value, gradient, entries, decay, rule, memory: [] });
        } else {
            assert_eq!(velocity.len(), value.len(), "one velocity an entry");
            let rule = Momentum { rate, factor: T::from_f64(self.momentum), nesterov: self.nesterov, first };
            run(level, Step { value, gradient, entries, decay, rule, memory: [velocity] });
        }
    }
}

/// Adam (Kingma and Ba 2015) as `PyTorch` computes it: θ ← θ - η/(1 - β₁ᵗ) · m / (√v/√(1 - β₂ᵗ) + ε).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// η.
    pub learning_rate: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// Weight decay.
    pub decay: Decay,
}

impl Adam {
    /// Does step number `step`, t, from 1. `first` and `second` are m and v, which the first step writes without reading.
    ///
    /// # Panics
    ///
    /// If slices of one parameter differ in length.
    pub fn step<T: Real>(
        self,
        step: u64,
        value: &mut [T],
        gradient: &[T],
        first: &mut [T],
        second: &mut [T],
        entries: Entries<T>,
    ) {
        check(value.len(), gradient.len(), entries);
        assert_eq!((first.len(), second.len()), (value.len(), value.len()), "two moments an entry");
        let decay = Factors::new(self.decay, self.learning_rate);
        let count = step as f64;
        let correction = libm::sqrt(1.0 - libm::pow(self.beta2, count));
        let rule = Moments {
            first: [self.beta1, 1.0 - self.beta1].map(T::from_f64),
            second: [self.beta2, 1.0 - self.beta2].map(T::from_f64),
            rate: T::from_f64(self.learning_rate / (1.0 - libm::pow(self.beta1, count))),
            scale: T::from_f64(1.0 / correction),
            epsilon: T::from_f64(self.epsilon),
            fresh: step == 1,
        };
        run(Level::best(), Step { value, gradient, entries, decay, rule, memory: [first, second] });
    }
}

fn check<T>(length: usize, gradients: usize, entries: Entries<T>) {
    assert_eq!(gradients, length, "one gradient an entry");
    let lengths = [entries.divisors.map(<[T]>::len), entries.decay_weights.map(<[T]>::len), entries.frozen.map(<[bool]>::len)];
    assert!(lengths.into_iter().flatten().all(|given| given == length), "what sets entries apart has other lengths: {lengths:?}");
}

/// Weight decay as factors of the working precision.
#[derive(Clone, Copy)]
enum Factors<T> {
    /// No decay.
    None,
    /// Added to the gradient: γ.
    Added(T),
    /// 1 - ηγ, which multiplies values, and ηγ, which is subtracted times the weights of entries where there are any.
    Shrunk(T, T),
}

impl<T: Real> Factors<T> {
    fn new(decay: Decay, rate: f64) -> Self {
        match decay {
            Decay::Coupled(0.0) | Decay::Decoupled(0.0) => Self::None,
            Decay::Coupled(decay) => Self::Added(T::from_f64(decay)),
            Decay::Decoupled(decay) => Self::Shrunk(T::from_f64(1.0 - rate * decay), T::from_f64(rate * decay)),
        }
    }
}

/// An update rule on a block of entries, with as many memories as it has.
trait Rule<T, const N: usize>: Copy {
    fn update(self, value: &mut [T], gradient: &[T], memory: [&mut [T]; N]);
}

/// θ ← θ - ηg.
#[derive(Clone, Copy)]
struct Descent<T> {
    rate: T,
}

impl<T: Real> Rule<T, 0> for Descent<T> {
    #[inline(always)]
    fn update(self, value: &mut [T], gradient: &[T], _: [&mut [T]; 0]) {
        for (x, &g) in value.iter_mut().zip(gradient) {
            *x = *x - g * self.rate;
        }
    }
}

/// See [`Sgd`].
#[derive(Clone, Copy)]
struct Momentum<T> {
    rate: T,
    factor: T,
    nesterov: bool,
    first: bool,
}

impl<T: Real> Rule<T, 1> for Momentum<T> {
    #[inline(always)]
    fn update(self, value: &mut [T], gradient: &[T], [velocity]: [&mut [T]; 1]) {
        if self.first {
            velocity.copy_from_slice(gradient);
        } else {
            for (v, &g) in velocity.iter_mut().zip(gradient) {
                *v = *v * self.factor + g;
            }
        }
        if self.nesterov {
            for ((x, &v), &g) in value.iter_mut().zip(&*velocity).zip(gradient) {
                *x = *x - (g + v * self.factor) * self.rate;
            }
        } else {
            for (x, &v) in value.iter_mut().zip(&*velocity) {
                *x = *x - v * self.rate;
            }
        }
    }
}

/// See [`Adam`].
#[derive(Clone, Copy)]
struct Moments<T> {
    /// β₁ and 1 - β₁.
    first: [T; 2],
    /// β₂ and 1 - β₂.
    second: [T; 2],
    /// η/(1 - β₁ᵗ).
    rate: T,
    /// 1/√(1 - β₂ᵗ).
    scale: T,
    epsilon: T,
    fresh: bool,
}

impl<T: Real> Rule<T, 2> for Moments<T> {
    #[inline(always)]
    fn update(self, value: &mut [T], gradient: &[T], [first, second]: [&mut [T]; 2]) {
        for (((x, &g), m), v) in value.iter_mut().zip(gradient).zip(first).zip(second) {
            let (fresh_m, fresh_v) = (g * self.first[1], g * g * self.second[1]);
            (*m, *v) =
                if self.fresh { (fresh_m, fresh_v) } else { (*m * self.first[0] + fresh_m, *v * self.second[0] + fresh_v) };
            let denominator = v.sqrt() * self.scale + self.epsilon;
            *x = *x - *m / denominator * self.rate;
        }
    }
}

/// A step of any rule.
struct Step<'a, T, R, const N: usize> {
    value: &'a mut [T],
    gradient: &'a [T],
    entries: Entries<'a, T>,
    decay: Factors<T>,
    rule: R,
    memory: [&'a mut [T]; N],
}

impl<T: Real, R: Rule<T, N>, const N: usize> Task for Step<'_, T, R, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { value, gradient, entries, decay, rule, mut memory } = self;
        let (mut effective, mut before) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
        for (at, value) in value.chunks_mut(BLOCK).enumerate() {
            let range = at * BLOCK..at * BLOCK + value.len();
            let before = &mut before[..value.len()];
            if entries.frozen.is_some() {
                before.copy_from_slice(value);
            }
            let effective = &mut effective[..value.len()];
            effective.copy_from_slice(&gradient[range.clone()]);
            if let Some(divisors) = entries.divisors {
                for (g, &divisor) in effective.iter_mut().zip(&divisors[range.clone()]) {
                    *g = *g / divisor;
                }
            }
            let weights = entries.decay_weights.map(|weights| &weights[range.clone()]);
            shrink(decay, weights, value, effective);
            rule.update(value, effective, memory.each_mut().map(|memory| &mut memory[range.clone()]));
            if let Some(frozen) = entries.frozen {
                for ((x, &before), &frozen) in value.iter_mut().zip(&*before).zip(&frozen[range]) {
                    *x = if frozen { before } else { *x };
                }
            }
        }
    }
}

/// Decay of a block.
#[inline(always)]
fn shrink<T: Real>(decay: Factors<T>, weights: Option<&[T]>, value: &mut [T], gradient: &mut [T]) {
    match (decay, weights) {
        (Factors::None, _) => {}
        (Factors::Added(factor), None) => {
            for (g, &x) in gradient.iter_mut().zip(&*value) {
                *g = *g + x * factor;
            }
        }
        (Factors::Added(factor), Some(weights)) => {
            for ((g, &x), &weight) in gradient.iter_mut().zip(&*value).zip(weights) {
                *g = *g + x * weight * factor;
            }
        }
        (Factors::Shrunk(factor, _), None) => {
            for x in value {
                *x = *x * factor;
            }
        }
        (Factors::Shrunk(_, factor), Some(weights)) => {
            for (x, &weight) in value.iter_mut().zip(weights) {
                *x = *x - *x * weight * factor;
            }
        }
    }
}
