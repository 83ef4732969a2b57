//! Programs as burn modules, checked against independent evaluations.

mod blocks;
mod derivatives;
mod files;
mod gallery;
mod layers;
mod limits;
mod primitives;
mod published;
mod support;
