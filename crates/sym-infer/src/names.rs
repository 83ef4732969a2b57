//! Names of spaces: the layer whose units they are.

use crate::spaces::{SpaceId, Spaces};
use std::collections::BTreeSet;
use sym_ir::{Operation, ParameterId, Program};

/// Hands out unique names.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The first candidate that is free, else the first with a number.
    pub fn unique(&mut self, candidates: impl IntoIterator<Item = String>) -> String {
        let mut first = None;
        for candidate in candidates {
            if candidate.is_empty() {
                continue;
            }
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
            first.get_or_insert(candidate);
        }
        let stem = first.unwrap_or_else(|| "space".to_string());
        let mut number = 2u32;
        loop {
            let name = format!("{stem}.{number}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

/// Names for a space, best first: the scope of the operation that produces the units, the axis name in that scope, the parameter.
pub fn candidates(program: &Program, spaces: &Spaces, space: SpaceId) -> Vec<String> {
    let places = &spaces.places[space as usize];
    let produced = places
        .iter()
        .find(|place| !matches!(program.node(place.value).operation, Operation::Input(_) | Operation::Parameter(_)))
        .map(|place| (&program.node(place.value).scope, &program.node(place.value).shape[place.axis].name));
    let parameter = places.iter().find_map(|place| match program.node(place.value).operation {
        Operation::Parameter(id) => Some(stem(&program.parameter(id).path).to_string()),
        _ => None,
    });
    let mut names = Vec::new();
    if let Some((scope, axis)) = produced {
        names.push(scope.to_string());
        if !scope.is_empty() && !axis.is_empty() {
            names.push(format!("{scope}.{axis}"));
        }
    }
    names.extend(parameter);
    names
}

/// The most parameters that a joined name spells out.
const SPELLED: usize = 4;

/// The names of parameters joined, for symmetries that belong to no space; of many the first and the last.
pub fn joined(program: &Program, parameters: &[ParameterId]) -> String {
    let mut paths: Vec<&str> = parameters.iter().map(|id| program.parameter(*id).path.as_str()).collect();
    paths.dedup();
    match paths.as_slice() {
        [first, second, .., last] if paths.len() > SPELLED => format!("{first}*{second}*…*{last}"),
        _ => paths.join("*"),
    }
}

/// A parameter's path without a last `weight` or `bias`.
pub fn stem(path: &str) -> &str {
    path.strip_suffix(".weight").or_else(|| path.strip_suffix(".bias")).unwrap_or(path)
}
