//! Reading the JSON reports of `symc`.

#![allow(dead_code, reason = "no test uses all of it")]

use crate::support::Ended;

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
