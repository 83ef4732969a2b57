//! Why there is nothing to measure.

use std::fmt;

/// Why a quantity has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmeasurable {
    /// An entry is infinite or not a number.
    NotFinite,
    /// A decomposition did not converge.
    NoConvergence,
    /// Two things that belong together have different sizes.
    Sizes {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        expected: usize,
    },
    /// Fewer of something than the quantity needs.
    TooFew {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there have to be at least.
        least: usize,
    },
    /// Chains of samples have not come to rest.
    NotStationary,
    /// The smaller model of a symmetric state cannot be executed.
    NoReduction,
    /// A quotient by zero.
    Zero(
        /// What is zero.
        &'static str,
    ),
}

impl fmt::Display for Unmeasurable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => formatter.write_str("an entry is not finite"),
            Self::NoConvergence => formatter.write_str("a decomposition did not converge"),
            Self::NotStationary => formatter.write_str("chains have not come to rest: take larger steps or a longer burn-in"),
            Self::NoReduction => formatter.write_str("the smaller model cannot be executed"),
            Self::Sizes { what, found, expected } => write!(formatter, "{found} {what} where {expected} are expected"),
            Self::TooFew { what, found, least } => write!(formatter, "{found} {what} where at least {least} are needed"),
            Self::Zero(what) => write!(formatter, "{what} is zero"),
        }
    }
}

impl std::error::Error for Unmeasurable {}

/// [`Unmeasurable::Sizes`] unless both agree.
pub(crate) fn same(what: &'static str, found: usize, expected: usize) -> Result<(), Unmeasurable> {
    if found == expected { Ok(()) } else { Err(Unmeasurable::Sizes { what, found, expected }) }
}

/// [`Unmeasurable::TooFew`] unless there are enough.
pub(crate) fn enough(what: &'static str, found: usize, least: usize) -> Result<(), Unmeasurable> {
    if found >= least { Ok(()) } else { Err(Unmeasurable::TooFew { what, found, least }) }
}
