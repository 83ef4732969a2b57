//! Networks of the catalogue, an evaluator that owes nothing to the crates under test, and small linear algebra.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod evaluate;
pub mod networks;
pub mod rank;
