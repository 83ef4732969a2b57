//! Text: windows of bytes, each with the byte behind it.

use super::Result;
use crate::array::Array;
use crate::element::Entries;
use crate::error::{Error, Kind, Place};
use crate::examples::{Examples, Targets, inputs, paired};
use std::path::Path;

/// The most entries of all windows together.
const MOST_ENTRIES: usize = 1 << 30;

/// Every window of `context` successive bytes of a file as numbers 0..=255, with the byte behind it as its class. A file of N bytes gives N − `context` examples.
///
/// # Errors
///
/// What cannot be read, has no window, or more windows than memory should hold.
pub fn text(path: &Path, context: usize) -> Result<Examples> {
    if path.is_dir() {
        return Err(Error::new(path, Kind::Unreadable, Place::Whole, "is a directory"));
    }
    let bytes = std::fs::read(path).map_err(|error| Error::system(path, &error))?;
    let rows = bytes.len().saturating_sub(context);
    if rows == 0 || context == 0 {
        return Err(Error::damaged(path, Place::Whole, format!("it has no window of {context} bytes with one behind it"))
            .found(format!("{} bytes", bytes.len()))
            .expected(format!("more than {context} bytes")));
    }
    if rows.checked_mul(context).is_none_or(|entries| entries > MOST_ENTRIES) {
        return Err(Error::new(path, Kind::TooLarge, Place::Whole, format!("it has {rows} windows of {context} bytes")));
    }
    let windows: Vec<u8> = bytes.windows(context).take(rows).flatten().copied().collect();
    let classes = bytes[context..].iter().map(|&byte| usize::from(byte)).collect();
    let array = Array { shape: vec![rows, context], entries: Entries::Bytes(windows) };
    paired(path, inputs(path, "windows", array, false)?, Targets::Classes(classes))
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::examples::Targets;

    #[test]
    fn each_window_has_the_byte_behind_it() {
        let file = tempfile::NamedTempFile::new().expect("a scratch file");
        std::fs::write(file.path(), b"abcde").expect("writable");
        let examples = text(file.path(), 3).expect("two windows");
        assert_eq!(examples.inputs.dense(), [97.0, 98.0, 99.0, 98.0, 99.0, 100.0]);
        assert_eq!(examples.targets, Targets::Classes(vec![100, 101]));
        assert!(text(file.path(), 5).is_err() && text(file.path(), 4).is_ok());
    }
}
