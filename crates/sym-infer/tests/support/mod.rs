//! Networks of the catalogue, an evaluator that owes nothing to the crates under test, and small linear algebra.
#![allow(dead_code, clippy::needless_for_each, reason = "each test file uses a part; short closures read as one statement")]

pub mod evaluate;
pub mod jet;
pub mod linear_paths;
pub mod network;
pub mod networks;
pub mod numbers;
pub mod random_program;
pub mod rank;
