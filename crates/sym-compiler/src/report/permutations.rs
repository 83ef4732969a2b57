//! The axes-to-permutation map that weight-matching tools read.

use super::{Integer, SCHEMA};
use indexmap::IndexMap;
use serde::Serialize;
use sym_infer::{Symmetries, permutations};
use sym_ir::Program;
use sym_ir::storage::{StoredTensor, View};

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
    /// What the names of parameters mean that are not whole tensors.
    pub parts: IndexMap<String, StoredPart>,
    /// For each stored name what permutes each stored axis.
    pub axes_to_perm: IndexMap<String, Vec<StoredAxis>>,
    /// For each permutation the stored names with the stored axes that it permutes.
    pub perm_to_axes: IndexMap<String, Vec<(String, usize)>>,
    /// Stored axes that move alike, in the order of the first of each.
    pub axis_groups: Vec<AxisGroup>,
}

/// Stored axes that the same permutations move in the same way: each is one permutation to a tool that knows nothing of merged axes.
#[derive(Debug, Serialize)]
pub struct AxisGroup {
    /// The number of positions.
    pub size: Integer,
    /// The permutation of each merged axis, slowest first; axes of one position are left out.
    pub moved_by: Vec<Option<String>>,
    /// The stored names with the stored axes.
    pub axes: Vec<(String, usize)>,
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

/// A parameter that is a part of a tensor, or a stack of several.
#[derive(Debug, Serialize)]
pub struct StoredPart {
    /// The name of the tensor; `{}` for each number that counts an axis.
    pub tensor: String,
    /// The sizes of the axes that the name counts, which stand in front of the others.
    pub stack: Vec<Integer>,
    /// Where it lies along each stored axis.
    pub extents: Vec<StoredExtent>,
}

/// Positions `start` to `start + length` of each of `blocks` blocks of `period` positions, each of `inner` entries.
#[derive(Debug, Serialize)]
pub struct StoredExtent {
    /// Number of blocks.
    pub blocks: Integer,
    /// Positions of a block.
    pub period: Integer,
    /// First position in each block.
    pub start: Integer,
    /// How many of them.
    pub length: Integer,
    /// Entries of a position.
    pub inner: Integer,
}

impl StoredPart {
    /// None for a whole tensor of its own.
    fn of(tensor: &StoredTensor, view: &View) -> Option<Self> {
        let extents: Vec<StoredExtent> = view
            .extents
            .iter()
            .zip(&view.periods)
            .map(|(extent, period)| StoredExtent {
                blocks: Integer(extent.blocks),
                period: Integer(*period),
                start: Integer(extent.start),
                length: Integer(extent.length),
                inner: Integer(extent.inner),
            })
            .collect();
        let stack = tensor.stack.iter().copied().map(Integer).collect();
        (tensor.views.len() > 1 || !tensor.stack.is_empty()).then(|| Self { tensor: tensor.name.pattern(), stack, extents })
    }

    /// The tensor's name with the range of each axis, such as `c_attn.weight[:, 768:1536]`; `16*(0:64)` for a range of each of 16 blocks.
    fn name(&self) -> String {
        let range = |extent: &StoredExtent| {
            let (start, end) = (extent.start.0, extent.start.0 + extent.length.0);
            match (start == 0 && end == extent.period.0, extent.blocks.0) {
                (true, _) => ":".to_string(),
                (false, 1) => format!("{}:{}", start * extent.inner.0, end * extent.inner.0),
                (false, blocks) => format!("{blocks}*({}:{})", start * extent.inner.0, end * extent.inner.0),
            }
        };
        let ranges: Vec<String> = self.extents.iter().map(range).collect();
        if ranges.iter().all(|range| range == ":") {
            self.tensor.clone()
        } else {
            format!("{}[{}]", self.tensor, ranges.join(", "))
        }
    }
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

/// The size of a merged axis and what permutes it.
type Part = (u128, Option<String>);

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
        let mut alike: IndexMap<Vec<Part>, Vec<(String, usize)>> = IndexMap::new();
        let mut parts = IndexMap::new();
        let (tensors, _) = program.stored_tensors();
        let mut views: Vec<(&StoredTensor, &View)> =
            tensors.iter().flat_map(|tensor| tensor.views.iter().map(move |view| (tensor, view))).collect();
        views.sort_by_key(|(_, view)| view.parameter);
        for (tensor, view) in views.into_iter().filter(|(_, view)| program.parameter(view.parameter).trainable) {
            let (id, storage) = (view.parameter, &program.parameter(view.parameter).storage);
            let stored = match StoredPart::of(tensor, view) {
                None => tensor.name.pattern(),
                Some(part) => {
                    let name = part.name();
                    parts.insert(name.clone(), part);
                    name
                }
            };
            let mut axes = Vec::new();
            let counted = storage.name.axes().iter().map(std::slice::from_ref);
            for (at, group) in counted.chain(storage.layout.iter().map(|axis| axis.axes.as_slice())).enumerate() {
                let names: Vec<Option<String>> = group.iter().map(|&axis| of(id, axis)).collect();
                for name in names.iter().flatten() {
                    perm_to_axes.entry(name.clone()).or_default().push((stored.clone(), at));
                }
                if names.iter().any(Option::is_some) {
                    let sizes = group.iter().map(|&axis| program.parameter(id).shape[axis].size);
                    let parts = sizes.zip(names.iter().cloned()).filter(|(size, _)| *size > 1);
                    alike.entry(parts.collect()).or_default().push((stored.clone(), at));
                }
                axes.push(match names.as_slice() {
                    [one] => StoredAxis::Whole(one.clone()),
                    several if several.iter().all(Option::is_none) => StoredAxis::Whole(None),
                    _ => StoredAxis::Merged(names),
                });
            }
            axes_to_perm.insert(stored, axes);
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
        let axis_groups = alike.into_iter().map(|(parts, axes)| AxisGroup {
            size: Integer(parts.iter().map(|(size, _)| *size).fold(1, u128::saturating_mul)),
            moved_by: parts.into_iter().map(|(_, name)| name).collect(),
            axes,
        });
        let axis_groups = axis_groups.collect();
        Self { name: name.to_string(), file: file.to_string(), permutations, parts, axes_to_perm, perm_to_axes, axis_groups }
    }
}
