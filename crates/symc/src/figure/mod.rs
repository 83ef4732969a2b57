//! Figures as SVG and PNG files.
//!
//! A [`Drawing`] is plain data; how it is painted is behind [`paint::Painter`], so that the plotting library can be exchanged.

mod colour;
mod files;
mod from_record;
mod kuva;
mod of_sweep;
mod paint;
mod profile;
#[cfg(test)]
mod tests;
mod thin;
mod ticks;
mod way;
mod words;

use paint::Painter;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// A figure: panels one below the other over a common horizontal axis, or square maps side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Title, where given.
    pub title: Option<String>,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Logarithmic horizontal axis; points at or below 0 are left out.
    pub log_x: bool,
    /// What stands at 0, 1, 2 … of the horizontal axis, where that is not numbers.
    pub x_names: Vec<String>,
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
    /// Ranges behind the lines.
    pub bands: Vec<Band>,
    /// A map in place of lines.
    pub map: Option<HeatMap>,
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
    /// Whether each point has a dot.
    pub dots: bool,
}

/// The range of a line's values over seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Its line's colour.
    pub tone: Tone,
    /// Place, least and greatest value.
    pub points: Vec<(f64, f64, f64)>,
}

/// A value for each pair of a column and a row.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Label of the vertical axis.
    pub y_label: String,
    /// Labels from the left.
    pub columns: Vec<String>,
    /// Labels from the bottom.
    pub rows: Vec<String>,
    /// What the colours mean.
    pub label: String,
    /// Values, row by row from the bottom; NaN where there is none.
    pub values: Vec<Vec<f64>>,
    /// Whether columns and rows are the same things.
    pub square: bool,
}

impl Panel {
    /// A panel without anything in it.
    fn empty(y_label: String) -> Self {
        Self { y_label, log_y: false, lines: Vec::new(), bands: Vec::new(), map: None, marks: Vec::new() }
    }
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
