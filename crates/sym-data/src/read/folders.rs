//! Images in one folder a class: PNG and JPEG files, classes in the order of the folders' names.

use super::Result;
use crate::array::Array;
use crate::element::Entries;
use crate::error::{Error, Kind, Place};
use crate::examples::{Examples, Targets, inputs};
use image::imageops::FilterType;
use image::{ColorType, DynamicImage, ImageReader};
use std::path::{Path, PathBuf};

/// The longest side of an image that is read.
const LONGEST_SIDE: u32 = 1 << 14;
/// The most bytes that one image may take while it is unpacked.
const MOST_BYTES: u64 = 1 << 29;

/// The images below a folder, channels × height × width each, with grey values that stand for 0..=1: one channel where all images are grey, three
/// otherwise. With a size, each is scaled until its shorter side has it, and the middle square is kept; without one, all must have the same size.
///
/// # Errors
///
/// Folders without images, files that are no images, and images of different sizes.
pub fn folders(folder: &Path, size: Option<u32>) -> Result<Examples> {
    let classes = listing(folder, true)?;
    if classes.len() < 2 {
        return Err(Error::damaged(folder, Place::Whole, format!("it has {} folders", classes.len()))
            .found(classes.len())
            .expected("one folder a class, at least 2"));
    }
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut first: Option<(PathBuf, u32, u32)> = None;
    for (class, of_class) in classes.iter().enumerate() {
        let files = listing(of_class, false)?;
        if files.is_empty() {
            return Err(Error::damaged(of_class, Place::Whole, "it has no images").expected("`.png`, `.jpg` or `.jpeg` files"));
        }
        for file in files {
            let image = decode(&file)?;
            let image = match size {
                Some(size) => square(image, size),
                None => image,
            };
            let (width, height) = (image.width(), image.height());
            let (other, other_width, other_height) = first.get_or_insert_with(|| (file.clone(), width, height));
            if (width, height) != (*other_width, *other_height) {
                return Err(Error::damaged(&file, Place::Whole, format!("it has {width} × {height} pixels"))
                    .found(format!("{width} × {height}"))
                    .expected(format!("{other_width} × {other_height}, as `{}` has", other.display()))
                    .help(format!("bring all to one size with `size: {}`", (*other_width).min(*other_height))));
            }
            images.push(image);
            labels.push(class);
        }
    }
    let is_grey = images.iter().all(|image| matches!(image, DynamicImage::ImageLuma8(_)));
    let (_, width, height) = first.unwrap_or_default();
    let channels = if is_grey { 1 } else { 3 };
    let mut pixels = Vec::new();
    let count = images.len();
    for image in images {
        if is_grey {
            pixels.extend_from_slice(image.as_bytes());
        } else {
            let colours = image.into_rgb8();
            (0..3).for_each(|channel| pixels.extend(colours.as_raw().iter().skip(channel).step_by(3)));
        }
    }
    let array = Array { shape: vec![count, channels, height as usize, width as usize], entries: Entries::Bytes(pixels) };
    let (inputs, shape) = inputs(folder, "images", array, true)?;
    Ok(Examples { inputs, shape, targets: Targets::Classes(labels) })
}

/// The folders or the images in a folder, by name. Hidden ones are passed over.
fn listing(folder: &Path, folders: bool) -> Result<Vec<PathBuf>> {
    let system = |error: std::io::Error| Error::system(folder, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(system)? {
        let path = entry.map_err(system)?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && (if folders { path.is_dir() } else { is_image(&path) }) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_image(path: &Path) -> bool {
    let known = |ending: &str| ["png", "jpg", "jpeg"].contains(&ending.to_lowercase().as_str());
    path.is_file() && path.extension().and_then(|ending| ending.to_str()).is_some_and(known)
}

/// One image with 8 bits a channel: grey or of three colours.
pub(crate) fn decode(file: &Path) -> Result<DynamicImage> {
    let bytes = std::fs::read(file).map_err(|error| Error::system(file, &error))?;
    decode_bytes(file, &bytes)
}

pub(crate) fn decode_bytes(file: &Path, bytes: &[u8]) -> Result<DynamicImage> {
    let damaged =
        |error: image::ImageError| Error::damaged(file, Place::Whole, format!("it is no image that can be read: {error}"));
    let mut reader =
        ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(|error| Error::system(file, &error))?;
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) =
        (Some(LONGEST_SIDE), Some(LONGEST_SIDE), Some(MOST_BYTES));
    reader.limits(limits);
    let image = reader.decode().map_err(damaged)?;
    let unsupported = |what: &str| Err(Error::new(file, Kind::Unsupported, Place::Whole, what));
    // Opaque images are those without the last number of each pixel.
    let opaque = |channels: usize| image.as_bytes().iter().skip(channels - 1).step_by(channels).all(|&alpha| alpha == u8::MAX);
    match image.color() {
        ColorType::L8 | ColorType::Rgb8 => Ok(image),
        ColorType::La8 if opaque(2) => Ok(image.into_luma8().into()),
        ColorType::Rgba8 if opaque(4) => Ok(image.into_rgb8().into()),
        ColorType::La8 | ColorType::Rgba8 => unsupported("it is transparent in places"),
        _ => unsupported("it has more than 8 bits a channel"),
    }
}

/// Scaled by linear interpolation until the shorter side has `size`, of which the middle is kept.
fn square(image: DynamicImage, size: u32) -> DynamicImage {
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    let shorter = width.min(height).max(1);
    // Rounded to the nearest pixel; the shorter side comes out exactly.
    let scaled = |side: u64| ((side * u64::from(size) + shorter / 2) / shorter) as u32;
    let image = image.resize_exact(scaled(width), scaled(height), FilterType::Triangle);
    image.crop_imm((image.width() - size) / 2, (image.height() - size) / 2, size, size)
}
