//! From a program to another program.
//!
//! Architecture invariant: a rewrite works on the program's structure. It reads no weights; the maps of a [`Reduction`] between the
//! weights of the two programs are kept as signed index maps, never as dense matrices.

mod absorb;
mod axes;
mod batch;
mod coordinates;
mod effect;
pub mod interventions;
mod miniature;
mod orbits;
mod partition;
mod reduce;
mod running;
mod state;
mod strata;

pub use absorb::absorbed;
pub use axes::AxisClasses;
pub use batch::{has_batch_statistics, with_explicit_batch};
pub use coordinates::Coordinates;
pub use effect::{Amount, Amounts, Effect, plain_training};
pub use miniature::{Departure, Miniature, Rule, miniatures, miniatures_with_lines, shorten, shorten_sequences};
pub use orbits::fixed_dimension;
pub use reduce::{ClassedSpace, Reduction, UnitClass, reduce, reduce_to};
pub use running::{RunningStatistics, Statistic, Tracked};
pub use state::has_state;
