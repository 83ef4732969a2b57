//! The handwritten digits that ship inside the tool (`data/DIGITS.md` names source and licence).

use super::{Examples, Inputs, Targets};
use std::io::Read;
use sym_data::transform::Picture;
use sym_diagnostics::{Code, Diagnostic, Span};

const PACKED: &[u8] = include_bytes!("../../data/digits.gz");
/// The axes of an image.
pub const PICTURE: Picture = Picture { channels: 1, height: 8, width: 8 };
const PIXELS: usize = 64;
/// The largest grey value.
const WHITE: f64 = 16.0;

/// All 1,797 images as 64 numbers in 0..=1 with their classes, in the order of the source.
///
/// # Errors
///
/// E0602 if the packed form is damaged.
pub fn load(span: Span) -> Result<Examples, Diagnostic> {
    unpack(PACKED, span)
}

fn unpack(packed: &[u8], span: Span) -> Result<Examples, Diagnostic> {
    let damaged = |why: String| Diagnostic::new(Code::E0602, span, format!("the built-in digits are damaged: {why}"));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).map_err(|error| damaged(error.to_string()))?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(PIXELS + 1) {
        return Err(damaged(format!("{} bytes are no whole number of images", bytes.len())));
    }
    let images = bytes.chunks_exact(PIXELS + 1);
    let values = images.clone().flat_map(|image| &image[..PIXELS]).map(|&grey| f64::from(grey) / WHITE).collect();
    let classes = images.map(|image| usize::from(image[PIXELS])).collect();
    Ok(Examples { inputs: vec![Inputs::of(values, PIXELS)], targets: Targets::Classes(classes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_diagnostics::FileId;

    fn span() -> Span {
        Span::new(FileId(0), 0, 1)
    }

    #[test]
    fn there_are_1797_images_of_ten_classes_in_the_published_numbers() {
        let examples = load(span()).expect("built in");
        assert_eq!(examples.len(), 1797);
        let Targets::Classes(classes) = &examples.targets else { panic!("digits have classes") };
        // The class sizes of the data set's published description.
        let sizes: Vec<usize> = (0..10).map(|digit| classes.iter().filter(|&&class| class == digit).count()).collect();
        assert_eq!(sizes, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let pixels = examples.inputs[0].dense();
        assert!(pixels.iter().all(|value| (0.0..=1.0).contains(value)));
        assert_eq!(pixels[..8], [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]);
    }

    #[test]
    fn a_truncated_file_is_damaged() {
        let error = unpack(&PACKED[..PACKED.len() / 2], span()).expect_err("half a file");
        assert_eq!(error.code, Code::E0602);
    }
}
