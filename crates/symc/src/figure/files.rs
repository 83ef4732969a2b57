//! Files that appear whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// Writes a file into a directory, which is created, through a temporary file beside it.
pub(super) fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Diagnostic> {
    let path = directory.join(name);
    let temporary = directory.join(format!(".{name}.{}.part", std::process::id()));
    let written = fs::create_dir_all(directory).and_then(|()| {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    });
    written.map(|()| path.clone()).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Diagnostic::without_span(Code::E0603, format!("the figure `{}` cannot be written: {error}", path.display()))
            .found(error.kind().to_string())
            .expected("a directory that can be written")
            .help("choose another directory with `--out`")
    })
}

#[cfg(test)]
mod tests {
    use super::write;
    use std::fs;

    #[test]
    fn a_file_replaces_the_one_before_it_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let inner = directory.path().join("figures");
        write(&inner, "a.svg", b"old").expect("writable");
        let path = write(&inner, "a.svg", b"new").expect("writable");
        assert_eq!(fs::read(path).expect("written"), b"new");
        assert_eq!(fs::read_dir(&inner).expect("a directory").count(), 1);
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_an_unwritable_output() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let blocked = directory.path().join("blocked");
        fs::write(&blocked, b"").expect("writable");
        let diagnostic = write(&blocked.join("x"), "a.svg", b"").expect_err("no directory can be made there");
        assert_eq!(diagnostic.code, sym_diagnostics::Code::E0603);
    }
}
