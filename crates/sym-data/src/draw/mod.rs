//! Examples that are drawn: each a function of sizes and a stream of random numbers.

mod in_context;
mod low_rank;

pub use in_context::InContext;
pub use low_rank::Subspace;
