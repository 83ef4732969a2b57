//! Measurements as pure functions: of matrices, of linear operators that are known by their products, and of losses with their gradients.
//!
//! | quantity | module |
//! |---|---|
//! | a matrix, a view of one | [`matrix`] |
//! | singular values, eigenvalues | [`spectrum`] |
//! | rank, stable rank, effective rank | [`rank`] |
//! | Δ and degrees of symmetry of each kind of group | [`states`] |
//! | neural collapse, correlations, alignment of features | [`features`] |
//! | a matrix that is known by its products | [`operator`] |
//! | eigenvalues, trace and sharpness of a Hessian | [`curvature`] |
//! | the neural tangent kernel | [`jacobian`] |
//! | covariance of gradients, noise scale | [`gradients`] |
//! | conserved quantities and their drift | [`conserved`] |
//! | barriers | [`barrier`] |
//! | the local learning coefficient | [`learning_coefficient`](mod@learning_coefficient) |
//! | distinct neurons | [`neurons`] |
//! | breaking and restoration | [`events`] |
//!
//! Architecture invariant: nothing here knows a model, a file or a tensor library. Everything is computed in double precision and in a fixed
//! order; what is random reads a stream that the caller names. No input panics: what cannot be measured is an [`Unmeasurable`].

pub mod barrier;
pub mod conserved;
pub mod curvature;
pub mod events;
pub mod features;
pub mod gradients;
pub mod jacobian;
pub mod learning_coefficient;
pub mod matrix;
pub mod neurons;
pub mod operator;
pub mod rank;
pub mod spectrum;
pub mod states;
mod unmeasurable;

pub use matrix::{Matrix, MatrixRef};
pub use unmeasurable::Unmeasurable;
