//! The text of a spec, held against the file that it is for.

use crate::{Draft, Imported};
use std::fmt::Write;
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_ir::{Loader, Options, Program};
use sym_weights::Archive;
use sym_weights::maps::{self, NameMap, Wanted};

/// Names listed in one sentence.
const LISTED: usize = 8;

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` is not there"))
    }
}

/// The spec of a draft; `None` where its model does not compile, or wants something that the file does not have in this shape.
pub fn held(archive: &Archive, from: &str, map: Option<&'static NameMap>, draft: &Draft, name: Option<&str>) -> Option<Imported> {
    let mut found = Imported {
        text: String::new(),
        names: map.map(|map| map.name),
        tensors: archive.tensors.iter().filter(|tensor| tensor.number.is_floating()).count(),
        matched: 0,
        left_over: Vec::new(),
        not_inferred: draft.not_inferred.clone(),
    };
    let name = name.unwrap_or(draft.name);
    let program = compiled(&spec(archive, from, map, draft, name, &found)?)?;
    let wanted: Vec<Wanted> = program
        .stored_shapes(&|_| true)
        .into_iter()
        .map(|(name, shape)| Wanted { name, shape: shape.into_iter().map(|size| size as u64).collect() })
        .collect();
    let fit = maps::fit(archive, map, &wanted);
    if !fit.missing.is_empty() || !fit.reshaped.is_empty() {
        return None;
    }
    found.left_over = fit.left_over;
    found.matched = found.tensors - found.left_over.len() - fit.ignored.len().min(found.tensors - found.left_over.len());
    if !found.left_over.is_empty() {
        let shown =
            found.left_over.iter().take(LISTED).map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
        let more = if found.left_over.len() > LISTED { ", …" } else { "" };
        let count = found.left_over.len();
        let what = if count == 1 {
            "what a tensor of the file is for".to_string()
        } else {
            format!("what {count} tensors of the file are for")
        };
        found.not_inferred.push(format!("{what}: {shown}{more}"));
    }
    found.text = spec(archive, from, map, draft, name, &found)?;
    Some(found)
}

/// The program of a text with one model.
fn compiled(text: &str) -> Option<Program> {
    let mut sources = Sources::default();
    let root = sources.add("import.sym", text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    if document.diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    document.models.into_values().next().map(|model| model.program)
}

/// The text in its canonical layout.
fn spec(archive: &Archive, from: &str, map: Option<&NameMap>, draft: &Draft, name: &str, found: &Imported) -> Option<String> {
    if from.contains(['"', '{', '}', '\n', '\r']) {
        return None;
    }
    let file = from;
    let parameters: u128 =
        archive.tensors.iter().filter(|tensor| tensor.number.is_floating()).map(|tensor| u128::from(tensor.entries())).sum();
    let mut text = format!("// {file}: {}, {} tensors, {parameters} numbers.\n", archive.format.name(), found.tensors);
    for note in &found.not_inferred {
        let _ = writeln!(text, "// Not inferred: {note}.");
    }
    let _ = writeln!(text, "\nmodel {name}() {{\n{}\n}}\n", draft.body.join("\n"));
    let names = map.map_or_else(String::new, |map| format!(" names {}", map.name));
    let _ = writeln!(text, "measure Weights on {name}() from \"{file}\"{names} {{\n{}\n}}", draft.probes.join("\n"));
    sym_syntax::format(&text).ok()
}

/// The spec of a file of no known family: a model of its parameters alone, for what is measured of matrices.
pub fn parameters(archive: &Archive, from: &str, name: Option<&str>) -> Result<Imported, Diagnostic> {
    let stored = archive.tensors.iter().filter(|tensor| tensor.number.is_floating() && !tensor.shape.is_empty());
    let is_plain = |name: &str| !name.is_empty() && !name.contains(['"', '{', '}']) && !name.contains(char::is_control);
    let named = stored.filter(|tensor| is_plain(&tensor.name) && tensor.shape.iter().all(|size| *size > 0));
    let mut body = Vec::new();
    for (at, tensor) in named.enumerate() {
        let sizes = tensor.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        body.push(format!("param p{at}[{sizes}] stored \"{}\"", tensor.name));
    }
    if body.is_empty() {
        let problem = format!("`{from}` holds no tensor with a name and axes");
        return Err(
            Diagnostic::without_span(Code::E0607, problem).help("`symc import` reads safetensors, PyTorch, ONNX and `.npz`")
        );
    }
    body.push("output p0".to_string());
    let draft = Draft {
        name: "Imported",
        body,
        probes: vec!["norm".to_string()],
        not_inferred: vec![
            "how these parameters are connected: the model has them without a network, for measurements of norms, ranks and spectra"
                .to_string(),
        ],
    };
    held(archive, from, None, &draft, name).ok_or_else(|| {
        Diagnostic::without_span(Code::E0607, format!("the tensors of `{from}` have names or shapes that no model can have"))
    })
}
