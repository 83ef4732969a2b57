//! The boundary to the plotting library.

use super::Drawing;

/// A painted figure.
pub(super) struct Picture {
    /// As an SVG document.
    pub(super) svg: String,
    /// The same as the bytes of a PNG file, at twice the resolution.
    pub(super) png: Vec<u8>,
}

/// A plotting library.
pub(super) trait Painter {
    /// Paints a drawing; the error is a reason in words.
    fn paint(&self, drawing: &Drawing) -> Result<Picture, String>;
}
