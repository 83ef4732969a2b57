//! Models of texts.

use sym_diagnostics::Sources;
use sym_ir::{Loader, Options, Program};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// The last model of a text.
pub fn model(text: &str) -> Program {
    let mut sources = Sources::default();
    let root = sources.add("test.sym", text.to_string());
    let options = Options { rewrite: Some(sym_rewrite::interventions::apply), ..Options::default() };
    let mut document = sym_ir::compile(&mut sources, root, &mut NoFiles, &options);
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    document.models.pop().expect("a model").1.program
}
