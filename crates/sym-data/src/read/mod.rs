//! Readers of file formats, one a file. None reads past the end of a file or takes memory for what is not there.

mod cifar;
mod folders;
#[cfg(test)]
mod fuzz;
mod idx;
mod mat;
mod npy;
mod npz;
mod parquet;
mod table;
mod text;

pub use cifar::{CifarKind, cifar, cifar_file};
pub use folders::folders;
pub use idx::{idx, idx_array, mnist};
pub use mat::{mat_array, svhn};
pub use npy::npy_array;
pub use npz::{npy_pair, npz, npz_array};
pub use parquet::parquet;
pub use table::{TableTargets, csv};
pub use text::text;

use crate::error::Error;
use std::path::{Path, PathBuf};

/// The first of these paths at which there is something, or the first one.
fn first_there(candidates: &[PathBuf]) -> &Path {
    candidates.iter().find(|path| path.exists()).unwrap_or(&candidates[0])
}

/// Whatever a reader says, said about the file that it read.
type Result<T> = std::result::Result<T, Error>;
