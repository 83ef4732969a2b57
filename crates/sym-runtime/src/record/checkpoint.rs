//! The state of one seed between two steps: everything that is needed to go on bit for bit.
//!
//! `checkpoint.json` names a safetensors file and the parts of the measurements with their hashes and carries a hash of itself. It is written
//! last: whatever the moment at which a process ends, it names files that are whole. The order of batches needs no state, since it is a
//! function of seed and step.

use super::{damaged, files};
use crate::probes::Detector;
use safetensors::tensor::Dtype;
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_lower::Packed;

/// Whether and how a seed has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It is at a step before its last.
    Interrupted,
    /// It did all its steps.
    Finished,
    /// A rule of the run ended it before its last step.
    Stopped {
        /// The rule, such as `below(loss, 0.001)`.
        why: String,
    },
    /// It reached a value that is not finite.
    NotANumber {
        /// What is not finite, such as ``gradient of `fc1.weight` ``.
        what: String,
    },
}

/// The state of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u64,
    /// Seconds of computing so far.
    pub wall_seconds: f64,
    /// Whether it has ended.
    pub ending: Ending,
    /// Event detectors.
    pub detectors: Vec<Detector>,
    /// Tensors by name: weights under the parameters' paths, the optimiser's memory under `name/path`. Double precision on the host;
    /// single-precision numbers are kept as such on disk.
    pub tensors: BTreeMap<String, Vec<f64>>,
}

/// `checkpoint.json` without its hash.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    step: u64,
    wall_seconds: f64,
    ending: Ending,
    detectors: Vec<Detector>,
    /// The safetensors file.
    tensors: Reference,
    /// The parts of the measurements, in order.
    parts: Vec<Reference>,
    /// Weights that stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept: Vec<Kept>,
    /// The bits of their values: reading a decimal number may change its last digit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept_bits: Vec<Option<u64>>,
}

/// Files that belong to a seed's state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files {
    /// The parts of the measurements, in order.
    pub parts: Vec<Reference>,
    /// Weights that stay, by step.
    pub kept: Vec<Kept>,
}

/// Weights that a rule of the run keeps. Several rules may keep one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The rule, such as `lowest(test_loss)`.
    pub rule: String,
    /// Steps done.
    pub step: u64,
    /// The best value, where the rule looks at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The file.
    #[serde(flatten)]
    pub file: Reference,
}

/// A file with the hash of its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name in the seed's directory.
    pub file: String,
    /// blake3 of its bytes.
    pub blake3: String,
}

impl Reference {
    /// Writes a file and refers to it.
    pub fn write(directory: &Path, file: String, bytes: &[u8]) -> Result<Self, Diagnostic> {
        files::write(&directory.join(&file), bytes)?;
        Ok(Self { file, blake3: hash(bytes) })
    }

    /// The file's bytes; E0604 where they are not those that were written.
    pub fn read(&self, directory: &Path) -> Result<Vec<u8>, Diagnostic> {
        let path = directory.join(&self.file);
        let bytes = std::fs::read(&path).map_err(|error| files::unreadable(&path, &error))?;
        if hash(&bytes) == self.blake3 { Ok(bytes) } else { Err(damaged(&path, "its bytes are not those that were written")) }
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

const SCHEMA: u32 = 2;
const PREFIX: &str = "{\"blake3\":\"";
const MIDDLE: &str = "\",\"state\":";
const SUFFIX: &str = "}\n";
const HASH: usize = 64;

/// Writes a checkpoint. Afterwards it is the seed's state, whole, whatever happens.
pub fn write(directory: &Path, checkpoint: &Checkpoint, own: &Files, single: bool) -> Result<(), Diagnostic> {
    let file = format!("checkpoint-{:012}.safetensors", checkpoint.step);
    let tensors = Reference::write(directory, file, &pack(&checkpoint.tensors, single))?;
    let manifest = Manifest {
        schema: SCHEMA,
        step: checkpoint.step,
        wall_seconds: checkpoint.wall_seconds,
        ending: checkpoint.ending.clone(),
        detectors: checkpoint.detectors.clone(),
        tensors,
        parts: own.parts.clone(),
        kept: own.kept.clone(),
        kept_bits: own.kept.iter().map(|kept| kept.value.map(f64::to_bits)).collect(),
    };
    let state = serde_json::to_string(&manifest).expect("a manifest is plain data");
    let text = [PREFIX, &hash(state.as_bytes()), MIDDLE, &state, SUFFIX].concat();
    files::write(&directory.join(files::CHECKPOINT), text.as_bytes())?;
    remove_others(directory, &manifest);
    Ok(())
}

/// The seed's state and its files; `None` where it has none yet. Files that the state does not name are removed: they were written after it.
pub fn read(directory: &Path) -> Result<Option<(Checkpoint, Files)>, Diagnostic> {
    let path = directory.join(files::CHECKPOINT);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(files::unreadable(&path, &error)),
    };
    let state = unwrap(&text).ok_or_else(|| damaged(&path, "its hash is not that of its content"))?;
    let manifest: Manifest = serde_json::from_slice(state).map_err(|error| damaged(&path, &error.to_string()))?;
    let bytes = manifest.tensors.read(directory)?;
    let tensors = unpack(&bytes).map_err(|why| damaged(&directory.join(&manifest.tensors.file), &why))?;
    remove_others(directory, &manifest);
    let Manifest { schema: _, step, wall_seconds, ending, detectors, tensors: _, parts, kept, kept_bits } = manifest;
    let kept = there(directory, kept, &kept_bits)?;
    Ok(Some((Checkpoint { step, wall_seconds, ending, detectors, tensors }, Files { parts, kept })))
}

/// The kept weights that nobody has removed; E0604 where one is not what was written.
fn there(directory: &Path, kept: Vec<Kept>, bits: &[Option<u64>]) -> Result<Vec<Kept>, Diagnostic> {
    let mut found = Vec::new();
    for (at, kept) in kept.into_iter().enumerate() {
        if directory.join(&kept.file.file).exists() {
            kept.file.read(directory)?;
            let value = bits.get(at).copied().flatten().map(f64::from_bits);
            found.push(Kept { value, ..kept });
        }
    }
    Ok(found)
}

/// The state inside a checkpoint's text, if its hash is right.
fn unwrap(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(PREFIX.as_bytes())?;
    let (found, rest) = rest.split_at_checked(HASH)?;
    let state = rest.strip_prefix(MIDDLE.as_bytes())?.strip_suffix(SUFFIX.as_bytes())?;
    (hash(state).as_bytes() == found).then_some(state)
}

/// Removes checkpoints and parts that the manifest does not name. Failing to is harmless: the next checkpoint tries again.
fn remove_others(directory: &Path, manifest: &Manifest) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = ["checkpoint-", "part-", "weights-"].iter().any(|prefix| name.starts_with(prefix));
        let mut files = manifest.parts.iter().chain(manifest.kept.iter().map(|kept| &kept.file)).chain([&manifest.tensors]);
        let named = files.any(|file| *name == *file.file);
        if ours && !named {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn pack(tensors: &BTreeMap<String, Vec<f64>>, single: bool) -> Vec<u8> {
    let packed = tensors.iter().map(|(name, values)| (name, Packed { values, shape: vec![values.len()], single }));
    serialize(packed, None).expect("names are different and sizes fit")
}

fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    tensors
        .iter()
        .map(|(name, view)| {
            let values = match view.dtype() {
                Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
                Dtype::F64 => view.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
                other => return Err(format!("tensor `{name}` has type {other:?}")),
            };
            Ok((name.to_string(), values))
        })
        .collect()
}
