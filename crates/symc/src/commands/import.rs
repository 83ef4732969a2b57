//! `symc import FILE`.

use crate::arguments::{self, Format};
use crate::console::Console;
use crate::render::json;
use crate::report::{Diagnosed, Schema};
use crate::{Exit, output};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_import::Imported;

/// The JSON document.
#[derive(Default, Serialize)]
struct ImportReport {
    schema: Schema,
    text: Option<String>,
    names: Option<&'static str>,
    tensors: usize,
    matched: usize,
    left_over: Vec<String>,
    not_inferred: Vec<String>,
    out: Option<String>,
    diagnostics: Vec<Diagnosed>,
}

/// Writes a spec for a file of weights, and says what could not be inferred.
pub fn execute(arguments: &arguments::Import, console: Console) -> Exit {
    if let Some(name) = arguments.name.as_deref().filter(|name| !is_name(name)) {
        output::error(&format!("error: `{name}` is no name for a model: letters, digits and `_`, a letter first"));
        return Exit::Usage;
    }
    let sources = Sources::default();
    match attempt(arguments) {
        Ok(found) => {
            let out = arguments.out.as_ref().map(|path| path.display().to_string());
            match console.format {
                Format::Json => output::print(&json::document(&report(found, out))),
                Format::Human | Format::Short => match out {
                    None => output::print(&found.text),
                    Some(out) if !console.quiet => output::print(&lines(&found, &out)),
                    Some(_) => {}
                },
            }
            Exit::Success
        }
        Err(problem) => {
            console.diagnostics(&sources, std::slice::from_ref(&problem));
            if console.format == Format::Json {
                let diagnostics = vec![Diagnosed::new(&sources, &problem)];
                output::print(&json::document(&ImportReport { diagnostics, ..ImportReport::default() }));
            }
            Exit::Failure
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn attempt(arguments: &arguments::Import) -> Result<Imported, Diagnostic> {
    let Some(out) = &arguments.out else {
        return sym_import::import(&arguments.file, &arguments.file.display().to_string(), arguments.name.as_deref());
    };
    let found = sym_import::import(&arguments.file, &named_from(&arguments.file, out), arguments.name.as_deref())?;
    let cannot = |why: &str| Diagnostic::without_span(Code::E0603, format!("`{}` cannot be written: {why}", out.display()));
    if out.exists() {
        return Err(cannot("there is such a file already").help("choose another name with `--out`"));
    }
    sym_compiler::files::create(out, &found.text).map_err(|error| cannot(&error.to_string()))?;
    Ok(found)
}

/// How a spec at `out` names the file: by its name where both are in one folder.
fn named_from(file: &Path, out: &Path) -> String {
    let folder = |path: &Path| {
        std::fs::canonicalize(path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))).ok()
    };
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    match name {
        Some(name) if folder(file).is_some() && folder(file) == folder(out) => name,
        _ => std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf()).display().to_string(),
    }
}

fn lines(found: &Imported, out: &str) -> String {
    let map = found.names.map_or_else(|| "no map of names".to_string(), |names| format!("names {names}"));
    let mut text = format!("{out}: {} of {} tensors, {map}\n", found.matched, found.tensors);
    for note in &found.not_inferred {
        let _ = writeln!(text, "not inferred: {note}");
    }
    text
}

fn report(found: Imported, out: Option<String>) -> ImportReport {
    ImportReport {
        schema: Schema,
        text: Some(found.text),
        names: found.names,
        tensors: found.tensors,
        matched: found.matched,
        left_over: found.left_over,
        not_inferred: found.not_inferred,
        out,
        diagnostics: Vec::new(),
    }
}
