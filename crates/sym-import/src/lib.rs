//! From a file of weights to a `.sym`: the model with its sizes where the family is known, else the parameters that the file stores.
//!
//! | step | module |
//! |---|---|
//! | what the file has, under the names of a model | [`shapes`] |
//! | the families that are known, a file each | [`families`] |
//! | the text, held against the file | [`write`] |
//!
//! Architecture invariant: no number of the file is read, and nothing is claimed that names and shapes do not tell: what had to be assumed is said.

mod families;
mod shapes;
mod write;

use shapes::Shapes;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_weights::maps;

/// A spec for a file of weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The `.sym`, in its canonical layout.
    pub text: String,
    /// The map of names that it uses.
    pub names: Option<&'static str>,
    /// Tensors of numbers in the file.
    pub tensors: usize,
    /// How many of them the model has.
    pub matched: usize,
    /// Those that it has not.
    pub left_over: Vec<String>,
    /// What names and shapes do not tell, a sentence each.
    pub not_inferred: Vec<String>,
}

/// What a family makes of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// The name of the model.
    pub name: &'static str,
    /// The statements of the model.
    pub body: Vec<String>,
    /// Probes that tell something about this family.
    pub probes: Vec<String>,
    /// What had to be assumed.
    pub not_inferred: Vec<String>,
}

/// Writes a spec for a file, which it names as `from`; `name` is that of the model, chosen by the family where absent.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for one of another format or without tensors.
pub fn import(path: &Path, from: &str, name: Option<&str>) -> Result<Imported, Diagnostic> {
    let archive = sym_weights::open(path)?;
    let config = shapes::config(path);
    for family in families::ALL {
        let Ok(map) = family.map.map(maps::find).transpose() else { continue };
        let shapes = Shapes::new(&archive, map, config.as_ref());
        let Some(draft) = (family.draft)(&shapes) else { continue };
        if let Some(found) = write::held(&archive, from, map, &draft, name) {
            return Ok(found);
        }
    }
    write::parameters(&archive, from, name)
}
