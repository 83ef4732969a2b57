//! The text of a spec, held against the file that it is for.

use crate::{Draft, Imported};
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_ir::{Loader, Options, Program};
use sym_weights::maps::{self, NameMap, Wanted};
use sym_weights::{Archive, Tensor};

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
        tensors: 0,
        matched: 0,
        left_over: Vec::new(),
        not_inferred: draft.not_inferred.clone(),
        parameters: 0,
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
    let used: BTreeSet<&str> = fit.pieces.iter().flatten().map(|piece| piece.tensor.as_str()).collect();
    found.matched = used.len();
    // Numbers without axes are constants of a graph, unless the model has them.
    for tensor in &archive.tensors {
        let is_used = used.contains(tensor.name.as_str());
        if is_used || (tensor.number.is_floating() && !tensor.shape.is_empty()) {
            found.tensors += 1;
            found.parameters += u128::from(tensor.entries());
        }
    }
    found.left_over = fit.left_over;
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
    let Imported { tensors, parameters, .. } = found;
    let names = map.map_or_else(String::new, |map| format!(", names of {}", map.name));
    let mut text = format!("// {from}: {}, {tensors} tensors, {parameters} numbers{names}.\n", archive.format.name());
    for note in &found.not_inferred {
        let _ = writeln!(text, "// Not inferred: {note}.");
    }
    for block in &draft.blocks {
        let _ = writeln!(text, "\n{block}");
    }
    let _ = writeln!(text, "\nmodel {name}() {{\n{}\n}}\n", draft.body.join("\n"));
    let names = map.map_or_else(String::new, |map| format!(" names {}", map.name));
    let _ = writeln!(text, "measure Weights on {name}() from \"{from}\"{names} {{\n{}\n}}", draft.probes.join("\n"));
    sym_syntax::format(&text).ok()
}

/// Whether a string of a spec can be this text as it is.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '{', '}']) && !text.contains(char::is_control)
}

/// The spec of a file of no known family: a model of its parameters alone, for what is measured of matrices.
pub fn parameters(archive: &Archive, from: &str, name: Option<&str>) -> Result<Imported, Diagnostic> {
    let has_axes = |tensor: &&Tensor| tensor.number.is_floating() && !tensor.shape.is_empty() && !tensor.shape.contains(&0);
    let stored: Vec<&Tensor> = archive.tensors.iter().filter(has_axes).filter(|tensor| is_plain(&tensor.name)).collect();
    if stored.is_empty() {
        let problem = format!("`{from}` holds no tensor with a name and axes");
        return Err(
            Diagnostic::without_span(Code::E0607, problem).help("`symc import` reads safetensors, PyTorch, ONNX and `.npz`")
        );
    }
    // A name that is one of the language's own is no name of a parameter: then all are numbered.
    let mut taken = HashSet::new();
    let called: Vec<String> = stored.iter().map(|tensor| identifier(&tensor.name, &mut taken)).collect();
    let numbered: Vec<String> = (0..stored.len()).map(|at| format!("p{at}")).collect();
    let found = [called, numbered].iter().find_map(|names| held(archive, from, None, &alone(&stored, names), name));
    found.ok_or_else(|| {
        Diagnostic::without_span(Code::E0607, format!("the tensors of `{from}` have names or shapes that no model can have"))
    })
}

/// A model of these tensors, under these names, without a network: it gives all of them, one behind the other.
fn alone(stored: &[&Tensor], names: &[String]) -> Draft {
    let mut body = Vec::with_capacity(stored.len() + 1);
    let mut probes = vec!["norm".to_string()];
    let mut all = Vec::with_capacity(stored.len());
    for (tensor, own) in stored.iter().zip(names) {
        let sizes = tensor.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        body.push(format!("param {own}[{sizes}] stored \"{}\"", tensor.name));
        if tensor.shape.len() > 1 && probes.len() <= LISTED {
            probes.push(format!("stable_rank({own})"));
        }
        match tensor.shape.len() {
            1 => all.push(own.clone()),
            _ => all.push(format!("reshape({own}, [{}])", tensor.entries())),
        }
    }
    match all.as_slice() {
        [_, _, ..] => body.push(format!("output concat({}, over: 0)", all.join(", "))),
        _ => body.extend(names.first().map(|own| format!("output {own}"))),
    }
    let note =
        "how these parameters are connected: the model has them without a network, for measurements of norms, ranks and spectra";
    Draft { name: "Imported", body, probes, not_inferred: vec![note.to_string()], ..Draft::default() }
}

/// A name of the language for a tensor, another one each time.
fn identifier(tensor: &str, taken: &mut HashSet<String>) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    let mut own: String = tensor.chars().map(letter).collect();
    if !own.starts_with(|letter: char| letter.is_ascii_alphabetic()) || !own.contains('_') {
        own = format!("p_{own}");
    }
    while !taken.insert(own.clone()) {
        own.push('_');
    }
    own
}
