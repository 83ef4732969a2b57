//! A place in a source that moves forward, for formats that must be walked through.

use crate::fault::{Read, truncated};
use crate::source::Source;

/// How many bytes are read at once.
const WINDOW: u64 = 1 << 13;

/// A range of a source with a place in it.
pub(crate) struct Cursor<'a> {
    source: &'a mut Source,
    position: u64,
    end: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> Cursor<'a> {
    /// All of a source from `position` on.
    pub fn new(source: &'a mut Source, position: u64) -> Self {
        let end = source.length();
        Self { source, position: position.min(end), end, window: Vec::new(), window_start: 0 }
    }

    /// Where it is.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Confines it to the next `length` bytes and gives back the end that it had; [`Cursor::widen`] restores that.
    pub fn narrow(&mut self, length: u64) -> Read<u64> {
        let inner = self.position.checked_add(length).filter(|end| *end <= self.end).ok_or_else(truncated)?;
        Ok(std::mem::replace(&mut self.end, inner))
    }

    /// Gives it back an end.
    pub fn widen(&mut self, end: u64) {
        self.end = end;
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.position >= self.end
    }

    /// The next byte.
    pub fn byte(&mut self) -> Read<u8> {
        if self.is_at_end() {
            return Err(truncated());
        }
        let within = self.position.checked_sub(self.window_start).filter(|at| *at < self.window.len() as u64);
        let at = if let Some(at) = within {
            at
        } else {
            let length = WINDOW.min(self.source.length() - self.position);
            self.window = self.source.range(self.position, length)?;
            self.window_start = self.position;
            0
        };
        self.position += 1;
        Ok(self.window[at as usize])
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// The next bytes, if there are so many.
    pub fn bytes(&mut self, length: u64) -> Read<Vec<u8>> {
        let start = self.position;
        self.skip(length)?;
        if length <= 256 {
            self.position = start;
            return (0..length).map(|_| self.byte()).collect();
        }
        self.source.range(start, length)
    }

    /// Moves over bytes without reading them.
    pub fn skip(&mut self, length: u64) -> Read<()> {
        self.position = self.position.checked_add(length).filter(|end| *end <= self.end).ok_or_else(truncated)?;
        Ok(())
    }

    /// The bytes up to a line feed, which is taken too.
    pub fn line(&mut self) -> Read<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(line),
                byte => line.push(byte),
            }
        }
    }
}
