//! What a file has under the names of a model, and what stands beside its names and shapes.

use crate::graph::Facts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use sym_weights::Archive;
use sym_weights::maps::{self, NameMap};

/// The entries of a head where nothing tells.
const HEAD: u64 = 64;

/// What is known of a file apart from its tensors.
#[derive(Debug, Default)]
pub struct Beside {
    /// The `config.json` in its folder.
    config: Option<Value>,
    /// The graph in it.
    facts: Facts,
}

impl Beside {
    /// Looks for a `config.json`, and into the graph.
    pub fn of(path: &Path, archive: &mut Archive) -> Self {
        let text = path.parent().and_then(|folder| std::fs::read_to_string(folder.join("config.json")).ok());
        Self { config: text.and_then(|text| serde_json::from_str(&text).ok()), facts: Facts::of(archive) }
    }
}

/// Shapes by name, with what stands beside them.
pub struct Shapes<'a> {
    shapes: BTreeMap<String, Vec<u64>>,
    beside: &'a Beside,
}

impl<'a> Shapes<'a> {
    /// The shapes of a file under a map of names.
    pub fn new(archive: &Archive, map: Option<&NameMap>, beside: &'a Beside) -> Self {
        Self { shapes: maps::offered(archive, map), beside }
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

    fn configured(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().find_map(|key| self.beside.config.as_ref()?.get(*key))
    }

    /// A number of `config.json` under one of these keys.
    pub fn number(&self, keys: &[&str]) -> Option<f64> {
        self.configured(keys)?.as_f64()
    }

    /// The number of heads for a width, that of other heads beside them too: from `config.json` or a graph, else heads of as many entries, up to
    /// 64, as both widths are made of; a sentence where that is assumed.
    pub fn heads(&self, width: u64, beside: u64, notes: &mut Vec<String>) -> Option<u64> {
        let divides = |heads: &u64| *heads > 0 && width.is_multiple_of(*heads) && beside.is_multiple_of(width / *heads);
        let configured = self.configured(&["num_attention_heads", "n_head", "n_heads", "num_heads"]).and_then(Value::as_u64);
        if width == 0 {
            return None;
        }
        if let Some(heads) = configured.or_else(|| self.beside.facts.heads(width)).filter(divides) {
            return Some(heads);
        }
        let fits = |entries: &u64| width.is_multiple_of(*entries) && beside.is_multiple_of(*entries);
        let entries = (1..=HEAD.min(width)).rev().find(fits)?;
        let heads = width / entries;
        notes.push(format!("the number of heads, which shapes do not tell: {heads} is assumed, heads of {entries} entries"));
        Some(heads)
    }

    /// The ε of norms: from `config.json` or a graph, else this.
    pub fn epsilon(&self, keys: &[&str], usual: f64, notes: &mut Vec<String>) -> String {
        let found = self.number(keys).or(self.beside.facts.epsilon);
        let epsilon = found.filter(|epsilon| *epsilon > 0.0 && *epsilon < 1.0);
        if epsilon.is_none() {
            notes.push(format!("the ε of norms: {usual:e} is assumed"));
        }
        format!("{:e}", epsilon.unwrap_or(usual))
    }

    /// Notes what the activation may be where the model of the family has `own`, unless `config.json` or a graph says the same.
    pub fn activation(&self, own: &str, also: &[&str], notes: &mut Vec<String>) {
        let configured = self.configured(&["hidden_act", "activation_function", "activation"]).and_then(Value::as_str);
        let source = if configured.is_some() { "`config.json`" } else { "the graph" };
        match configured.or(self.beside.facts.activation) {
            Some(found) if found == own || also.contains(&found) => {}
            Some(found) => {
                let found: String = found.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                notes.push(format!("the activation: the model of this name has {own}, {source} says {found}"));
            }
            None => notes.push(format!("the activation: the model of this name has {own}")),
        }
    }

    /// The activation of a graph.
    pub fn shown_activation(&self) -> Option<&'static str> {
        self.beside.facts.activation
    }
}
