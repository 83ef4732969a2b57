//! Which tensor of a file is which of a model.

use super::pattern::{captures, filled};
use super::{Form, NameMap};
use crate::{Archive, Tensor};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use sym_diagnostics::Diagnostic;

/// A tensor that a model stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its stored name.
    pub name: String,
    /// Its stored shape.
    pub shape: Vec<u64>,
}

/// What a file gives for the tensors of a model. Nothing of it has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// For each wanted tensor the pieces of it, in order; empty where the file has none.
    pub pieces: Vec<Vec<Piece>>,
    /// Wanted tensors that nothing in the file is.
    pub missing: Vec<String>,
    /// Wanted tensors whose counterpart in the file has another shape: the name, the shape that is wanted, the counterpart, its shape.
    pub reshaped: Vec<(String, Vec<u64>, String, Vec<u64>)>,
    /// Floating-point tensors of the file, with axes, that no wanted one is made of.
    pub left_over: Vec<String>,
    /// Tensors of the file that the map says no model has use for.
    pub ignored: Vec<String>,
}

/// A tensor of the file, or a part of it, as a tensor of the model or a part of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its name in the file.
    pub tensor: String,
    /// How it is used.
    pub form: Form,
}

/// Looks up what a file has for each wanted tensor: under its own name, without the prefixes of the map, or by a rule of the map. Without a map
/// names must be equal.
pub fn fit(archive: &Archive, map: Option<&NameMap>, wanted: &[Wanted]) -> Fit {
    let mut offers: HashMap<String, Vec<(&Tensor, Form)>> = HashMap::new();
    let mut found = Fit::default();
    for tensor in &archive.tensors {
        let plain = stripped(map, &tensor.name);
        let mut names = vec![tensor.name.clone()];
        if plain != tensor.name {
            names.push(plain.to_string());
        }
        for name in names {
            offers.entry(name).or_default().push((tensor, Form::Same));
        }
        for rule in map.map_or(&[][..], |map| map.rules) {
            if let Some(parts) = captures(rule.from, plain) {
                offers.entry(filled(rule.to, &parts)).or_default().push((tensor, rule.form));
            }
        }
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for tensor in wanted {
        let own = offers.get(&tensor.name).or_else(|| offers.get(stripped(map, &tensor.name)));
        let offered = own.map_or(&[][..], Vec::as_slice);
        let pieces = choose(offered, &tensor.shape);
        used.extend(pieces.iter().map(|(tensor, _)| tensor.name.as_str()));
        match (pieces.is_empty(), offered.first()) {
            (false, _) => {}
            (true, None) => found.missing.push(tensor.name.clone()),
            (true, Some((other, _))) => {
                used.insert(&other.name);
                found.reshaped.push((tensor.name.clone(), tensor.shape.clone(), other.name.clone(), other.shape.clone()));
            }
        }
        found.pieces.push(pieces.into_iter().map(|(tensor, form)| Piece { tensor: tensor.name.clone(), form }).collect());
    }
    for tensor in archive.tensors.iter().filter(|tensor| !used.contains(tensor.name.as_str())) {
        let plain = stripped(map, &tensor.name);
        if map.is_some_and(|map| map.ignored.iter().any(|pattern| captures(pattern, plain).is_some())) {
            found.ignored.push(tensor.name.clone());
        } else if tensor.number.is_floating() && !tensor.shape.is_empty() {
            found.left_over.push(tensor.name.clone());
        }
    }
    found
}

/// What a file has under the names of a model, without the prefixes of the map: its own names, and those that rules make of them, with the shapes that they give.
pub fn offered(archive: &Archive, map: Option<&NameMap>) -> BTreeMap<String, Vec<u64>> {
    let mut found = BTreeMap::new();
    for tensor in archive.tensors.iter().filter(|tensor| tensor.number.is_floating()) {
        let plain = stripped(map, &tensor.name);
        found.insert(plain.to_string(), tensor.shape.clone());
        for rule in map.map_or(&[][..], |map| map.rules) {
            let Some(parts) = captures(rule.from, plain) else { continue };
            let shape = match rule.form {
                Form::Joined { of, .. } => tensor.shape.split_first().map(|(first, rest)| [&[first * of as u64], rest].concat()),
                form => form.shape(&tensor.shape),
            };
            if let Some(shape) = shape {
                found.entry(filled(rule.to, &parts)).or_insert(shape);
            }
        }
    }
    found
}

/// A name without the longest prefix of the map that it has.
fn stripped<'a>(map: Option<&NameMap>, name: &'a str) -> &'a str {
    let prefixes = map.map_or(&[][..], |map| map.prefixes);
    prefixes.iter().filter_map(|prefix| name.strip_prefix(prefix)).min_by_key(|rest| rest.len()).unwrap_or(name)
}

/// The pieces of a tensor of this shape: one that is all of it, or as many as are joined.
fn choose<'a>(offered: &[(&'a Tensor, Form)], shape: &[u64]) -> Vec<(&'a Tensor, Form)> {
    if let Some(&whole) = offered.iter().find(|(tensor, form)| form.shape(&tensor.shape).as_deref() == Some(shape)) {
        return vec![whole];
    }
    let joined = |wanted: usize| {
        offered.iter().copied().find(|(tensor, form)| match form {
            Form::Joined { index, of } => {
                *index == wanted
                    && tensor.shape.first().map(|size| size * *of as u64) == shape.first().copied()
                    && tensor.shape.get(1..) == shape.get(1..)
            }
            _ => false,
        })
    };
    let of = offered.iter().find_map(|(_, form)| match form {
        Form::Joined { of, .. } => Some(*of),
        _ => None,
    });
    let pieces: Option<Vec<_>> = (0..of.unwrap_or(0)).map(joined).collect();
    pieces.unwrap_or_default()
}

impl Form {
    /// The shape that it makes of another, where it is all of a tensor.
    fn shape(self, of: &[u64]) -> Option<Vec<u64>> {
        let divided = |size: u64, parts: usize| size.is_multiple_of(parts as u64).then(|| size / parts as u64);
        match (self, of) {
            (Self::Same, _) => Some(of.to_vec()),
            (Self::Transposed, [rows, columns]) => Some(vec![*columns, *rows]),
            (Self::Part { of: parts, .. }, [first, rest @ ..]) => Some([&[divided(*first, parts)?], rest].concat()),
            (Self::TransposedPart { of: parts, .. }, [rows, columns]) => Some(vec![divided(*columns, parts)?, *rows]),
            (Self::TransposedPart { of: parts, .. }, [entries]) => Some(vec![divided(*entries, parts)?]),
            _ => None,
        }
    }

    /// The entries that it makes of those of a tensor of this shape.
    fn apply(self, values: Vec<f64>, of: &[u64]) -> Vec<f64> {
        let sizes: Vec<usize> = of.iter().map(|&size| size as usize).collect();
        match (self, sizes.as_slice()) {
            (Self::Transposed, &[rows, columns]) => transposed(&values, rows, columns, 0, columns),
            (Self::TransposedPart { index, of }, &[rows, columns]) => {
                transposed(&values, rows, columns, index * (columns / of), columns / of)
            }
            (Self::Part { index, of } | Self::TransposedPart { index, of }, _) => {
                let length = values.len() / of.max(1);
                values[index * length..(index + 1) * length].to_vec()
            }
            (Self::Same | Self::Joined { .. } | Self::Transposed, _) => values,
        }
    }
}

/// The transpose of `count` columns from `first` on of a matrix.
fn transposed(values: &[f64], rows: usize, columns: usize, first: usize, count: usize) -> Vec<f64> {
    (first..first + count).flat_map(|column| (0..rows).map(move |row| row * columns + column)).map(|at| values[at]).collect()
}

impl Fit {
    /// The entries of the `at`-th wanted tensor, row after row, from the file; `None` where the file has it not, or in another shape.
    ///
    /// # Errors
    ///
    /// As [`Archive::read`].
    pub fn read(&self, archive: &mut Archive, at: usize) -> Result<Option<Vec<f64>>, Diagnostic> {
        let mut values = Vec::new();
        for piece in self.pieces.get(at).map_or(&[][..], Vec::as_slice) {
            let shape = archive.tensor(&piece.tensor).map(|tensor| tensor.shape.clone()).unwrap_or_default();
            values.push(piece.form.apply(archive.read(&piece.tensor)?, &shape));
        }
        Ok((!values.is_empty()).then(|| values.concat()))
    }
}
