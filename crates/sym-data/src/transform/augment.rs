//! Random changes of the examples of a step.

use sym_streams::Stream;

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Augmentation {
    /// Adds independent normal numbers.
    Noise {
        /// Their standard deviation.
        std: f64,
    },
    /// Mirrors an image left to right with probability 1/2.
    Flip,
    /// Moves an image by up to so many pixels along both axes, all shifts equally likely; zeros come in at the borders. It is the crop of an
    /// image with that many zeros on each side (He et al. 2016).
    Crop {
        /// The most pixels.
        pixels: usize,
    },
}

/// The axes of an image in a row of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Channels.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels a row.
    pub width: usize,
}

impl Picture {
    /// Numbers of an image.
    pub fn entries(self) -> usize {
        self.channels * self.height * self.width
    }

    /// The picture that axes describe: height × width, or channels × height × width.
    pub fn of(shape: &[usize]) -> Option<Self> {
        match *shape {
            [height, width] => Some(Self { channels: 1, height, width }),
            [channels, height, width] => Some(Self { channels, height, width }),
            _ => None,
        }
    }
}

/// Applies changes one after another to each row, an example of `width` numbers. Rows take from the stream in their order.
///
/// # Panics
///
/// Where rows are no pictures of this size and a change needs them to be.
pub fn augment(changes: &[Augmentation], picture: Option<Picture>, rows: &mut [f64], width: usize, stream: &mut Stream) {
    for row in rows.chunks_exact_mut(width.max(1)) {
        for change in changes {
            let picture = || picture.filter(|picture| picture.entries() == row.len()).expect("rows are pictures");
            match *change {
                Augmentation::Noise { std } => row.iter_mut().for_each(|value| *value += std * stream.normal()),
                Augmentation::Flip => {
                    if stream.below(2) == 1 {
                        row.chunks_exact_mut(picture().width.max(1)).for_each(<[f64]>::reverse);
                    }
                }
                Augmentation::Crop { pixels } => {
                    let mut shift = || stream.below(2 * pixels as u64 + 1) as isize - pixels as isize;
                    let (down, right) = (shift(), shift());
                    let moved = moved(picture(), row, down, right);
                    row.copy_from_slice(&moved);
                }
            }
        }
    }
}

/// The picture moved down and to the right, zeros where nothing comes from.
fn moved(picture: Picture, row: &[f64], down: isize, right: isize) -> Vec<f64> {
    let Picture { height, width, .. } = picture;
    let source = |at: usize, by: isize, size: usize| at.checked_add_signed(-by).filter(|&at| at < size);
    let plane = height * width;
    let entry = |at: usize| {
        let (channel, y, x) = (at / plane, at / width % height, at % width);
        let from = source(y, down, height).zip(source(x, right, width));
        from.map_or(0.0, |(y, x)| row[channel * plane + y * width + x])
    };
    (0..row.len()).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Picture = Picture { channels: 2, height: 2, width: 3 };

    fn image() -> Vec<f64> {
        (1..=12).map(f64::from).collect()
    }

    #[test]
    fn a_flip_mirrors_each_row_of_pixels_of_half_the_images() {
        let mut rows: Vec<f64> = (0..1000).flat_map(|_| image()).collect();
        augment(&[Augmentation::Flip], Some(PICTURE), &mut rows, 12, &mut Stream::new(0, "augment", ""));
        let mirrored = [3.0, 2.0, 1.0, 6.0, 5.0, 4.0, 9.0, 8.0, 7.0, 12.0, 11.0, 10.0];
        let count = rows.chunks_exact(12).filter(|row| *row == mirrored).count();
        assert_eq!(count + rows.chunks_exact(12).filter(|row| *row == image()).count(), 1000);
        assert!((420..580).contains(&count), "{count}");
    }

    #[test]
    fn a_crop_moves_the_picture_and_lets_zeros_in() {
        assert_eq!(moved(PICTURE, &image(), 1, -1), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 8.0, 9.0, 0.0]);
        let mut seen = std::collections::BTreeSet::new();
        let mut stream = Stream::new(1, "augment", "");
        for _ in 0..500 {
            let mut row = image();
            augment(&[Augmentation::Crop { pixels: 1 }], Some(PICTURE), &mut row, 12, &mut stream);
            let all: Vec<(isize, isize)> = (-1..=1).flat_map(|down| (-1..=1).map(move |right| (down, right))).collect();
            let shift = all.into_iter().find(|&(down, right)| moved(PICTURE, &image(), down, right) == row);
            seen.insert(shift.expect("a shift by at most one pixel"));
        }
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn noise_needs_no_picture_and_rows_of_a_batch_differ() {
        let mut rows = vec![0.0; 20];
        augment(&[Augmentation::Noise { std: 2.0 }], None, &mut rows, 10, &mut Stream::new(2, "augment", ""));
        assert_ne!(rows[..10], rows[10..]);
        let mut again = vec![0.0; 20];
        augment(&[Augmentation::Noise { std: 2.0 }], None, &mut again, 10, &mut Stream::new(2, "augment", ""));
        assert_eq!(rows, again);
    }
}
