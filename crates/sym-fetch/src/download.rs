//! One file.

use crate::Event;
use crate::error::{Error, Kind};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use sym_data::Remote;
use ureq::{Agent, Proxy};

/// How files are fetched.
#[derive(Debug)]
pub struct Network {
    agent: Agent,
    /// How long to wait before a connection is tried again.
    pause: Duration,
}

/// Attempts in a row that bring nothing before an address is given up.
const ATTEMPTS: u32 = 3;
/// Bytes between two reports.
const REPORT: u64 = 1 << 18;

impl Network {
    /// Through the proxy of the environment, where `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names one and `NO_PROXY` does not exclude the host.
    pub fn from_environment() -> Self {
        Self::new(Proxy::try_from_env(), Duration::from_secs(1))
    }

    /// Through a proxy, such as `http://localhost:3128`, or none; `pause` is the time before a connection is tried again.
    ///
    /// # Errors
    ///
    /// What is no address of a proxy.
    pub fn through(proxy: Option<&str>, pause: Duration) -> Result<Self, Error> {
        let proxy = proxy.map(Proxy::new).transpose();
        let proxy = proxy.map_err(|error| Error::new(Kind::Network, format!("the proxy cannot be used: {error}")))?;
        Ok(Self::new(proxy, pause))
    }

    fn new(proxy: Option<Proxy>, pause: Duration) -> Self {
        let config = Agent::config_builder()
            .proxy(proxy)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_mins(1)))
            .user_agent(concat!("symc/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), pause }
    }
}

/// Brings one file into a folder; gives its path. What was fetched of it before is kept in `NAME.part` and continued.
///
/// # Errors
///
/// As [`crate::get`].
pub fn fetch(remote: &Remote, folder: &Path, network: &Network, tell: &mut dyn FnMut(Event)) -> Result<PathBuf, Error> {
    let target = folder.join(remote.name);
    let part = folder.join(format!("{}.part", remote.name));
    let file = remote.name.to_string();
    loop {
        if is_published(&target, remote)? {
            tell(Event::There { file });
            return Ok(target);
        }
        let refused = |error: std::io::Error| Error::system(&part, "written", &error);
        let mut partial = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&part).map_err(refused)?;
        // One process fetches, others wait until it has ended, in whatever way.
        partial.lock().map_err(refused)?;
        if !is_at(&part, &partial) {
            continue;
        }
        if is_published(&target, remote)? {
            let _ = std::fs::remove_file(&part);
            tell(Event::There { file });
            return Ok(target);
        }
        complete(&mut partial, &part, remote, network, tell)?;
        partial
            .sync_all()
            .and_then(|()| std::fs::rename(&part, &target))
            .map_err(|error| Error::system(&target, "written", &error))?;
        tell(Event::Complete { file });
        return Ok(target);
    }
}

/// Whether the file that was opened still stands at its path: the process that had it locked moves it away when it is complete.
fn is_at(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(opened)) = (path.metadata(), file.metadata()) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (there.dev(), there.ino()) == (opened.dev(), opened.ino())
    }
    #[cfg(not(unix))]
    {
        there.len() == opened.len()
    }
}

/// Whether a file is there and is the published one.
fn is_published(path: &Path, remote: &Remote) -> Result<bool, Error> {
    let Ok(information) = path.metadata() else { return Ok(false) };
    if information.len() != remote.size {
        return Ok(false);
    }
    let refused = |error: std::io::Error| Error::system(path, "read", &error);
    let mut file = File::open(path).map_err(refused)?;
    Ok(checksum(&mut file).map_err(refused)? == remote.sha256)
}

fn checksum(file: &mut File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Sha256::new();
    std::io::copy(file, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

/// Fetches what is missing from one address after another until the file is whole and the published one.
fn complete(
    partial: &mut File,
    part: &Path,
    remote: &Remote,
    network: &Network,
    tell: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let refused = |error: std::io::Error| Error::system(part, "written", &error);
    let mut last = Error::new(Kind::Network, format!("`{}` has no address", remote.name));
    for address in remote.addresses {
        let mut idle = 0;
        while idle < ATTEMPTS {
            let before = length(partial).map_err(refused)?;
            let outcome = attempt(address, partial, remote, network, tell);
            let after = length(partial).map_err(refused)?;
            if after == remote.size {
                let found = checksum(partial).map_err(refused)?;
                if found == remote.sha256 {
                    return Ok(());
                }
                partial.set_len(0).map_err(refused)?;
                last = Error::new(Kind::Different, format!("`{}` from {address} is not the published file", remote.name))
                    .found(format!("SHA-256 {found}"))
                    .expected(format!("SHA-256 {}", remote.sha256));
                tell(Event::Again { file: remote.name.to_string(), why: "the checksum is another one".to_string() });
                // What was continued may have been of another file; a whole one will not change.
                if before == 0 {
                    break;
                }
                idle += 1;
                continue;
            }
            let why = match outcome {
                Ok(()) => Error::new(Kind::Network, format!("`{}` from {address} ends after {after} bytes", remote.name))
                    .found(format!("{after} bytes"))
                    .expected(format!("{} bytes", remote.size)),
                Err(Fault::Fatal(error)) => return Err(error),
                Err(Fault::Address(error)) => {
                    last = error;
                    break;
                }
                Err(Fault::Connection(why)) => why,
            };
            idle = if after > before { 0 } else { idle + 1 };
            tell(Event::Again { file: remote.name.to_string(), why: why.what.clone() });
            last = why;
            std::thread::sleep(network.pause);
        }
    }
    Err(last.help(format!("try again: it goes on from `{}`", part.display())))
}

fn length(file: &File) -> std::io::Result<u64> {
    Ok(file.metadata()?.len())
}

/// Why an attempt brought less than the file.
enum Fault {
    /// It is worth another try.
    Connection(Error),
    /// The address does not have it.
    Address(Error),
    /// Nothing helps.
    Fatal(Error),
}

/// One connection: appends what comes.
fn attempt(
    address: &str,
    partial: &mut File,
    remote: &Remote,
    network: &Network,
    tell: &mut dyn FnMut(Event),
) -> Result<(), Fault> {
    let written = |error: std::io::Error| Fault::Fatal(Error::system(Path::new(remote.name), "written", &error));
    let mut done = length(partial).map_err(written)?;
    if done > remote.size {
        partial.set_len(0).map_err(written)?;
        done = 0;
    }
    if done == remote.size {
        return Ok(());
    }
    let mut request = network.agent.get(address);
    if done > 0 {
        request = request.header("Range", format!("bytes={done}-"));
    }
    let unreachable = |error: &dyn std::fmt::Display| {
        Fault::Connection(Error::new(Kind::Network, format!("{address} cannot be reached: {error}")))
    };
    let response = request.call().map_err(|error| unreachable(&error))?;
    let status = response.status().as_u16();
    let continues = response
        .headers()
        .get("content-range")
        .and_then(|range| range.to_str().ok())
        .is_some_and(|range| range.starts_with(&format!("bytes {done}-")));
    match status {
        206 if done > 0 && continues => {}
        // The whole file, where only a part was asked for too, or a part that was not asked for.
        200 => {
            partial.set_len(0).map_err(written)?;
            done = 0;
        }
        206 | 416 => {
            partial.set_len(0).map_err(written)?;
            return Err(Fault::Connection(Error::new(Kind::Network, format!("{address} does not continue at byte {done}"))));
        }
        _ => {
            let error =
                Error::new(Kind::Network, format!("{address} answers with status {status}")).found(status).expected("200 or 206");
            // Servers that are busy may answer later.
            return Err(if status == 429 || status >= 500 { Fault::Connection(error) } else { Fault::Address(error) });
        }
    }
    partial.seek(SeekFrom::Start(done)).map_err(written)?;
    let mut body = response.into_body().into_reader().take(remote.size + 1 - done);
    let mut buffer = vec![0; 1 << 16];
    let mut reported = done;
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreachable(&error)),
        };
        partial.write_all(&buffer[..count]).map_err(written)?;
        done += count as u64;
        if done - reported >= REPORT || done == remote.size {
            reported = done;
            tell(Event::Fetched { file: remote.name.to_string(), done, size: remote.size });
        }
    }
    if done > remote.size {
        partial.set_len(0).map_err(written)?;
        let error = Error::new(Kind::Different, format!("`{}` from {address} is longer than the published file", remote.name));
        return Err(Fault::Address(
            error.found(format!("more than {} bytes", remote.size)).expected(format!("{} bytes", remote.size)),
        ));
    }
    Ok(())
}
