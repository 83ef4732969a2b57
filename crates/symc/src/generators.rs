//! Files of generators, one a model.

use crate::analysis::Analysed;
use crate::output;
use std::path::{Path, PathBuf};
use sym_diagnostics::{Code, Diagnostic};
use sym_runtime::proof::generators::{Exported, LARGEST, export};

/// The same seed gives the same numbers.
const SEED: u64 = 0;

/// Writes the generators, random group elements and projectors of each model to `directory/MODEL.safetensors`, and says how many on standard
/// output unless `quiet`.
pub fn write(models: &[Analysed<'_>], directory: &Path, quiet: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for model in models {
        let entries = model.program.trainable_entries().unwrap_or(u128::MAX);
        if entries > LARGEST {
            let message = format!("`{}` is too large for a file of generators: it has {entries} parameters", model.name);
            found.push(
                Diagnostic::new(Code::E0207, model.span, message)
                    .found(format!("{entries} parameters"))
                    .expected(format!("at most {LARGEST}"))
                    .help("choose smaller sizes with `--set`, or one model with `--model`"),
            );
            continue;
        }
        match export(model.program, &model.symmetries, SEED) {
            Ok(exported) => {
                let path = directory.join(file_name(&model.name));
                match save(&path, &exported) {
                    Ok(()) if quiet => {}
                    Ok(()) => output::print(&summary(model, &path, &exported)),
                    Err(diagnostic) => found.push(diagnostic),
                }
            }
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    found
}

fn save(path: &Path, exported: &Exported) -> Result<(), Diagnostic> {
    let directory = path.parent().unwrap_or_else(|| Path::new(""));
    std::fs::create_dir_all(directory).and_then(|()| std::fs::write(path, exported.to_safetensors())).map_err(|error| {
        Diagnostic::without_span(Code::E0603, format!("`{}` cannot be written: {error}", path.display()))
            .help("choose a directory that can be written to with `--out`")
    })
}

/// A model's name may hold arguments: what is neither letter nor digit becomes `_`.
fn file_name(model: &str) -> PathBuf {
    let name: String = model.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    format!("{}.safetensors", name.trim_end_matches('_')).into()
}

fn summary(model: &Analysed<'_>, path: &Path, exported: &Exported) -> String {
    let missing = &exported.without_projector;
    let without = if missing.is_empty() { String::new() } else { format!("; without a projector: {}", missing.join(", ")) };
    format!(
        "{}: {} generators, {} group elements, {} projectors in {}{without}",
        model.name,
        exported.generators,
        exported.elements,
        exported.projectors,
        path.display()
    )
}
