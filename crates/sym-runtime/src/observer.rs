//! How a long computation speaks with whoever started it.

/// How far one seed of a training run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress<'a> {
    /// The item's name.
    pub name: &'a str,
    /// The seed.
    pub seed: u64,
    /// Steps done.
    pub step: u64,
    /// All steps.
    pub steps: u64,
    /// The loss of the last step, where one is known.
    pub loss: Option<f64>,
}

/// Watches a computation and can end it. Called from several threads at once.
pub trait Observer: Sync {
    /// Told after every step; expected to return at once.
    fn progress(&self, _progress: &Progress<'_>) {}

    /// Asked before every step: whether to stop cleanly with what there is.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
