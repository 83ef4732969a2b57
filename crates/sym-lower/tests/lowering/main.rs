//! Programs as burn modules, checked against independent evaluations.

mod blocks;
mod files;
mod layers;
mod limits;
mod primitives;
mod published;
mod support;
