//! The typed form of a `data` item.

use super::Init;
use crate::Program;
use serde::{Deserialize, Serialize};
use sym_diagnostics::Span;

/// A data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Name.
    pub name: String,
    /// Where examples come from.
    pub source: DataSource,
    /// What is done to them.
    pub preparation: Preparation,
    /// Whether every step trains on examples of its own; the training examples are then only measured on.
    pub fresh: bool,
    /// How many examples form the second part, and its name.
    pub split: Option<(u64, String)>,
    /// The item.
    pub span: Span,
}

/// Where examples come from.
#[derive(Debug, Clone, PartialEq)]
pub enum DataSource {
    /// `digits()`: 1,797 images of handwritten digits, 8×8 grey values scaled to 0..1, with classes 0..9; ships with the tool.
    Digits,
    /// `cifar10("data/cifar10")` and the others that are read from files.
    File(FileSource),
    /// `teacher(MODEL, init: kaiming, scale: 10, n: 300, x: sin(normal(0, 1.5)))`: inputs from a distribution, targets from a network.
    Teacher {
        /// The teacher.
        program: Box<Program>,
        /// Its initial values.
        init: Init,
        /// Factor on its output.
        scale: f64,
        /// Number of training examples; the split's part comes on top.
        count: u64,
        /// Distribution of the inputs.
        inputs: Distribution,
        /// The dimension of the random subspace that the inputs fill; all of the space where absent.
        rank: Option<u64>,
        /// Standard deviation of noise added to the targets.
        noise: f64,
    },
    /// `gaussian(d: 10, n: 100, std: 1)`: targets equal inputs.
    Identity {
        /// Entries of an input and of a target.
        dimension: u64,
        /// Number of training examples.
        count: u64,
        /// Distribution of the inputs.
        inputs: Distribution,
        /// The dimension of the random subspace that the inputs fill.
        rank: Option<u64>,
    },
    /// `in_context(tokens: 16, d: 4, n: 1_000, noise: 0.1)`: sequences of (x, w·x) with a w of their own; the last value is the target.
    InContext {
        /// Tokens a sequence, at least 2.
        tokens: u64,
        /// Entries of x.
        features: u64,
        /// Number of training sequences.
        count: u64,
        /// Standard deviation of the noise on all w·x.
        noise: f64,
    },
}

/// A file, or a folder of files, in one of the formats.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSource {
    /// How it is read.
    pub format: FileFormat,
    /// Path as written, relative to the `.sym` file.
    pub path: String,
    /// Span of the path.
    pub span: Span,
}

/// The formats of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFormat {
    /// `csv("file", target: "column"|last, classes: 3)`: a numeric table with one target column.
    Csv {
        /// Name of the target column; the last one where absent.
        target: Option<String>,
        /// Whether the target is a class number.
        classes: Option<u64>,
    },
    /// `parquet("file", …)`: as `csv`.
    Parquet {
        /// Name of the target column; the last one where absent.
        target: Option<String>,
        /// Whether the target is a class number.
        classes: Option<u64>,
    },
    /// `mnist("folder")`: MNIST, or a set in the same four files such as Fashion-MNIST.
    Mnist,
    /// `cifar10("folder or file")`.
    Cifar10,
    /// `cifar100("folder or file")`.
    Cifar100,
    /// `svhn("folder")`: the cropped digits.
    Svhn,
    /// `idx("images", labels: "labels", classes: 10)`.
    Idx {
        /// Path of the labels.
        labels: String,
        /// Number of classes.
        classes: u64,
    },
    /// `npy("x", y: "y", classes: 10)`: an array a file.
    Npy {
        /// Path of the targets.
        y: String,
        /// Whether the targets are class numbers.
        classes: Option<u64>,
    },
    /// `npz("file", x: "x", y: "y", classes: 10)`.
    Npz {
        /// Name of the array of inputs.
        x: String,
        /// Name of the array of targets.
        y: String,
        /// Whether the targets are class numbers.
        classes: Option<u64>,
    },
    /// `text("file", context: 32)`: windows of bytes, each with the byte behind it as its class.
    Text {
        /// Bytes of a window.
        context: u64,
    },
    /// `images("folder", size: 32, classes: 2)`: PNG and JPEG files, a folder a class.
    Images {
        /// Side that the images are brought to; as they are where absent.
        size: Option<u64>,
        /// Number of classes.
        classes: u64,
    },
}

/// What is done to examples: before training in this order, and, last, at every step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preparation {
    /// `n`: how many training examples of a file are used; all where absent.
    pub count: Option<u64>,
    /// `test_n`: how many of the published test examples are used; all where absent.
    pub test_count: Option<u64>,
    /// `normalise`: mean 0 and deviation 1 over the training examples.
    pub normalise: Option<Normalisation>,
    /// `transform`: each input x becomes Mx, with a random M of this condition number and determinant ±1.
    pub transform: Option<f64>,
    /// `input_scale`: a factor on the inputs.
    pub scale: Option<f64>,
    /// `label_noise`: the probability that a training example has another class, or the deviation of noise on its numbers.
    pub label_noise: f64,
    /// `augment`: random changes of the examples of a step, in this order.
    pub augment: Vec<Augmentation>,
}

/// A random change of the examples of a step; what is measured is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Augmentation {
    /// `noise(s)`: independent normal numbers are added.
    Noise {
        /// Their standard deviation.
        std: f64,
    },
    /// `flip`: an image is mirrored left to right with probability 1/2.
    Flip,
    /// `crop(k)`: an image is moved by up to so many pixels along both axes, and zeros come in at the borders.
    Crop {
        /// The most pixels.
        pixels: u64,
    },
}

/// Over what a mean and a deviation are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalisation {
    /// Each entry of an input for itself.
    Feature,
    /// Each channel of an image.
    Channel,
    /// All entries together.
    Whole,
}

impl Data {
    /// Whether there is a second part: one that is split off, or the published one.
    pub fn has_test(&self) -> bool {
        let published = match &self.source {
            DataSource::File(file) => file.has_test(),
            _ => false,
        };
        self.split.is_some() || published
    }
}

impl DataSource {
    /// The number of classes; `None` where targets are numbers.
    pub fn classes(&self) -> Option<u64> {
        match self {
            DataSource::Digits => Some(10),
            DataSource::File(file) => file.format.classes(),
            DataSource::Teacher { .. } | DataSource::Identity { .. } | DataSource::InContext { .. } => None,
        }
    }
}

impl FileSource {
    /// Whether it is a published set, which comes with a second part. The records of CIFAR in a single `.bin` or `.gz` file have none.
    pub fn has_test(&self) -> bool {
        match self.format {
            FileFormat::Mnist | FileFormat::Svhn => true,
            FileFormat::Cifar10 | FileFormat::Cifar100 => !self.is_single_file(),
            _ => false,
        }
    }

    /// Whether the path names one file of records instead of a folder.
    pub fn is_single_file(&self) -> bool {
        let extension = std::path::Path::new(&self.path).extension();
        extension.is_some_and(|extension| extension == "bin" || extension == "gz")
    }
}

impl FileFormat {
    /// The name that stands in a file.
    pub fn name(&self) -> &'static str {
        match self {
            FileFormat::Csv { .. } => "csv",
            FileFormat::Parquet { .. } => "parquet",
            FileFormat::Mnist => "mnist",
            FileFormat::Cifar10 => "cifar10",
            FileFormat::Cifar100 => "cifar100",
            FileFormat::Svhn => "svhn",
            FileFormat::Idx { .. } => "idx",
            FileFormat::Npy { .. } => "npy",
            FileFormat::Npz { .. } => "npz",
            FileFormat::Images { .. } => "images",
            FileFormat::Text { .. } => "text",
        }
    }

    /// What is expected in a file of this format.
    pub fn summary(&self) -> &'static str {
        match self {
            FileFormat::Csv { .. } => "a table of comma-separated numbers, one example a line",
            FileFormat::Parquet { .. } => "a Parquet table of numbers, one example a row",
            FileFormat::Mnist | FileFormat::Idx { .. } => "IDX files of images and labels, plain or packed by gzip",
            FileFormat::Cifar10 => "records of one class and 3,072 grey values (CIFAR-10 binary)",
            FileFormat::Cifar100 => "records of two classes and 3,072 grey values (CIFAR-100 binary)",
            FileFormat::Svhn => "MATLAB level 5 files with `X` and `y`",
            FileFormat::Npy { .. } => "numpy arrays, one a file",
            FileFormat::Npz { .. } => "an archive of numpy arrays",
            FileFormat::Images { .. } => "a folder a class, with PNG or JPEG files",
            FileFormat::Text { .. } => "a file of text, longer than the context",
        }
    }

    /// The number of classes; `None` where targets are numbers.
    pub fn classes(&self) -> Option<u64> {
        match self {
            FileFormat::Mnist | FileFormat::Cifar10 | FileFormat::Svhn => Some(10),
            FileFormat::Cifar100 => Some(100),
            FileFormat::Text { .. } => Some(256),
            FileFormat::Idx { classes, .. } | FileFormat::Images { classes, .. } => Some(*classes),
            FileFormat::Csv { classes, .. }
            | FileFormat::Parquet { classes, .. }
            | FileFormat::Npy { classes, .. }
            | FileFormat::Npz { classes, .. } => *classes,
        }
    }

    /// Entries of an input, where the format says so.
    pub fn inputs(&self) -> Option<u128> {
        match self {
            FileFormat::Mnist => Some(28 * 28),
            FileFormat::Text { context } => Some(u128::from(*context)),
            FileFormat::Cifar10 | FileFormat::Cifar100 | FileFormat::Svhn => Some(3 * 32 * 32),
            _ => None,
        }
    }

    /// Whether inputs are images, which have channels.
    pub fn has_channels(&self) -> bool {
        !matches!(
            self,
            FileFormat::Csv { .. }
                | FileFormat::Parquet { .. }
                | FileFormat::Npy { .. }
                | FileFormat::Npz { .. }
                | FileFormat::Text { .. }
        )
    }
}

/// A distribution of independent numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Distribution {
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// Uniform on low..high.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// The sine of another.
    Sine(Box<Distribution>),
}
