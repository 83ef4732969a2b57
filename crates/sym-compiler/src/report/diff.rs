//! What differs between the symmetries of two models.

use super::{Diagnosed, Integer, ModelReport, Schema, SpaceRow};
use serde::Serialize;

/// A comparison of files or models.
#[derive(Debug, Default, Serialize)]
pub struct DiffReport {
    /// The version of the form.
    pub schema: Schema,
    /// One comparison a pair of models.
    pub models: Vec<ModelDiff>,
    /// Models that the first file alone has.
    pub only_a: Vec<String>,
    /// Models that the second file alone has.
    pub only_b: Vec<String>,
    /// Diagnostics of both files.
    pub diagnostics: Vec<Diagnosed>,
}

/// Two models.
#[derive(Debug, Serialize)]
pub struct ModelDiff {
    /// The first.
    pub a: ModelTotals,
    /// The second.
    pub b: ModelTotals,
    /// One row a space of either.
    pub spaces: Vec<SpaceDiff>,
}

/// The totals of one model.
#[derive(Debug, Serialize)]
pub struct ModelTotals {
    /// The model.
    pub name: String,
    /// The file.
    pub file: String,
    /// D: the number of trainable entries.
    pub parameters: Integer,
    /// Dimension of the whole continuous group.
    pub continuous_dim: Integer,
    /// log₁₀ of the order of the whole discrete part.
    pub log10_order: f64,
}

/// A space in two models; `null` where one lacks it.
#[derive(Debug, Serialize)]
pub struct SpaceDiff {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// In the first.
    pub a: Option<SpaceRow>,
    /// In the second.
    pub b: Option<SpaceRow>,
}

/// What became of a space from the first model to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The second alone has it.
    Added,
    /// The first alone has it.
    Removed,
    /// Group, size or class differ.
    Changed,
    /// The group is the same, but it acts on other parameters.
    Moved,
    /// It is the same.
    Same,
}

impl ModelDiff {
    /// Compares two models space by space, by name.
    pub fn new(a: &ModelReport, b: &ModelReport) -> Self {
        let mut spaces = Vec::new();
        for space in &a.spaces {
            let other = b.spaces.iter().find(|other| other.name == space.name);
            spaces.push(SpaceDiff::new(Some(space), other));
        }
        let new = b.spaces.iter().filter(|space| a.spaces.iter().all(|other| other.name != space.name));
        spaces.extend(new.map(|space| SpaceDiff::new(None, Some(space))));
        Self { a: ModelTotals::new(a), b: ModelTotals::new(b), spaces }
    }

    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.spaces.iter().all(|space| space.change == Change::Same)
    }
}

impl ModelTotals {
    fn new(model: &ModelReport) -> Self {
        Self {
            name: model.name.clone(),
            file: model.file.clone(),
            parameters: model.parameters,
            continuous_dim: model.continuous_dim,
            log10_order: model.log10_order,
        }
    }
}

impl SpaceDiff {
    fn new(a: Option<&SpaceRow>, b: Option<&SpaceRow>) -> Self {
        let change = match (a, b) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(a), Some(b)) if a.group != b.group || a.size != b.size || a.class != b.class => Change::Changed,
            (Some(a), Some(b)) if a.acts_on != b.acts_on => Change::Moved,
            _ => Change::Same,
        };
        let name = a.or(b).map_or_else(String::new, |space| space.name.clone());
        Self { name, change, a: a.cloned(), b: b.cloned() }
    }
}

impl Change {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::Moved => "acts on others",
            Change::Same => "same",
        }
    }
}
