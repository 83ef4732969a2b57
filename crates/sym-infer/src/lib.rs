//! From a program to its symmetries.
//!
//! | module | idea |
//! |---|---|
//! | [`centres`] | frozen summands, about which symmetries act |
//! | `masks` | parameters with frozen entries |
//! | [`cuts`] | axes that are joined and sliced, as their parts |
//! | [`splits`] | axes that reshapes merge and split, written out |
//! | [`choices`] | parameters that decide nothing but which entry is the largest |
//! | [`class`] | what an elementwise function lets through |
//! | [`spaces`] | which axes are one index space, and what fixes it |
//! | [`frames`] | where full matrix groups act |
//! | [`relations`] | equations between scales (and signs) of values |
//! | [`nullspace`] | their exact solutions over ℚ and 𝔽₂ |
//! | [`fields`] | the independent ones among them |
//! | `assembled` | weights that a program joins from parameters, some frozen |
//! | `reparametrised` | weights that are expressions of parameters, as free as one |
//! | `skips` | matrices beside skips, which take them up |
//! | [`paths`] | changes that parameters behind linear maps take back |
//! | [`constants`] | changes that no input enters, solved together |
//! | `turns` | parameters that shift the arguments of periodic functions |
//! | [`kernels`] | directions behind maps of bounded rank and softmax |
//! | `automorphisms` | branches that may be swapped as wholes |
//! | [`infer`] | the table of all that |
//! | [`states`], [`conserved`], [`training`] | what follows |
//! | [`permutations`] | the permutations among them, for weight matching |
//! | [`action`] | group elements and generators applied to given weights |
//!
//! Architecture invariant: the analysis works on index spaces and allocates nothing per weight; only [`action`], which moves given weights
//! for proofs and projections, holds numbers.

#![expect(clippy::needless_for_each, reason = "a short closure over all entries reads as one statement")]

pub mod action;
mod assembled;
mod automorphisms;
pub mod centres;
pub mod choices;
pub mod class;
pub mod conserved;
pub mod constants;
pub mod cuts;
pub mod fields;
pub mod frames;
pub mod graph;
pub mod group;
pub mod infer;
pub mod kernels;
pub mod masks;
pub mod names;
pub mod nullspace;
pub mod paths;
pub mod permutations;
pub mod relations;
mod reparametrised;
mod skips;
pub mod spaces;
pub mod splits;
pub mod states;
pub mod symmetries;
pub mod training;
mod turns;

pub use action::Weights;
pub use infer::{Decision, Derivation, Step, derivations, infer};
pub use permutations::{Permutation, permutations};
pub use symmetries::{
    Action, Class, Conserved, Degree, Family, Field, FieldEntry, Frame, Generators, Group, HalfTurn, Kept, MatrixFrame, Offset,
    Reason, Share, Space, State, StateKind, Status, Surviving, Symmetries, UnitAxis,
};
pub use training::infer_training;
