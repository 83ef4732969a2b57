//! Fetches published data sets: with checksums, from where the last attempt ended, and one process at a time.

mod archive;
mod download;
mod error;

pub use download::{Network, fetch};
pub use error::{Error, Kind};

use std::path::{Path, PathBuf};
use sym_data::Source;

/// What is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file is there already, and is the published one.
    There {
        /// Its name.
        file: String,
    },
    /// So many bytes of a file have been fetched.
    Fetched {
        /// Its name.
        file: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        size: u64,
    },
    /// What was fetched is of no use, or a connection ended: it is tried again.
    Again {
        /// The file's name.
        file: String,
        /// Why.
        why: String,
    },
    /// A file is complete and was found to be the published one.
    Complete {
        /// Its name.
        file: String,
    },
}

/// Brings all files of a data set into a folder, which is made where it is not there; gives the paths of what can be read then.
///
/// A file that is there is kept where it is the published one. Archives are unpacked and removed. Any number of processes may do the same at once.
///
/// # Errors
///
/// What the network or the system refuses, and files that are not the published ones.
pub fn get(source: &Source, folder: &Path, network: &Network, tell: &mut dyn FnMut(Event)) -> Result<Vec<PathBuf>, Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::system(folder, "made", &error))?;
    let mut paths = Vec::new();
    for remote in source.files {
        if remote.members.is_empty() {
            paths.push(fetch(remote, folder, network, tell)?);
            continue;
        }
        if archive::is_unpacked(remote, folder) {
            tell(Event::There { file: remote.name.to_string() });
        } else {
            let path = fetch(remote, folder, network, tell)?;
            archive::unpack(&path, remote, folder)?;
            // Another process may have removed it.
            let _ = std::fs::remove_file(&path);
        }
        paths.extend(remote.members.iter().map(|(member, _)| folder.join(member)));
    }
    Ok(paths)
}
