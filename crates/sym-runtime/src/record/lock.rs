//! One writer a record.

use super::files;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};

/// Held while a record is written. The operating system releases it when the process ends, however it ends: there are no stale locks.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a directory, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// As [`Self::take`].
    pub fn take_new(directory: &Path) -> Result<Self, Diagnostic> {
        std::fs::create_dir_all(directory).map_err(|error| files::unwritable(directory, &error))?;
        Self::take(directory)
    }

    /// Takes the lock of a record's directory.
    ///
    /// # Errors
    ///
    /// E0608 while another writer holds it, E0603 where the directory cannot be written.
    pub fn take(directory: &Path) -> Result<Self, Diagnostic> {
        let path = directory.join(files::LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| files::unwritable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who holds it is a courtesy: some systems do not let a locked file be read.
                let _ = file.read_to_string(&mut owner);
                let owner = owner.trim();
                let by = if owner.is_empty() { String::new() } else { format!(" (process {owner})") };
                return Err(Diagnostic::without_span(
                    Code::E0608,
                    format!("the record `{}` is being written by another process{by}", directory.display()),
                )
                .help("wait until it ends, or choose another directory with `--out`"));
            }
            Err(TryLockError::Error(error)) => return Err(files::unwritable(&path, &error)),
        }
        let mut note = || {
            file.rewind()?;
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())
        };
        note().map_err(|error| files::unwritable(&path, &error))?;
        Ok(Self { _file: file })
    }
}
