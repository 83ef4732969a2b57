//! The members of a zip file.

use crate::fault::{Read as Outcome, io, truncated};
use crate::place::Data;
use crate::source::Source;
use flate2::read::DeflateDecoder;
use std::io::{Read, Seek, SeekFrom};
use zip::{CompressionMethod, ZipArchive};

/// A member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub name: String,
    /// Where it lies as it is stored.
    pub offset: u64,
    /// How many bytes it has there.
    pub stored: u64,
    /// How many bytes it unpacks to, as it says.
    pub length: u64,
    pub deflated: bool,
}

/// All members, in order.
pub(crate) fn members(source: &mut Source) -> Outcome<Vec<Member>> {
    let total = source.length();
    let mut archive = ZipArchive::new(&mut *source).map_err(|error| error.to_string())?;
    let mut members = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).map_err(|error| error.to_string())?;
        let name = file.name().map_err(|error| error.to_string())?.into_owned();
        if file.encrypted() {
            return Err(format!("its member `{name}` is encrypted"));
        }
        let deflated = match file.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => return Err(format!("its member `{name}` is packed by {other}")),
        };
        let offset = file.data_start().ok_or_else(truncated)?;
        let stored = file.compressed_size();
        offset.checked_add(stored).filter(|end| *end <= total).ok_or_else(truncated)?;
        if !deflated && stored != file.size() {
            return Err(format!("its member `{name}` has two sizes"));
        }
        members.push(Member { name, offset, stored, length: file.size(), deflated });
    }
    Ok(members)
}

impl Member {
    /// The first bytes that it unpacks to, at most `limit`.
    pub fn start(&self, source: &mut Source, limit: u64) -> Outcome<Vec<u8>> {
        source.seek(SeekFrom::Start(self.offset)).map_err(|error| io(&error))?;
        let stored = source.take(self.stored);
        let mut bytes = Vec::new();
        let read = if self.deflated {
            DeflateDecoder::new(stored).take(limit).read_to_end(&mut bytes)
        } else {
            stored.take(limit).read_to_end(&mut bytes)
        };
        read.map_err(|error| io(&error))?;
        Ok(bytes)
    }

    /// Everything that it unpacks to, which may be no more than `limit`.
    pub fn all(&self, source: &mut Source, limit: u64) -> Outcome<Vec<u8>> {
        let bytes = self.start(source, limit.saturating_add(1))?;
        if bytes.len() as u64 > limit {
            return Err(format!("its member `{}` has more than {limit} bytes", self.name));
        }
        Ok(bytes)
    }

    /// An array that begins `skip` bytes into what it unpacks to.
    pub fn data(&self, skip: u64) -> Data {
        if self.deflated {
            Data::Deflated { offset: self.offset, length: self.stored, skip }
        } else {
            Data::Plain { offset: self.offset.saturating_add(skip) }
        }
    }
}
