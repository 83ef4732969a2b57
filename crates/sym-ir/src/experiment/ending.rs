//! When a run ends before its last step, and which of its weights stay.

use super::Probe;
use std::fmt::{Display, Formatter, Result};

/// The best value of a measured quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// A quantity of one column.
    pub probe: Probe,
    /// Whether the highest value is the best.
    pub highest: bool,
}

/// What ends a run early, judged at every measurement of its quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The quantity is below a number.
    Below {
        /// The quantity.
        probe: Probe,
        /// The number.
        value: f64,
    },
    /// The quantity is above a number.
    Above {
        /// The quantity.
        probe: Probe,
        /// The number.
        value: f64,
    },
    /// So many measurements in a row gave no new best value.
    Stalled {
        /// The best value.
        best: Best,
        /// Measurements in a row.
        measurements: u64,
    },
}

/// Weights that stay beside the final ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    /// Those of the last so many checkpoints.
    Last(u64),
    /// Those of the best value.
    Best(Best),
}

impl Stop {
    /// The quantity that is looked at.
    pub fn probe(&self) -> &Probe {
        match self {
            Stop::Below { probe, .. } | Stop::Above { probe, .. } => probe,
            Stop::Stalled { best, .. } => &best.probe,
        }
    }
}

impl Display for Best {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}({})", if self.highest { "highest" } else { "lowest" }, self.probe.column_with_settings())
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Stop::Below { probe, value } => write!(f, "below({}, {value})", probe.column_with_settings()),
            Stop::Above { probe, value } => write!(f, "above({}, {value})", probe.column_with_settings()),
            Stop::Stalled { best, measurements } => write!(f, "stalled({best}, measurements: {measurements})"),
        }
    }
}

impl Display for Keep {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Keep::Last(count) => write!(f, "last({count})"),
            Keep::Best(best) => best.fmt(f),
        }
    }
}
