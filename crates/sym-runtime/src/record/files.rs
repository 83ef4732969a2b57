//! Names and atomic writes of a record's files.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

pub const SPEC: &str = "spec.sym";
pub const SETTINGS: &str = "settings.json";
pub const SUMMARY: &str = "summary.json";
pub const EVENTS: &str = "events.json";
pub const MEASUREMENTS: &str = "measurements.parquet";
pub const WEIGHTS: &str = "weights.safetensors";
pub const CHECKPOINT: &str = "checkpoint.json";
pub const LOCK: &str = "lock";

/// Where the files of one seed are.
pub fn seed_directory(record: &Path, seed: u64) -> PathBuf {
    record.join(format!("seed-{seed}"))
}

/// Creates a directory with its parents.
pub fn create_directory(path: &Path) -> Result<(), Diagnostic> {
    fs::create_dir_all(path).map_err(|error| unwritable(path, &error))
}

/// Writes a whole file or nothing: beside it, to the disk, then renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let beside = PathBuf::from(name);
    let attempt = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // The rename itself lasts once the directory is on the disk; some systems do not open directories.
        if let Some(parent) = path.parent()
            && let Ok(directory) = File::open(parent)
        {
            directory.sync_all()?;
        }
        Ok(())
    };
    attempt().map_err(|error: std::io::Error| unwritable(path, &error))
}

/// Writes a file again where it is missing or holds other bytes.
pub fn restore(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    if fs::read(path).is_ok_and(|found| found == bytes) { Ok(()) } else { write(path, bytes) }
}

/// The first name of what a record holds besides its settings. The spec does not count: it is written before them.
pub fn any_part(record: &Path) -> Option<String> {
    let names = fs::read_dir(record).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("seed-") || [SUMMARY, EVENTS, MEASUREMENTS].contains(&name.as_str())).min()
}

/// Writes a value as indented JSON.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Diagnostic> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("records hold only what JSON can say");
    bytes.push(b'\n');
    write(path, &bytes)
}

/// Reads a value; E0604 where the file is missing or is something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Diagnostic> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| super::damaged(path, &error.to_string()))
}

/// A file of a record that cannot be read.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::without_span(Code::E0604, format!("cannot read `{}` of the record: {}", path.display(), crate::io_reason(error)))
        .help("the directory must be a record that a run wrote")
}

/// A file or directory that cannot be written.
pub fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::without_span(Code::E0603, format!("cannot write `{}`: {}", path.display(), crate::io_reason(error)))
        .help("choose another directory with `--out`")
}
