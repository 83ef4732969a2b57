//! What the files of a folder gave.

use super::{Report, Schema};
use serde::Serialize;

/// All files of a folder.
#[derive(Debug, Default, Serialize)]
pub struct FolderReport {
    /// [`super::SCHEMA`].
    pub schema: Schema,
    /// The files that were executed, in order.
    pub files: Vec<FileReport>,
    /// How many were not, because the user stopped.
    pub left: usize,
}

/// One file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its path.
    pub file: String,
    /// Whether its items were executed: not where it has errors.
    pub is_executed: bool,
    /// Seconds.
    pub seconds: f64,
    /// Everything that was found.
    pub report: Report,
}
