//! Rendering: one file per form. All carry the same facts.

pub mod comparison;
pub mod diff;
pub mod folder;
pub mod human;
mod interventions;
pub mod json;
pub mod measurements;
pub mod reduced;
mod repeated;
pub mod short;
pub mod sweeps;
pub mod table;
mod text;
pub mod theorems;

/// How text for people is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With terminal colours.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// Without colours, of a fixed width: for files, pipes and snapshots.
    pub const PLAIN: Style = Style { color: false, width: 120 };
}
