//! Running `symc` as a process.

use std::path::Path;
use std::process::{Command, Output};

/// What a process left behind.
pub struct Ended {
    /// Exit code; −1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.stdout, self.stderr))
    }

    /// The codes of the diagnostics in a JSON report.
    pub fn codes(&self) -> Vec<String> {
        let report = self.json();
        let diagnostics = report["diagnostics"].as_array().expect("a report has diagnostics");
        diagnostics.iter().map(|diagnostic| diagnostic["code"].as_str().expect("a code is a string").to_string()).collect()
    }
}

/// Runs `symc` in a directory.
pub fn symc(directory: &Path, arguments: &[&str]) -> Ended {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_symc"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("NO_COLOR")
        .output()
        .expect("symc starts");
    Ended {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(stderr).expect("standard error is UTF-8"),
    }
}
