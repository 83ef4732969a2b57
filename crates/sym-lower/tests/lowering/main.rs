//! Programs as burn modules, checked against independent evaluations.

mod files;
mod limits;
mod primitives;
mod support;
