//! Writes a record while a run goes on.

use super::checkpoint::{self, Files, Kept, Reference};
use super::{Checkpoint, Ending, Record, Row, SeedEvent, SeedSummary, Settings, Summary, damaged, files, lock::Lock, table};
use crate::probes::Event;
use crate::train::Wanted;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};

/// The record of one training run, under its lock.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    columns: Vec<String>,
    single: bool,
    _lock: Lock,
}

/// The part of a record that one seed writes.
#[derive(Debug)]
pub struct SeedWriter<'a> {
    record: &'a Writer,
    directory: PathBuf,
    seed: u64,
    files: Files,
    rows: Vec<Row>,
    /// Weights that are to stay from the next checkpoint on, with the steps after which they are so.
    weights: Vec<(u64, Vec<u8>)>,
    /// The rules that keep them.
    wanted: Vec<(u64, Wanted)>,
}

impl Writer {
    /// Begins a record, or goes on with one where `resume` is set and there is one.
    ///
    /// # Errors
    ///
    /// E0603 where the directory cannot be written or already holds a record that is not to be resumed, E0608 while another process
    /// writes it, E0604 for a damaged one, E0605 for one of other settings.
    pub fn open(
        directory: &Path,
        spec: &str,
        settings: &Settings,
        columns: &[String],
        single: bool,
        resume: bool,
    ) -> Result<Self, Diagnostic> {
        files::create_directory(directory)?;
        let lock = Lock::take(directory)?;
        let path = directory.join(files::SETTINGS);
        if path.exists() {
            if !resume {
                return Err(occupied(directory));
            }
            let recorded: Settings = files::read_json(&path)?;
            recorded.same_as(settings, directory)?;
            if !recorded.is_whole(settings) {
                return Err(damaged(&path, "its content is not that of its hash"));
            }
            files::restore(&directory.join(files::SPEC), spec.as_bytes())?;
        } else if let Some(part) = files::any_part(directory) {
            // Without the settings nothing says what these numbers are of: neither going on nor starting over them is right.
            return Err(if resume {
                damaged(&path, "it is missing").found(format!("`{part}` without it")).expected("a whole record")
            } else {
                occupied(directory)
            });
        } else {
            files::write(&directory.join(files::SPEC), spec.as_bytes())?;
            files::write_json(&path, settings)?;
        }
        Ok(Self { directory: directory.to_path_buf(), columns: columns.to_vec(), single, _lock: lock })
    }

    /// The part of one seed, with the state from which it goes on.
    ///
    /// # Errors
    ///
    /// E0603, E0604.
    pub fn seed(&self, seed: u64) -> Result<(SeedWriter<'_>, Option<Checkpoint>), Diagnostic> {
        let directory = files::seed_directory(&self.directory, seed);
        files::create_directory(&directory)?;
        let (state, files) = match checkpoint::read(&directory)? {
            Some((state, files)) => (Some(state), files),
            None => (None, Files::default()),
        };
        let writer =
            SeedWriter { record: self, directory, seed, files, rows: Vec::new(), weights: Vec::new(), wanted: Vec::new() };
        Ok((writer, state))
    }

    /// Merges the parts of all seeds and writes how they ended. Parts stay: they belong to the checkpoints.
    ///
    /// # Errors
    ///
    /// E0603, E0604.
    pub fn finish(&self, summary: Summary, mut seeds: Vec<(u64, Vec<Row>, Vec<Event>)>) -> Result<Record, Diagnostic> {
        let groups: Vec<(u64, &[Row])> = seeds.iter().map(|(seed, rows, _)| (*seed, rows.as_slice())).collect();
        let path = self.directory.join(files::MEASUREMENTS);
        let bytes = table::write(&self.columns, &groups).map_err(|error| damaged(&path, &error.to_string()))?;
        files::write(&path, &bytes)?;
        let events: Vec<SeedEvent> = seeds
            .iter_mut()
            .flat_map(|(seed, _, events)| {
                let seed = *seed;
                std::mem::take(events).into_iter().map(move |event| SeedEvent { seed, event })
            })
            .collect();
        files::write_json(&self.directory.join(files::EVENTS), &events)?;
        files::write_json(&self.directory.join(files::SUMMARY), &summary)?;
        Record::open(&self.directory)
    }

    /// First and last value of each column.
    pub(crate) fn summarise(&self, seed: u64, state: &Checkpoint, rows: &[Row], events: usize, kept: &[Kept]) -> SeedSummary {
        let pick = |rows: &mut dyn Iterator<Item = &Row>| {
            let rows: Vec<&Row> = rows.collect();
            let value = |at: usize| rows.iter().find_map(|row| row.values[at]);
            // JSON has no infinities: a value that is not finite is left out, as the ending says why.
            let found = self
                .columns
                .iter()
                .enumerate()
                .filter_map(|(at, name)| Some((name.clone(), value(at).filter(|value| value.is_finite())?)));
            found.collect::<IndexMap<_, _>>()
        };
        SeedSummary {
            seed,
            ending: state.ending.clone(),
            step: state.step,
            wall_seconds: state.wall_seconds,
            events,
            kept: kept.to_vec(),
            first: pick(&mut rows.iter()),
            last: pick(&mut rows.iter().rev()),
        }
    }
}

impl SeedWriter<'_> {
    /// Adds a measurement; it is on disk after the next checkpoint.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Makes the state durable, with all measurements so far.
    ///
    /// # Errors
    ///
    /// E0603.
    pub fn checkpoint(&mut self, state: &Checkpoint) -> Result<(), Diagnostic> {
        if !self.rows.is_empty() {
            let file = format!("part-{:08}.parquet", self.files.parts.len());
            let bytes = table::write(&self.record.columns, &[(self.seed, &self.rows)])
                .map_err(|error| damaged(&self.directory.join(&file), &error.to_string()))?;
            self.files.parts.push(Reference::write(&self.directory, file, &bytes)?);
            self.rows.clear();
        }
        self.settle()?;
        checkpoint::write(&self.directory, state, &self.files, self.record.single)
    }

    /// Keeps the weights after so many steps, a whole safetensors file, for some rules. They are on disk after the next checkpoint.
    pub fn keep(&mut self, step: u64, rules: Vec<Wanted>, bytes: impl FnOnce() -> Vec<u8>) {
        if rules.is_empty() {
            return;
        }
        for rule in rules {
            // Of what is not on disk yet, only the newest that the rule keeps is ever read.
            let mut others = self.wanted.iter().filter(|(_, other)| other.rule == rule.rule).count();
            self.wanted.retain(|(_, other)| {
                let is_old = other.rule == rule.rule && others >= rule.most;
                others -= usize::from(is_old);
                !is_old
            });
            self.wanted.push((step, rule));
        }
        if self.weights.iter().all(|(known, _)| *known != step) {
            self.weights.push((step, bytes()));
        }
        let wanted = &self.wanted;
        self.weights.retain(|(step, _)| wanted.iter().any(|(other, _)| other == step));
    }

    /// Writes the weights that are to stay and forgets the ones that their rules no longer keep.
    fn settle(&mut self) -> Result<(), Diagnostic> {
        let mut written: Vec<(u64, Reference)> = Vec::new();
        for (step, bytes) in self.weights.drain(..) {
            written.push((step, Reference::write(&self.directory, format!("weights-{step:012}.safetensors"), &bytes)?));
        }
        for (step, Wanted { rule, value, most }) in self.wanted.drain(..) {
            let Some((_, file)) = written.iter().find(|(known, _)| *known == step) else { continue };
            let kept = &mut self.files.kept;
            kept.retain(|kept| kept.rule != rule || kept.step != step);
            kept.push(Kept { rule: rule.clone(), step, value, file: file.clone() });
            let mut surplus = kept.iter().filter(|kept| kept.rule == rule).count().saturating_sub(most);
            kept.retain(|kept| {
                let goes = kept.rule == rule && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
        self.files.kept.sort_by(|one, other| (one.step, &one.rule).cmp(&(other.step, &other.rule)));
        Ok(())
    }

    /// Weights that stay, as of the last checkpoint.
    pub fn kept(&self) -> &[Kept] {
        &self.files.kept
    }

    /// Writes the final weights, a whole safetensors file, unless they are there already.
    ///
    /// # Errors
    ///
    /// E0603.
    pub fn weights(&self, bytes: &[u8]) -> Result<(), Diagnostic> {
        files::restore(&self.directory.join(files::WEIGHTS), bytes)
    }

    /// What is wrong with a checkpoint that has ended before the last of the settings' steps.
    pub(crate) fn ended_early(&self, step: u64, steps: u64) -> Diagnostic {
        damaged(&self.directory.join(files::CHECKPOINT), &format!("it says finished at step {step} of {steps}"))
    }

    /// All measurements up to the last checkpoint.
    ///
    /// # Errors
    ///
    /// E0604 for a damaged part.
    pub fn rows(&self) -> Result<Vec<Row>, Diagnostic> {
        let mut rows = Vec::new();
        for part in &self.files.parts {
            let (columns, found) =
                table::read(part.read(&self.directory)?).map_err(|why| damaged(&self.directory.join(&part.file), &why))?;
            if columns != self.record.columns {
                return Err(damaged(&self.directory.join(&part.file), "it has other columns"));
            }
            rows.extend(found.into_iter().map(|(_, row)| row));
        }
        Ok(rows)
    }
}

/// A directory in which a new record must not begin.
fn occupied(directory: &Path) -> Diagnostic {
    Diagnostic::without_span(Code::E0603, format!("`{}` already holds a record", directory.display()))
        .found("a record")
        .expected("a new or empty directory")
        .help("go on with it by `--resume`, or choose another directory with `--out`")
}

impl Ending {
    /// Whether nothing is left to do.
    pub fn is_final(&self) -> bool {
        *self != Ending::Interrupted
    }
}
