//! What is done to examples after they are read: each a function of the examples, or of these and a stream of random numbers.

mod augment;
mod invertible;
mod label_noise;
mod normalise;

pub use augment::{Augmentation, Picture, augment};
pub use invertible::{MOST_COLUMNS, invertible, orthogonal, transform};
pub use label_noise::{flip_classes, perturb};
pub use normalise::{Grouping, statistics};
