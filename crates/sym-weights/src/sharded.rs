//! Weights over several files, listed by `model.safetensors.index.json` or `pytorch_model.bin.index.json`.

use crate::archive::{Archive, Tensor};
use crate::fault::{damaged, missing};
use crate::source::Source;
use std::collections::BTreeMap;
use std::path::{Component, Path};
use sym_diagnostics::Diagnostic;

/// The longest list.
const MAX_INDEX: u64 = 64 << 20;

/// The most files of one model.
const MAX_FILES: usize = 4096;

const FORMAT: &str = "index";

/// Whether these first bytes can be those of a list.
pub(crate) fn begins(first: &[u8]) -> bool {
    first.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// The tensors that a list names, from the files beside it.
pub(crate) fn open(path: &Path, mut source: Source, name: &str) -> Result<Archive, Diagnostic> {
    let bad = |problem: &str| damaged(name, FORMAT, problem);
    if source.length() > MAX_INDEX {
        return Err(bad(&format!("it has {} bytes, where {MAX_INDEX} are the most", source.length())));
    }
    let length = source.length();
    let text = source.range(0, length).map_err(|problem| bad(&problem))?;
    let index: serde_json::Value = serde_json::from_slice(&text).map_err(|error| bad(&error.to_string()))?;
    let map = index.get("weight_map").and_then(serde_json::Value::as_object);
    let map = map.ok_or_else(|| bad("it has no `weight_map` from tensors to files"))?;
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (tensor, file) in map {
        let file = file.as_str().ok_or_else(|| bad(&format!("`{tensor}` is in no file")))?;
        let plain = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || file.is_empty() {
            return Err(bad(&format!("`{file}` is no file beside it")));
        }
        files.entry(file).or_default().push(tensor);
    }
    if files.len() > MAX_FILES {
        return Err(bad(&format!("it lists {} files, where {MAX_FILES} are the most", files.len())));
    }
    let beside = path.parent().unwrap_or_else(|| Path::new(""));
    let mut whole: Option<Archive> = None;
    for (file, names) in files {
        let path = beside.join(file);
        let mut part = Archive::single(&path)?;
        let mut kept: Vec<Tensor> = Vec::new();
        for name in names {
            let at = part
                .tensors
                .iter()
                .position(|tensor| tensor.name == name)
                .ok_or_else(|| bad(&format!("`{name}` is not in `{file}`")))?;
            kept.push(part.tensors.swap_remove(at));
        }
        part.tensors = kept;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => whole.absorb(part),
        }
    }
    let mut whole = whole.ok_or_else(|| bad("it lists no file"))?;
    whole.sort();
    whole.source = name.to_string();
    Ok(whole)
}

/// A file of a list that is a list again.
pub(crate) fn nested(path: &Path) -> Diagnostic {
    missing(path, &std::io::Error::other("a list of files cannot be in a list of files"))
}
