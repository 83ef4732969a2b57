//! From a program to its symmetries.
//!
//! Architecture invariant: the analysis works on index spaces and allocates nothing per weight; only [`action`], which moves given weights
//! for proofs and projections, holds numbers.

pub mod action;
pub mod symmetries;

pub use action::Weights;
pub use symmetries::{Action, Class, Conserved, Degree, Frame, Group, Kept, Reason, Space, State, StateKind, Status, Symmetries};
