//! Derivatives of tensor programs as tensor programs.
//!
//! | function | outputs behind those of the program |
//! |---|---|
//! | [`vjp`] | cᵀJ: gradients of ∑ c ⊙ output, summed over the batch |
//! | [`per_sample_vjp`] | the same for each example |
//! | [`jvp`] | J v: tangents of the outputs |
//! | [`hessian_vector`] | gradients and H v, forward over reverse |
//!
//! A derived program begins with the nodes of the given one under the same ids; what only the derivative needs follows. Every operation,
//! those of derivatives included, has both rules ([`rule`], one file a family), so that derivatives of derivatives are programs too.
//!
//! Architecture invariant: this crate rewrites programs; it knows no numbers of weights and executes nothing.

mod forward;
mod graph;
mod reverse;
mod rule;
mod scalar;
mod second;

pub use forward::jvp;
pub use reverse::{per_sample_vjp, vjp};
pub use second::hessian_vector;
