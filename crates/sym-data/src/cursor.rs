//! Reading with known places: every length is checked before memory is taken.

use crate::error::{Error, Kind, Place};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::fs::File;
use std::io::{BufReader, Chain, Cursor as Bytes, Read};
use std::path::{Path, PathBuf};

/// How many times its own size a packed file may unpack to; real data stay far below.
const MOST_EXPANSION: u64 = 200;
/// What any packed file may unpack to.
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// The most bytes of one array.
const MOST_BYTES: u64 = 1 << 36;

/// Bytes of a file, or of what is packed in it, with the place that has been reached.
pub struct Cursor<'a> {
    file: PathBuf,
    member: Option<String>,
    packed: bool,
    source: Box<dyn Read + 'a>,
    at: u64,
    /// Bytes in all, where they are known before they are read.
    length: Option<u64>,
    /// The most bytes that are taken.
    limit: u64,
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor")
            .field("file", &self.file)
            .field("at", &self.at)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<'a> Cursor<'a> {
    /// A file as it is.
    ///
    /// # Errors
    ///
    /// What the system answers.
    pub fn open(path: &Path) -> Result<Cursor<'static>, Error> {
        let file = File::open(path).map_err(|error| Error::system(path, &error))?;
        let information = file.metadata().map_err(|error| Error::system(path, &error))?;
        if information.is_dir() {
            return Err(Error::new(path, Kind::Unreadable, Place::Whole, "is a directory"));
        }
        Ok(Cursor::over(path, Box::new(BufReader::with_capacity(1 << 16, file)), Some(information.len())))
    }

    /// Bytes in memory that came from a file.
    pub fn of_bytes(file: &Path, bytes: &'a [u8]) -> Self {
        Self::over(file, Box::new(bytes), Some(bytes.len() as u64))
    }

    fn over(file: &Path, source: Box<dyn Read + 'a>, length: Option<u64>) -> Self {
        Self { file: file.to_path_buf(), member: None, packed: false, source, at: 0, length, limit: MOST_BYTES }
    }

    /// A member of an archive that gives `length` bytes according to its directory, from `packed` ones.
    pub fn of_member(file: &Path, member: &str, source: Box<dyn Read + 'a>, length: u64, packed: u64) -> Self {
        let limit = packed.saturating_mul(MOST_EXPANSION).max(ALWAYS_ALLOWED);
        Self { member: Some(member.to_string()), packed: true, limit, ..Self::over(file, source, Some(length)) }
    }

    /// What the file holds unpacked, where it begins as a gzip file does, and the file as it is otherwise.
    ///
    /// # Errors
    ///
    /// What the system answers.
    pub fn gunzipped(mut self) -> Result<Self, Error> {
        let mut first = Vec::new();
        self.source.by_ref().take(2).read_to_end(&mut first).map_err(|error| Error::system(&self.file, &error))?;
        let is_packed = first == [0x1f, 0x8b];
        let whole: Chain<Bytes<Vec<u8>>, Box<dyn Read + 'a>> = Bytes::new(first).chain(self.source);
        if !is_packed {
            return Ok(Self { source: Box::new(whole), ..self });
        }
        let limit = self.length.unwrap_or(0).saturating_mul(MOST_EXPANSION).max(ALWAYS_ALLOWED);
        Ok(Self { source: Box::new(MultiGzDecoder::new(whole)), packed: true, length: None, limit, ..self })
    }

    /// The next `packed` bytes unpacked by zlib; this cursor goes on behind them.
    ///
    /// # Errors
    ///
    /// Where the file ends before.
    pub fn inflated(&mut self, packed: u64, what: &str) -> Result<Cursor<'static>, Error> {
        let bytes = self.bytes(packed, what)?;
        let limit = packed.saturating_mul(MOST_EXPANSION).max(ALWAYS_ALLOWED);
        let source: Box<dyn Read> = Box::new(ZlibDecoder::new(Bytes::new(bytes)));
        Ok(Cursor { packed: true, limit, ..Cursor::over(&self.file, source, None) })
    }

    /// The file's name.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Bytes read so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Bytes still to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        self.length.map(|length| length.saturating_sub(self.at))
    }

    /// The place at a byte.
    pub fn place(&self, byte: u64) -> Place {
        match (&self.member, self.packed) {
            (None, false) => Place::Byte(byte),
            (member, _) => Place::Unpacked { member: member.clone(), byte },
        }
    }

    /// A fault at a byte.
    pub fn damaged(&self, byte: u64, what: impl Into<String>) -> Error {
        Error::damaged(&self.file, self.place(byte), what)
    }

    /// The next `count` bytes, which are `what`.
    ///
    /// # Errors
    ///
    /// A file that ends before, is packed wrongly, or unpacks to absurdly much.
    pub fn bytes(&mut self, count: u64, what: &str) -> Result<Vec<u8>, Error> {
        let start = self.at;
        let ends_early = |this: &Self, there: u64| {
            this.damaged(start, format!("the file ends within {what}"))
                .found(format!("{there} bytes"))
                .expected(format!("{count} bytes"))
        };
        if let Some(there) = self.remaining().filter(|&there| there < count) {
            return Err(ends_early(self, there));
        }
        let end = start.checked_add(count).filter(|&end| end <= self.limit);
        if end.is_none() {
            let error = self.damaged(start, format!("{what} would take {count} bytes")).found(format!("{count} bytes"));
            let error = error.expected(format!("at most {} bytes", self.limit.saturating_sub(start)));
            return Err(if self.packed { error.help("unpack the file before, if it is really that large") } else { error });
        }
        let mut bytes = Vec::new();
        // Memory grows with what is really there.
        if !self.packed && bytes.try_reserve_exact(count as usize).is_err() {
            return Err(Error::new(&self.file, Kind::TooLarge, self.place(start), format!("{what} does not fit into memory")));
        }
        let read = self.source.by_ref().take(count).read_to_end(&mut bytes);
        self.at += bytes.len() as u64;
        if let Err(error) = read {
            return Err(self.refused(&error));
        }
        if (bytes.len() as u64) < count {
            return Err(ends_early(self, bytes.len() as u64));
        }
        Ok(bytes)
    }

    fn refused(&self, error: &std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::OutOfMemory => {
                Error::new(&self.file, Kind::TooLarge, self.place(self.at), "its contents do not fit into memory")
            }
            std::io::ErrorKind::UnexpectedEof if self.packed => self.damaged(self.at, "the packed data end early"),
            _ if self.packed => self.damaged(self.at, format!("cannot be unpacked: {error}")),
            _ => Error::system(&self.file, error),
        }
    }

    /// The next N bytes.
    ///
    /// # Errors
    ///
    /// As [`Cursor::bytes`].
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Error> {
        let bytes = self.bytes(N as u64, what)?;
        Ok(std::array::from_fn(|at| bytes[at]))
    }

    /// All further bytes.
    ///
    /// # Errors
    ///
    /// As [`Cursor::bytes`].
    pub fn rest(&mut self, what: &str) -> Result<Vec<u8>, Error> {
        if let Some(count) = self.remaining() {
            return self.bytes(count, what);
        }
        let mut bytes = Vec::new();
        let most = self.limit.saturating_sub(self.at);
        let read = self.source.by_ref().take(most + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            return Err(self.refused(&error));
        }
        if bytes.len() as u64 > most {
            let error = self.damaged(self.at, format!("{what} unpack to more than {} bytes", self.limit));
            return Err(error.help("unpack the file before, if it is really that large"));
        }
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    /// Nothing may follow; checksums of packed data are compared here.
    ///
    /// # Errors
    ///
    /// Bytes that follow, and a wrong checksum.
    pub fn end(mut self) -> Result<(), Error> {
        let mut more = [0];
        match self.source.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let surplus = self.remaining().map_or_else(|| "more bytes".to_string(), |count| format!("{count} more bytes"));
                Err(self.damaged(self.at, "bytes follow behind the last number").found(surplus).expected("the end of the file"))
            }
            Err(error) => Err(self.refused(&error)),
        }
    }
}
