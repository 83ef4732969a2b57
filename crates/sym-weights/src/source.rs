//! Bytes that are read by range, and how many were.

use crate::fault::{Read as Outcome, io as io_fault, missing, truncated};
use std::fs::File;
use std::io::{Cursor, Read, Result, Seek, SeekFrom};
use std::path::Path;
use sym_diagnostics::Diagnostic;

trait Bytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> Bytes for T {}

/// A file, or bytes in memory.
pub(crate) struct Source {
    bytes: Box<dyn Bytes>,
    length: u64,
    read: u64,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Source").field("length", &self.length).field("read", &self.read).finish_non_exhaustive()
    }
}

impl Source {
    /// A file, of which nothing is read yet.
    pub fn open(path: &Path) -> std::result::Result<Self, Diagnostic> {
        let opened = File::open(path).and_then(|file| {
            let about = file.metadata()?;
            if about.is_dir() { Err(std::io::ErrorKind::IsADirectory.into()) } else { Ok((file, about.len())) }
        });
        let (file, length) = opened.map_err(|error| missing(path, &error))?;
        Ok(Self { bytes: Box::new(file), length, read: 0 })
    }

    /// Bytes in memory.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { length: bytes.len() as u64, bytes: Box::new(Cursor::new(bytes)), read: 0 }
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes have been read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Fills the buffer with what begins at `offset`.
    pub fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> Outcome<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.length);
        end.ok_or_else(truncated)?;
        self.seek(SeekFrom::Start(offset)).and_then(|_| self.read_exact(buffer)).map_err(|error| io_fault(&error))
    }

    /// The bytes of a range, which must lie within the source: it is held against its length before anything is allocated.
    pub fn range(&mut self, offset: u64, length: u64) -> Outcome<Vec<u8>> {
        offset.checked_add(length).filter(|end| *end <= self.length).ok_or_else(truncated)?;
        let mut buffer = vec![0; usize::try_from(length).map_err(|_| truncated())?];
        self.fill(offset, &mut buffer)?;
        Ok(buffer)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.bytes.seek(to)
    }
}
