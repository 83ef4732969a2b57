//! Distances from symmetric states, and conserved quantities, of the group on a space: from its generators to matrices of weights.
//!
//! All of it is read in the coordinates in which the group acts on whole axes, see [`sym_infer::action::Coordinates`].

mod charges;
mod entries;
mod factors;
mod subgroup;
mod units;

pub use charges::Charges;
pub use factors::Factors;
pub use subgroup::Subgroup;
pub use units::Units;

pub(crate) use entries::shape;

#[cfg(test)]
mod tests;
