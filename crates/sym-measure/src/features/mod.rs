//! Measurements of features: matrices with a row for each example.

pub mod alignment;
pub mod collapse;
pub mod correlation;
