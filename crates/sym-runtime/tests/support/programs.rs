//! The models of a folder of files.

use std::path::Path;
use sym_diagnostics::Sources;
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};

/// The files use no others.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// All models of the files in a folder of the project, with their names, in the order of file names.
pub fn programs(directory: &str) -> Vec<(String, Program)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(directory);
    let mut files: Vec<_> = std::fs::read_dir(directory).expect("the directory is there").filter_map(Result::ok).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut programs = Vec::new();
    for path in files.into_iter().map(|file| file.path()).filter(|path| path.extension().is_some_and(|ending| ending == "sym")) {
        programs.extend(compiled(&path.display().to_string(), &std::fs::read_to_string(&path).expect("a network can be read")));
    }
    programs
}

/// All models of a text, with their names.
pub fn compiled(file: &str, text: &str) -> Vec<(String, Program)> {
    let mut sources = Sources::default();
    let root = sources.add(file.to_string(), text.to_string());
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    document.models.into_iter().map(|(name, model)| (name, model.program)).collect()
}
