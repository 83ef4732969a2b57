//! What a training run leaves on disk (`docs/records.md`), and how it is read back.

mod checkpoint;
mod files;
mod lock;
mod settings;
mod summary;
mod table;
mod writer;

pub use checkpoint::{Checkpoint, Ending, Kept};
pub(crate) use lock::Lock;
pub use settings::Settings;
pub use summary::{SeedSummary, Summary};
pub use table::Row;
pub use writer::{SeedWriter, Writer};

pub(crate) use files::write;

use crate::claims::Curve;
use crate::probes::Event;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::experiment::Probe;

/// A record of one training run, read back.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its directory.
    pub directory: PathBuf,
    /// What was run.
    pub settings: Settings,
    /// How it ended.
    pub summary: Summary,
    /// Names of the measured columns.
    pub columns: Vec<String>,
    /// The seeds, in the order of the spec.
    pub seeds: Vec<SeedRecord>,
}

/// What one seed measured.
#[derive(Debug, Clone)]
pub struct SeedRecord {
    /// The seed.
    pub seed: u64,
    /// Its rows, by step.
    pub rows: Vec<Row>,
    /// Symmetry breakings that its detectors saw.
    pub events: Vec<Event>,
}

/// An event with its seed, as `events.json` lists them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeedEvent {
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) event: Event,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// E0604 where there is none, or it is damaged.
    pub fn open(directory: &Path) -> Result<Self, Diagnostic> {
        let settings: Settings = files::read_json(&directory.join(files::SETTINGS))?;
        let summary: Summary = files::read_json(&directory.join(files::SUMMARY))?;
        let events: Vec<SeedEvent> = files::read_json(&directory.join(files::EVENTS))?;
        let path = directory.join(files::MEASUREMENTS);
        let bytes = std::fs::read(&path).map_err(|error| files::unreadable(&path, &error))?;
        let (columns, rows) = table::read(bytes).map_err(|why| damaged(&path, &why))?;
        let seeds = settings
            .seeds
            .iter()
            .map(|&seed| SeedRecord {
                seed,
                rows: rows.iter().filter(|(owner, _)| *owner == seed).map(|(_, row)| row.clone()).collect(),
                events: events.iter().filter(|event| event.seed == seed).map(|event| event.event.clone()).collect(),
            })
            .collect();
        Ok(Self { directory: directory.to_path_buf(), settings, summary, columns, seeds })
    }

    /// The steps and values of a column for one seed (its position, not its number); empty where there is none.
    pub fn series(&self, seed: usize, column: &str) -> Vec<(u64, f64)> {
        let (Some(at), Some(seed)) = (self.columns.iter().position(|known| known == column), self.seeds.get(seed)) else {
            return Vec::new();
        };
        seed.rows.iter().filter_map(|row| Some((row.step, row.values[at]?))).collect()
    }

    /// The names of a probe's columns: itself, or `delta(fc1)[0]`, `delta(fc1)[1]`, … for one with a column a pair.
    pub fn columns_of(&self, probe: &str) -> Vec<&str> {
        let many = |column: &&String| column.strip_prefix(probe).is_some_and(|rest| rest.starts_with('['));
        self.columns.iter().filter(|column| *column == probe || many(column)).map(String::as_str).collect()
    }

    /// The curves of a probe, one a seed; `None` where the run did not measure it.
    pub fn curves(&self, probe: &Probe) -> Option<Vec<Curve>> {
        let name = probe.column();
        let exact = probe.column_with_settings();
        let columns = [exact, name].iter().map(|name| self.columns_of(name)).find(|columns| !columns.is_empty())?;
        let at: Vec<usize> = columns.iter().filter_map(|column| self.columns.iter().position(|known| known == column)).collect();
        let curve = |seed: &SeedRecord| {
            // All columns of a probe are measured at the same steps.
            let rows: Vec<&Row> = seed.rows.iter().filter(|row| row.values[at[0]].is_some()).collect();
            let column = |&at: &usize| rows.iter().map(|row| row.values[at].unwrap_or(f64::NAN)).collect();
            let own = self.summary.seeds.iter().find(|summary| summary.seed == seed.seed);
            Curve {
                seed: seed.seed,
                steps: rows.iter().map(|row| row.step).collect(),
                columns: at.iter().map(column).collect(),
                broke_off: own.and_then(SeedSummary::broke_off),
            }
        };
        Some(self.seeds.iter().map(curve).collect())
    }

    /// The weights with which a seed ended: a safetensors file under the stored names of the parameters.
    pub fn weights_path(&self, seed: u64) -> PathBuf {
        files::seed_directory(&self.directory, seed).join(files::WEIGHTS)
    }
}

/// The first of `path`, `path-2`, `path-3`, … that does not exist.
pub fn unused(path: &Path) -> PathBuf {
    let mut candidate = path.to_path_buf();
    let mut number = 1u64;
    while candidate.exists() {
        number += 1;
        let mut name = path.as_os_str().to_owned();
        name.push(format!("-{number}"));
        candidate = PathBuf::from(name);
    }
    candidate
}

/// Whether there is a directory to go on from. A run that was stopped before its first record leaves an empty one, which is fine.
///
/// # Errors
/// E0604 where `directory` is no directory: a misspelt path must not start everything anew.
pub fn resumable(directory: &Path) -> Result<(), Diagnostic> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Diagnostic::without_span(Code::E0604, format!("there is no record at `{}` to resume", directory.display()))
        .found("no such directory")
        .expected("the directory that the interrupted run wrote")
        .help("leave `--resume` out to start a new run"))
}

/// A part of a record that is not what was written.
pub(crate) fn damaged(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::without_span(Code::E0604, format!("`{}` is damaged: {why}", path.display()))
        .help("remove the record's directory to start anew, or restore it from a copy")
}
