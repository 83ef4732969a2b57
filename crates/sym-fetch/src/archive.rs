//! What is used of an archive.

use crate::error::{Error, Kind};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Component, Path};
use sym_data::Remote;
use tar::Archive;

/// Whether all that is used of an archive stands in the folder, in full size. It came there whole: see [`unpack`].
pub fn is_unpacked(remote: &Remote, folder: &Path) -> bool {
    remote.members.iter().all(|&(member, size)| folder.join(member).metadata().is_ok_and(|found| found.len() == size))
}

/// Unpacks the members that are used; each appears under its name when it is whole.
///
/// # Errors
///
/// Archives that cannot be read, that hold a path out of the folder, or that lack a member.
pub fn unpack(path: &Path, remote: &Remote, folder: &Path) -> Result<(), Error> {
    let damaged =
        |error: std::io::Error| Error::new(Kind::Different, format!("`{}` cannot be unpacked: {error}", path.display()));
    let file = File::open(path).map_err(|error| Error::system(path, "read", &error))?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut missing: Vec<(&str, u64)> = remote.members.to_vec();
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let inside = entry.path().map_err(damaged)?.into_owned();
        if inside.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(Error::new(Kind::Different, format!("`{}` holds a path that leaves the folder", path.display()))
                .found(format!("`{}`", inside.display()))
                .expected("paths below the folder"));
        }
        let Some(at) = missing.iter().position(|(member, _)| Path::new(member) == inside) else { continue };
        let (member, size) = missing.remove(at);
        if !entry.header().entry_type().is_file() || entry.size() != size {
            return Err(Error::new(Kind::Different, format!("`{member}` in `{}` is something else", path.display()))
                .found(format!("{} bytes", entry.size()))
                .expected(format!("a file of {size} bytes")));
        }
        place(&mut entry.by_ref().take(size), &folder.join(member), size)?;
    }
    match missing.first() {
        None => Ok(()),
        Some((member, _)) => {
            Err(Error::new(Kind::Different, format!("`{}` has no `{member}`", path.display())).expected(*member))
        }
    }
}

/// Writes a file beside its place and moves it there.
fn place(source: &mut impl Read, target: &Path, size: u64) -> Result<(), Error> {
    let refused = |error: std::io::Error| Error::system(target, "written", &error);
    let parent = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(refused)?;
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let beside = target.with_file_name(name);
    let written = File::create(&beside).and_then(|mut file| {
        let count = std::io::copy(source, &mut file)?;
        file.sync_all()?;
        if count == size { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    });
    written.and_then(|()| std::fs::rename(&beside, target)).map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        refused(error)
    })
}
