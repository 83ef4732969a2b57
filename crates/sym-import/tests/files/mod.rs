//! Small files, built by hand, and what holds for each spec.
#![allow(dead_code)]

use safetensors::{Dtype, tensor::TensorView};
use std::path::PathBuf;
use sym_diagnostics::Sources;
use sym_import::Imported;

/// Tensors by name and shape.
pub type Tensors = Vec<(String, Vec<usize>)>;

/// A safetensors file of zeros with these tensors.
pub fn file(directory: &tempfile::TempDir, name: &str, tensors: &[(String, Vec<usize>)]) -> PathBuf {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as the shape says"))
    });
    let path = directory.path().join(name);
    std::fs::write(&path, safetensors::serialize(views, None).expect("serialised")).expect("writable");
    path
}

pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

pub fn named(tensors: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    tensors.iter().map(|(name, shape)| ((*name).to_string(), shape.to_vec())).collect()
}

/// A linear layer with bias.
pub fn dense(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, width: usize, inputs: usize) {
    tensors.push((format!("{name}.weight"), vec![width, inputs]));
    tensors.push((format!("{name}.bias"), vec![width]));
}

pub fn norm(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, width: usize) {
    tensors.push((format!("{name}.weight"), vec![width]));
    tensors.push((format!("{name}.bias"), vec![width]));
}

struct NoFiles;

impl sym_ir::Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` is not there"))
    }
}

/// The text of a spec that compiles without a word, is in its canonical layout, and counts each tensor once.
pub fn sound(found: &Imported) -> &str {
    let mut sources = Sources::default();
    let root = sources.add("import.sym", found.text.as_str());
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &sym_ir::Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}\n{}", document.diagnostics, found.text);
    assert_eq!((document.models.len(), document.measurements.len()), (1, 1), "{}", found.text);
    assert_eq!(sym_syntax::format(&found.text).expect("it parses"), found.text);
    assert!(found.matched + found.left_over.len() <= found.tensors, "{found:?}");
    for note in &found.not_inferred {
        assert!(found.text.contains(&format!("// Not inferred: {note}.\n")), "{note}");
    }
    &found.text
}

/// A field of a message of the wire format with bytes in it.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], varint(content.len() as u64), content.to_vec()].concat()
}

/// A field with a number in it.
fn number(number: u8, value: u64) -> Vec<u8> {
    [vec![number << 3], varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// An initial tensor of a graph: of single precision (1) or long (7).
pub fn initial(name: &str, sizes: &[usize], kind: u64, numbers: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = sizes.iter().flat_map(|&size| number(1, size as u64)).collect();
    bytes.extend(number(2, kind));
    bytes.extend(field(9, numbers));
    bytes.extend(field(8, name.as_bytes()));
    field(5, &bytes)
}

/// A node of a graph.
pub fn node(operation: &str, name: &str, inputs: &[&str], output: &str, attribute: Option<(&str, f32)>) -> Vec<u8> {
    let mut bytes: Vec<u8> = inputs.iter().flat_map(|input| field(1, input.as_bytes())).collect();
    bytes.extend(field(2, output.as_bytes()));
    bytes.extend(field(3, name.as_bytes()));
    bytes.extend(field(4, operation.as_bytes()));
    if let Some((name, value)) = attribute {
        let value = [vec![2 << 3 | 5], value.to_le_bytes().to_vec()].concat();
        bytes.extend(field(5, &[field(1, name.as_bytes()), value].concat()));
    }
    field(1, &bytes)
}

/// An ONNX file of one graph with these fields.
pub fn onnx(directory: &tempfile::TempDir, name: &str, graph: &[Vec<u8>]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, [number(1, 8), field(2, b"by hand"), field(7, &graph.concat())].concat()).expect("writable");
    path
}

/// An encoder of two layers with a head for training.
pub fn bert() -> Vec<(String, Vec<usize>)> {
    let mut tensors = named(&[
        ("bert.embeddings.word_embeddings.weight", &[30, 8]),
        ("bert.embeddings.position_embeddings.weight", &[12, 8]),
        ("bert.embeddings.token_type_embeddings.weight", &[2, 8]),
        ("cls.decoder.weight", &[30, 8]),
    ]);
    norm(&mut tensors, "bert.embeddings.LayerNorm", 8);
    for layer in 0..2 {
        let own = format!("bert.encoder.layer.{layer}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            dense(&mut tensors, &format!("{own}.{part}"), 8, 8);
        }
        dense(&mut tensors, &format!("{own}.intermediate.dense"), 20, 8);
        dense(&mut tensors, &format!("{own}.output.dense"), 8, 20);
        norm(&mut tensors, &format!("{own}.attention.output.LayerNorm"), 8);
        norm(&mut tensors, &format!("{own}.output.LayerNorm"), 8);
    }
    tensors
}
