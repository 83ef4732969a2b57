//! Figures as SVG and PNG files.
//!
//! A [`Drawing`] is plain data; how it is painted is behind [`paint::Painter`], so that the plotting library can be exchanged.

mod colour;
mod files;
mod from_record;
mod kuva;
mod paint;
#[cfg(test)]
mod tests;
mod thin;

use paint::Painter;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// A figure: panels one below the other over a common horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Title, where given.
    pub title: Option<String>,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Logarithmic horizontal axis; points at or below 0 are left out.
    pub log_x: bool,
    /// Panels, from the top.
    pub panels: Vec<Panel>,
}

/// One pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Label of the vertical axis.
    pub y_label: String,
    /// Logarithmic vertical axis; points at or below 0 are left out.
    pub log_y: bool,
    /// Lines, drawn in order.
    pub lines: Vec<Line>,
    /// Marked places on the horizontal axis.
    pub marks: Vec<Mark>,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its entry in the legend, where it has one.
    pub label: Option<String>,
    /// Its colour.
    pub tone: Tone,
    /// Points, left to right; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// Vertical lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Their entry in the legend, where they have one.
    pub label: Option<String>,
    /// Their colour.
    pub tone: Tone,
    /// Places.
    pub places: Vec<f64>,
}

/// A colour by its meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// One of a few things of different kinds.
    Category(usize),
    /// A place between the first (0) and the last (1) of many things in order.
    Ordered(f64),
    /// What stands behind the rest.
    Neutral,
}

/// Writes a drawing as `STEM.svg` and `STEM.png` into a directory, which is created; each file appears whole or not at all.
///
/// # Errors
///
/// E0603 where the directory or a file cannot be written; E0901 where the picture cannot be encoded.
pub fn draw(drawing: &Drawing, directory: &Path, stem: &str) -> Result<[PathBuf; 2], Diagnostic> {
    let picture = kuva::Kuva
        .paint(drawing)
        .map_err(|reason| Diagnostic::without_span(Code::E0901, format!("the figure `{stem}` cannot be encoded: {reason}")))?;
    let svg = files::write(directory, &format!("{stem}.svg"), picture.svg.as_bytes())?;
    let png = files::write(directory, &format!("{stem}.png"), &picture.png)?;
    Ok([svg, png])
}
