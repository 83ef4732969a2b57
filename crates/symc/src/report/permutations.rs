//! The axes-to-permutation map that weight-matching tools read.

use super::{Integer, SCHEMA};
use indexmap::IndexMap;
use serde::Serialize;
use sym_infer::{Symmetries, permutations};
use sym_ir::Program;

/// The maps of several models.
#[derive(Debug, Serialize)]
pub struct PermutationSpec {
    /// The version of the form.
    pub schema: u32,
    /// One map a model.
    pub models: Vec<ModelPermutations>,
}

/// The map of one model.
#[derive(Debug, Serialize)]
pub struct ModelPermutations {
    /// The model.
    pub name: String,
    /// The file.
    pub file: String,
    /// The permutations by name.
    pub permutations: IndexMap<String, PermutationRow>,
    /// For each stored name what permutes each stored axis.
    pub axes_to_perm: IndexMap<String, Vec<StoredAxis>>,
    /// For each permutation the stored names with the stored axes that it permutes.
    pub perm_to_axes: IndexMap<String, Vec<(String, usize)>>,
}

/// One permutation.
#[derive(Debug, Serialize)]
pub struct PermutationRow {
    /// How many positions it permutes.
    pub size: Integer,
    /// How many of its kind are independent of one another.
    pub copies: Integer,
    /// The group that it is part of.
    pub group: String,
}

/// What permutes a stored axis.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum StoredAxis {
    /// A permutation, or none.
    Whole(Option<String>),
    /// The stored axis merges several; what permutes each of them, slowest first.
    Merged(Vec<Option<String>>),
}

impl PermutationSpec {
    /// The maps of these models.
    pub fn new(models: Vec<ModelPermutations>) -> Self {
        Self { schema: SCHEMA, models }
    }
}

impl ModelPermutations {
    /// The map of a program.
    pub fn new(name: &str, file: &str, program: &Program, symmetries: &Symmetries) -> Self {
        let found = permutations(program, symmetries);
        let of = |id: sym_ir::ParameterId, axis: usize| {
            found.iter().find(|permutation| permutation.axes.contains(&(id, axis))).map(|permutation| permutation.name.clone())
        };
        let mut axes_to_perm = IndexMap::new();
        let mut perm_to_axes: IndexMap<String, Vec<(String, usize)>> = IndexMap::new();
        for (id, parameter) in program.parameter_ids().filter(|(_, parameter)| parameter.trainable) {
            let stored = &parameter.storage.name;
            let mut axes = Vec::new();
            for (at, group) in parameter.storage.layout.iter().enumerate() {
                let names: Vec<Option<String>> = group.iter().map(|&axis| of(id, axis)).collect();
                for name in names.iter().flatten() {
                    perm_to_axes.entry(name.clone()).or_default().push((stored.clone(), at));
                }
                axes.push(match names.as_slice() {
                    [one] => StoredAxis::Whole(one.clone()),
                    several if several.iter().all(Option::is_none) => StoredAxis::Whole(None),
                    _ => StoredAxis::Merged(names),
                });
            }
            axes_to_perm.insert(stored.clone(), axes);
        }
        let permutations = found
            .iter()
            .map(|permutation| {
                let row = PermutationRow {
                    size: Integer(permutation.size),
                    copies: Integer(permutation.copies),
                    group: symmetries.spaces[permutation.space].group.to_string(),
                };
                (permutation.name.clone(), row)
            })
            .collect();
        Self { name: name.to_string(), file: file.to_string(), permutations, axes_to_perm, perm_to_axes }
    }
}
