//! What a file has under the names of a model.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use sym_weights::Archive;
use sym_weights::maps::{self, NameMap};

/// Shapes by name, with what stands beside the file.
pub struct Shapes<'a> {
    shapes: BTreeMap<String, Vec<u64>>,
    config: Option<&'a Value>,
}

/// The `config.json` beside a file, where there is one.
pub fn config(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path.parent()?.join("config.json")).ok()?;
    serde_json::from_str(&text).ok()
}

impl<'a> Shapes<'a> {
    /// The shapes of a file under a map of names.
    pub fn new(archive: &Archive, map: Option<&NameMap>, config: Option<&'a Value>) -> Self {
        Self { shapes: maps::offered(archive, map), config }
    }

    /// The shape of a tensor, where it has so many axes.
    pub fn of<const N: usize>(&self, name: &str) -> Option<[u64; N]> {
        self.shapes.get(name)?.as_slice().try_into().ok()
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.shapes.contains_key(name)
    }

    /// Every name with its shape.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[u64])> {
        self.shapes.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()))
    }

    /// How many layers have a tensor, from 0 on: `{}` in the pattern is the number.
    pub fn layers(&self, pattern: &str) -> u64 {
        (0..self.shapes.len()).take_while(|at| self.has(&pattern.replace("{}", &at.to_string()))).count() as u64
    }

    /// A whole number of `config.json` under one of these keys.
    pub fn whole(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| self.config?.get(key)?.as_u64())
    }

    /// A number of `config.json`.
    pub fn number(&self, keys: &[&str]) -> Option<f64> {
        keys.iter().find_map(|key| self.config?.get(key)?.as_f64())
    }

    /// The number of heads for a width: from `config.json`, else as many as heads of 64 entries; a sentence where that is assumed.
    pub fn heads(&self, width: u64, notes: &mut Vec<String>) -> Option<u64> {
        let divides = |heads: &u64| *heads > 0 && width.is_multiple_of(*heads);
        if let Some(heads) = self.whole(&["num_attention_heads", "n_head", "num_heads"]).filter(divides) {
            return Some(heads);
        }
        let heads = Some(width / 64).filter(divides).or(Some(1))?;
        notes.push(format!(
            "the number of heads, which shapes do not tell: {heads} is assumed, heads of {} entries",
            width / heads
        ));
        Some(heads)
    }

    /// The ε of norms: from `config.json`, else this.
    pub fn epsilon(&self, keys: &[&str], usual: f64, notes: &mut Vec<String>) -> String {
        let epsilon = self.number(keys).filter(|epsilon| *epsilon > 0.0);
        if epsilon.is_none() {
            notes.push(format!("the ε of norms: {usual:e} is assumed"));
        }
        format!("{:e}", epsilon.unwrap_or(usual))
    }
}
