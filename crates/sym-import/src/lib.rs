//! From a file of weights to a `.sym`: the model with its sizes where the family is known, else the parameters that the file stores.
//!
//! | step | module |
//! |---|---|
//! | what the graph of an ONNX file tells | [`graph`] |
//! | what the file has, under the names of a model | [`shapes`] |
//! | the families that are known, a file each | [`families`] |
//! | the text, held against the file | [`write`] |
//!
//! Architecture invariant: no weight of the file is read, and nothing is claimed that names and shapes do not tell: what had to be assumed is said.

mod families;
mod graph;
mod shapes;
mod write;

use shapes::{Beside, Shapes};
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
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
    /// How many numbers its tensors have together.
    pub parameters: u128,
}

/// What a family makes of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// The name of the model.
    pub name: &'static str,
    /// Blocks that the standard library does not have.
    pub blocks: Vec<String>,
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
/// E0601 for a missing file, E0602 for a damaged one, E0607 for one of another format, without tensors, or with a name that no spec can write.
pub fn import(path: &Path, from: &str, name: Option<&str>) -> Result<Imported, Diagnostic> {
    let mut archive = sym_weights::open(path)?;
    if !write::is_plain(from) {
        let problem = format!("a spec cannot name the file `{}`", from.escape_debug());
        return Err(Diagnostic::without_span(Code::E0607, problem)
            .help("rename it: a string of a `.sym` has no quotes, braces and control characters"));
    }
    let beside = Beside::of(path, &mut archive);
    for family in families::ALL {
        let Ok(map) = family.map.map(maps::find).transpose() else { continue };
        let shapes = Shapes::new(&archive, map, &beside);
        let Some(draft) = (family.draft)(&shapes) else { continue };
        if let Some(found) = write::held(&archive, from, map, &draft, name) {
            return Ok(found);
        }
    }
    write::parameters(&archive, from, name)
}
