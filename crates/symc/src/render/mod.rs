//! Rendering: one file per form. All carry the same facts.

pub mod comparison;
pub mod diff;
pub mod human;
mod interventions;
pub mod json;
mod repeated;
pub mod short;
pub mod table;
mod text;
pub mod theorems;

use crate::arguments::Color;
use std::io::IsTerminal;

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

    /// The style for a stream of this process.
    pub fn of(color: Color, stream: &impl IsTerminal) -> Self {
        let terminal = stream.is_terminal();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Style { color, ..Style::PLAIN }
    }
}
