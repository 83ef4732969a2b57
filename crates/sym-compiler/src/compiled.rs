//! From a file name to a compiled document.

use crate::files;
use std::path::{Component, Path, PathBuf};
use sym_diagnostics::{Diagnostic, FileId, Sources};
use sym_ir::experiment::Document;
use sym_ir::{Loader, Options};

/// A compiled file with its texts.
pub struct Compiled {
    /// The file as shown.
    pub file: String,
    /// All texts.
    pub sources: Sources,
    /// What they state; the only diagnostic where the file cannot be read.
    pub document: Document,
}

/// Values that replace those of the file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The profile to apply.
    pub profile: Option<String>,
    /// Overrides: (`Saddle.steps`, `100`).
    pub set: Vec<(String, String)>,
}

/// Compiles a file.
pub fn compile(path: &Path, settings: &Settings) -> Compiled {
    let file = normalized(path).display().to_string();
    let mut sources = Sources::default();
    let document = match load(&mut sources, &file, path) {
        Ok(root) => {
            let options = Options {
                profile: settings.profile.clone(),
                set: settings.set.clone(),
                rewrite: Some(sym_rewrite::interventions::apply),
            };
            sym_ir::compile(&mut sources, root, &mut Files, &options)
        }
        Err(diagnostic) => Document { diagnostics: vec![diagnostic], ..Document::default() },
    };
    Compiled { file, sources, document }
}

/// Reads a file into the sources.
///
/// # Errors
/// What [`files::read`] says, and E0109 for a file that is no UTF-8 text.
pub fn load(sources: &mut Sources, name: &str, path: &Path) -> Result<FileId, Diagnostic> {
    let bytes = files::read(path)?;
    let id = FileId(sources.iter().count() as u32);
    match sym_syntax::decode(id, bytes) {
        Ok(text) => Ok(sources.add(name, text)),
        Err((text, diagnostic)) => {
            sources.add(name, text);
            Err(*diagnostic)
        }
    }
}

/// Files that a `use` names, from the file system.
struct Files;

impl Loader for Files {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let path = normalized(&files::relative_to(from, path));
        let bytes = files::read(&path).map_err(|diagnostic| diagnostic.message)?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{} is no UTF-8 text", path.display()))?;
        Ok((path.display().to_string(), text))
    }
}

/// The path without `.` and inner `..`, so that one file has one name.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normalized.components().next_back(), Some(Component::Normal(_))) => {
                normalized.pop();
            }
            other => normalized.push(other),
        }
    }
    normalized
}
