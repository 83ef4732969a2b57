//! A planned executor of tensor programs on the CPU.
//!
//! A [`Plan`] is made once for a program and a batch size: contractions are ordered, elementwise operations are joined, and every array gets its place
//! in memory that is used again from run to run. Numbers equal those of the reference (`sym-lower`) to rounding, and
//! the same plan gives the same bits on one machine.

mod arrange;
mod chain;
mod choose;
mod evaluator;
mod extreme;
mod load;
mod memory;
mod passes;
mod plan;
mod planner;
mod product;
mod rows;
mod softmax;
mod sum;
mod view;

pub use plan::Plan;
pub use sym_kernels::slice::Real;
