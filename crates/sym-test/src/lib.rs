//! Snapshots of models in a test.
//!
//! ```no_run
//! #[test]
//! fn the_model_is_what_it_was() {
//!     sym_test::assert_model_snapshot!("models/mlp.sym");
//! }
//! ```
//!
//! The snapshot keeps, for each model of the file, the table of its symmetries, its parameters and its tensor program. It is the file `mlp.snap` beside
//! `mlp.sym`, in the form of the crate `insta`: `cargo insta review` accepts a change, and so do `INSTA_UPDATE=always` and `symc test --update`, which read
//! and write the same files.
//!
//! Architecture invariant: a test that uses this crate compiles no tensor library.

use std::path::{Path, PathBuf};
use sym_compiler::{Settings, compile, snapshot};

#[doc(hidden)]
pub use insta;

/// What a snapshot keeps of a file, the directory of the file and the name of the snapshot.
///
/// # Panics
///
/// With the errors of the file, drawn with their places.
pub fn model_text(file: &Path) -> (String, PathBuf, String) {
    let compiled = compile(file, &Settings::default());
    let text = snapshot::text(&compiled).unwrap_or_else(|errors| panic!("{} has errors\n\n{errors}", file.display()));
    let directory = file.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    (text, directory, name)
}

/// Compares the models of a `.sym` file, relative to the package, with the snapshot beside it.
#[macro_export]
macro_rules! assert_model_snapshot {
    ($file:expr) => {{
        let file = ::std::path::Path::new(::core::env!("CARGO_MANIFEST_DIR")).join($file);
        let (text, directory, name) = $crate::model_text(&file);
        let mut settings = $crate::insta::Settings::clone_current();
        settings.set_snapshot_path(directory);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| $crate::insta::assert_snapshot!(name, text));
    }};
}
