//! Running `symc` as a process.

#![allow(dead_code, reason = "no test uses all of it")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a process left behind.
pub struct Ended {
    /// Exit code; −1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// Runs `symc` in a directory.
pub fn symc(directory: &Path, arguments: &[&str]) -> Ended {
    Process::start(directory, arguments, &[]).end()
}

/// Runs `symc` in a fresh directory that holds `example.sym`.
pub fn with_file(text: impl AsRef<[u8]>, arguments: &[&str]) -> Ended {
    let directory = scratch(text);
    symc(directory.path(), arguments)
}

/// A fresh directory that holds `example.sym`.
pub fn scratch(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("example.sym"), text).expect("the scratch directory is writable");
    directory
}

/// `symc` while it runs.
pub struct Process(Child);

impl Process {
    /// Starts `symc` in a directory, with environment variables.
    pub fn start(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_symc"));
        command.args(arguments);
        Self::spawn(command.envs(variables.iter().copied()), directory)
    }

    /// Starts `symc` so that no file can grow beyond so many bytes, as on a full disk: writing more is an error of the system.
    pub fn start_with_small_files(directory: &Path, bytes: u64, arguments: &[&str]) -> Self {
        // POSIX counts in blocks of 512 bytes.
        let script = format!("ulimit -f {}; exec \"$@\"", bytes / 512);
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_symc")]).args(arguments);
        Self::spawn(&mut command, directory)
    }

    fn spawn(command: &mut Command, directory: &Path) -> Self {
        let command = command.current_dir(directory).env_remove("NO_COLOR").stdin(Stdio::null());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("symc starts"))
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal by its name without `SIG`. A process that has ended on its own is still there to be waited for, so nothing else can be
    /// meant by its number.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal is sent");
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        self.0.wait_with_output().expect("symc ends").into()
    }
}

/// Waits until a file or directory is there.
pub fn wait_for(path: &Path) {
    wait_until(&format!("`{}` is there", path.display()), || path.exists());
}

/// Waits until something holds; a minute is long enough for everything that ever will.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_mins(1), "{what} within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}
