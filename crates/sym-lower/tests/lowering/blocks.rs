//! Every block of the standard library against plain loops and finite differences, in the miniatures that `sym-ir` keeps as golden tests.

use crate::derivatives::assert_derivatives;
use crate::support::assert_faithful;
use sym_diagnostics::Sources;
use sym_ir::{Loader, Operation, Options, Program};

/// The miniatures use no files.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file {path}"))
    }
}

/// The models of a text, with their names.
pub fn compiled(name: &str, text: String) -> Vec<(String, Program)> {
    let mut sources = Sources::default();
    let root = sources.add(name, text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{name}: {:?}", document.diagnostics);
    document.models.into_iter().map(|(name, model)| (name, model.program)).collect()
}

fn assert_file_faithful(name: &str) {
    let path = format!("{}/../sym-ir/tests/ok/{name}.sym", env!("CARGO_MANIFEST_DIR"));
    for (_, program) in compiled(name, std::fs::read_to_string(&path).expect("the golden test is there")) {
        // The loops see one example at a time: no statistics of the batch.
        let of_batch = |node: &sym_ir::Node| matches!(node.operation, Operation::Normalise { batch: true, .. });
        if program.nodes.iter().any(of_batch) {
            assert_derivatives(&program);
        } else {
            assert_faithful(&program);
        }
    }
}

#[test]
fn norms() {
    assert_file_faithful("std_norms");
}

#[test]
fn convolutions() {
    assert_file_faithful("std_convolutions");
}

#[test]
fn attention() {
    assert_file_faithful("std_attention");
}

#[test]
fn transformers() {
    assert_file_faithful("std_transformers");
}

#[test]
fn experts() {
    assert_file_faithful("std_experts");
}

#[test]
fn recurrences() {
    assert_file_faithful("std_recurrences");
}

#[test]
fn factorised_layers_and_heads() {
    assert_file_faithful("std_factorised");
}

#[test]
fn scans_gathers_and_parameters_in_pieces() {
    for name in ["scan", "gather", "fixed", "stored_parts"] {
        assert_file_faithful(name);
    }
}
