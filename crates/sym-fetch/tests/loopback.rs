//! Fetching from a server on this machine that behaves badly in every way that servers do.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use sym_data::{Remote, Source};
use sym_fetch::{Event, Kind, Network};

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// As it should.
    Sound,
    /// Closes the connection after so many bytes.
    Cuts(usize),
    /// Sends the whole file whatever is asked for.
    IgnoresRanges,
    /// Refuses every range.
    RefusesRanges,
    /// Says that the file is not there.
    Missing,
    /// Is busy the first time.
    BusyOnce,
    /// Ends every connection before it answers.
    Silent,
}

/// What was asked for: the first line of the request and its range.
type Log = Arc<Mutex<Vec<(String, Option<String>)>>>;

struct Server {
    address: String,
    log: Log,
}

impl Server {
    fn start(manner: Manner, content: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let log = Log::default();
        let (content, for_thread, served) = (content.to_vec(), Arc::clone(&log), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let first = served.fetch_add(1, Ordering::Relaxed) == 0;
                let _ = answer(stream, manner, &content, first, &for_thread);
            }
        });
        Self { address, log }
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.log.lock().expect("the log").iter().map(|(_, range)| range.clone()).collect()
    }
}

/// The first line of a request and its headers.
fn head_of(reader: &mut impl BufRead) -> std::io::Result<(String, HashMap<String, String>)> {
    let mut lines = reader.lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_string());
    }
    Ok((request, headers))
}

fn answer(mut stream: TcpStream, manner: Manner, content: &[u8], first: bool, log: &Log) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut request, mut headers) = head_of(&mut reader)?;
    // What comes behind a tunnel's head is the request itself.
    if request.starts_with("CONNECT ") {
        log.lock().expect("the log").push((request, None));
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        (request, headers) = head_of(&mut reader)?;
    }
    let range = headers.get("range").cloned();
    log.lock().expect("the log").push((request, range.clone()));
    let from: usize =
        range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()).unwrap_or(0);
    let mut head = |status: &str, more: &str, length: usize| {
        write!(stream, "HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let body = match manner {
        Manner::Silent => return Ok(()),
        Manner::Missing => return head("404 Not Found", "", 0),
        Manner::BusyOnce if first => return head("503 Service Unavailable", "", 0),
        Manner::RefusesRanges if from > 0 => return head("416 Range Not Satisfiable", "", 0),
        Manner::Sound | Manner::Cuts(_) | Manner::BusyOnce if from > 0 => {
            let all = content.len();
            head("206 Partial Content", &format!("Content-Range: bytes {from}-{}/{all}\r\n", all - 1), all - from)?;
            &content[from..]
        }
        _ => {
            head("200 OK", "", content.len())?;
            content
        }
    };
    match manner {
        Manner::Cuts(after) => stream.write_all(&body[..after.min(body.len())]),
        _ => stream.write_all(body),
    }
}

fn content() -> Vec<u8> {
    (0..100_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    format!("{:x}", Sha256::digest(bytes))
}

/// Text that lives as long as the test.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn remote(addresses: &[&str], bytes: &[u8]) -> Remote {
    let addresses: Vec<&'static str> = addresses.iter().map(|address| kept(format!("{address}/file.gz"))).collect();
    Remote {
        name: "file.gz",
        size: bytes.len() as u64,
        sha256: kept(sha256(bytes)),
        md5: "",
        addresses: Box::leak(addresses.into_boxed_slice()),
        members: &[],
    }
}

fn network() -> Network {
    Network::through(None, Duration::from_millis(1)).expect("no proxy")
}

/// Fetches into a folder; gives the events with the outcome.
fn fetch(remote: &Remote, folder: &Path) -> (Result<Vec<u8>, sym_fetch::Error>, Vec<Event>) {
    let mut events = Vec::new();
    let path = sym_fetch::fetch(remote, folder, &network(), &mut |event| events.push(event));
    (path.map(|path| std::fs::read(path).expect("the file")), events)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_once() {
    let (server, folder) = (Server::start(Manner::Sound, &content()), tempfile::tempdir().expect("a folder"));
    let remote = remote(&[&server.address], &content());
    let (fetched, events) = fetch(&remote, folder.path());
    assert_eq!(fetched.expect("the file"), content());
    assert_eq!(events.last(), Some(&Event::Complete { file: "file.gz".to_string() }));
    assert_eq!(names(folder.path()), ["file.gz"]);
    let (_, events) = fetch(&remote, folder.path());
    assert_eq!(events, [Event::There { file: "file.gz".to_string() }]);
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_cut_connection_is_continued_where_it_ended() {
    let (server, folder) = (Server::start(Manner::Cuts(30_000), &content()), tempfile::tempdir().expect("a folder"));
    let (fetched, events) = fetch(&remote(&[&server.address], &content()), folder.path());
    assert_eq!(fetched.expect("the file"), content());
    let ranges: Vec<Option<String>> = [None, Some(30_000), Some(60_000), Some(90_000)]
        .map(|from: Option<u32>| from.map(|from| format!("bytes={from}-")))
        .to_vec();
    assert_eq!(server.ranges(), ranges);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Again { .. })).count(), 3);
}

#[test]
fn what_an_earlier_run_fetched_is_kept() {
    let (server, folder) = (Server::start(Manner::Sound, &content()), tempfile::tempdir().expect("a folder"));
    std::fs::write(folder.path().join("file.gz.part"), &content()[..70_000]).expect("a part");
    let (fetched, _) = fetch(&remote(&[&server.address], &content()), folder.path());
    assert_eq!(fetched.expect("the file"), content());
    assert_eq!(server.ranges(), [Some("bytes=70000-".to_string())]);
}

#[test]
fn a_part_of_something_else_is_fetched_again() {
    let (server, folder) = (Server::start(Manner::Sound, &content()), tempfile::tempdir().expect("a folder"));
    std::fs::write(folder.path().join("file.gz.part"), vec![7; 50_000]).expect("a part");
    let (fetched, _) = fetch(&remote(&[&server.address], &content()), folder.path());
    assert_eq!(fetched.expect("the file"), content());
    assert_eq!(server.ranges(), [Some("bytes=50000-".to_string()), None]);
}

#[test]
fn servers_that_refuse_or_ignore_ranges_send_the_whole_file() {
    for manner in [Manner::RefusesRanges, Manner::IgnoresRanges] {
        let (server, folder) = (Server::start(manner, &content()), tempfile::tempdir().expect("a folder"));
        std::fs::write(folder.path().join("file.gz.part"), &content()[..50_000]).expect("a part");
        let (fetched, _) = fetch(&remote(&[&server.address], &content()), folder.path());
        assert_eq!(fetched.expect("the file"), content(), "{manner:?}");
    }
}

#[test]
fn another_file_is_refused_and_nothing_of_it_is_kept() {
    let (server, folder) = (Server::start(Manner::Sound, &vec![1; 100_000]), tempfile::tempdir().expect("a folder"));
    let (fetched, _) = fetch(&remote(&[&server.address], &content()), folder.path());
    let error = fetched.expect_err("another file");
    assert_eq!(error.kind, Kind::Different);
    assert_eq!(error.found, Some(format!("SHA-256 {}", sha256(&vec![1; 100_000]))));
    assert_eq!(error.expected, Some(format!("SHA-256 {}", sha256(&content()))));
    assert!(!folder.path().join("file.gz").exists());
    assert_eq!(std::fs::metadata(folder.path().join("file.gz.part")).expect("an empty part").len(), 0);
    let longer = Server::start(Manner::Sound, &vec![1; 100_001]);
    let error = fetch(&remote(&[&longer.address], &content()), folder.path()).0.expect_err("a longer file");
    assert_eq!(error.found.as_deref(), Some("more than 100000 bytes"));
}

#[test]
fn the_next_address_is_tried_where_one_does_not_have_the_file() {
    let (missing, silent) = (Server::start(Manner::Missing, &[]), Server::start(Manner::Silent, &[]));
    let (sound, folder) = (Server::start(Manner::BusyOnce, &content()), tempfile::tempdir().expect("a folder"));
    let all = [missing.address.as_str(), &silent.address, &sound.address];
    let (fetched, _) = fetch(&remote(&all, &content()), folder.path());
    assert_eq!(fetched.expect("the file"), content());
    assert_eq!((missing.ranges().len(), silent.ranges().len(), sound.ranges().len()), (1, 3, 2));
    let error = fetch(&remote(&all[..1], &[1]), folder.path()).0.expect_err("no address has it");
    assert_eq!((error.kind, error.found.as_deref()), (Kind::Network, Some("404")));
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_to_the_host() {
    let (proxy, folder) = (Server::start(Manner::Sound, &content()), tempfile::tempdir().expect("a folder"));
    let network = Network::through(Some(&proxy.address), Duration::from_millis(1)).expect("a proxy");
    let remote = remote(&["http://data.invalid"], &content());
    let path = sym_fetch::fetch(&remote, folder.path(), &network, &mut |_| {}).expect("the file");
    assert_eq!(std::fs::read(path).expect("the file"), content());
    let requests: Vec<String> = proxy.log.lock().expect("the log").iter().map(|(request, _)| request.clone()).collect();
    assert_eq!(requests, ["CONNECT data.invalid:80 HTTP/1.1", "GET /file.gz HTTP/1.1"]);
}

#[test]
fn processes_that_fetch_the_same_file_wait_for_each_other() {
    let (server, folder) = (Server::start(Manner::Cuts(40_000), &content()), tempfile::tempdir().expect("a folder"));
    let remote = remote(&[&server.address], &content());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(fetch(&remote, folder.path()).0.expect("the file"), content()));
        }
    });
    assert_eq!(server.ranges().len(), 3);
    assert_eq!(names(folder.path()), ["file.gz"]);
}

mod archives {
    use super::*;

    /// An entry of a tar file by its definition (POSIX ustar): 512 bytes of header, then the content in blocks of 512.
    fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = [0u8; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, &[kind]);
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = header.to_vec();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn packed(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&entries.concat()).expect("memory");
        encoder.write_all(&[0; 1024]).expect("memory");
        encoder.finish().expect("memory")
    }

    fn get(archive: &[u8], folder: &Path, server: &Server) -> Result<Vec<std::path::PathBuf>, sym_fetch::Error> {
        let remote = Remote { members: &[("set/a.bin", 5), ("set/b.bin", 600)], ..remote(&[&server.address], archive) };
        let source = Source { name: "set", holds: "", format: "", page: "", files: Box::leak(Box::new([remote])) };
        sym_fetch::get(&source, folder, &network(), &mut |_| {})
    }

    #[test]
    fn what_is_used_is_unpacked_and_the_archive_removed() {
        let archive = packed(&[
            entry("set/", b'5', b""),
            entry("set/readme.html", b'0', b"words"),
            entry("set/b.bin", b'0', &[7; 600]),
            entry("set/a.bin", b'0', b"12345"),
        ]);
        let (server, folder) = (Server::start(Manner::Sound, &archive), tempfile::tempdir().expect("a folder"));
        for _ in 0..2 {
            let paths = get(&archive, folder.path(), &server).expect("the set");
            assert_eq!(std::fs::read(&paths[0]).expect("a file"), b"12345");
            assert_eq!(std::fs::read(&paths[1]).expect("a file"), [7; 600]);
        }
        assert_eq!(names(folder.path()), ["set"]);
        assert_eq!(names(&folder.path().join("set")), ["a.bin", "b.bin"]);
        assert_eq!(server.ranges().len(), 1);
    }

    #[test]
    fn archives_that_leave_the_folder_or_hold_something_else_are_refused() {
        let sound = [entry("set/a.bin", b'0', b"12345"), entry("set/b.bin", b'0', &[7; 600])];
        let cases: [(Vec<Vec<u8>>, &str); 5] = [
            ([vec![entry("../evil", b'0', b"x")], sound.to_vec()].concat(), "holds a path that leaves the folder"),
            ([vec![entry("/evil", b'0', b"x")], sound.to_vec()].concat(), "holds a path that leaves the folder"),
            (vec![entry("set/a.bin", b'2', b""), sound[1].clone()], "is something else"),
            (vec![entry("set/a.bin", b'0', b"123"), sound[1].clone()], "is something else"),
            (vec![sound[0].clone()], "has no `set/b.bin`"),
        ];
        for (entries, expected) in cases {
            let archive = packed(&entries);
            let (server, folder) = (Server::start(Manner::Sound, &archive), tempfile::tempdir().expect("a folder"));
            let error = get(&archive, folder.path(), &server).expect_err("refused");
            assert_eq!(error.kind, Kind::Different);
            assert!(error.what.contains(expected), "{error}");
            assert!(!folder.path().parent().expect("a parent").join("evil").exists());
        }
    }
}
