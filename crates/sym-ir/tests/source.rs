//! Programs as files: what is read back has the same parameters, stored as before, and is written as the same file again.

use std::path::Path;
use sym_diagnostics::{Diagnostic, Sources};
use sym_ir::compile::{Loader, Options, compile};
use sym_ir::{Parameter, Program, source};

/// The files use no others.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

fn programs_of(name: &str, text: &str) -> Vec<Program> {
    let mut sources = Sources::default();
    let root = sources.add(name.to_string(), text.to_string());
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    let errors: Vec<&Diagnostic> = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty() || !name.contains("again"), "{name}: {errors:?}\n{text}");
    document.models.into_iter().map(|(_, model)| model.program).collect()
}

fn programs(directory: &str) -> Vec<(String, Program)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(directory);
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).expect("the directory is there").filter_map(Result::ok).map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "sym"));
    paths.sort();
    let of = |path: &std::path::PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).expect("a network can be read");
        programs_of(&name, &text).into_iter().map(move |program| (name.clone(), program)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn what_is_read_back_has_the_same_stored_tensors_and_is_written_as_the_same_file() {
    let mut count = 0;
    for (name, program) in ["examples/gallery", "tests/catalogue"].into_iter().flat_map(programs) {
        let text = source(&program);
        let again = programs_of(&format!("{name} again"), &text).remove(0);
        let stored = |parameter: &Parameter| {
            let sizes: Vec<u128> = parameter.shape.iter().map(|axis| axis.size).collect();
            (parameter.storage.clone(), sizes, parameter.trainable, parameter.initial.clone())
        };
        let of = |program: &Program| program.parameters.iter().map(stored).collect::<Vec<_>>();
        assert_eq!(of(&again), of(&program), "{name}\n{text}");
        let inputs = |program: &Program| -> Vec<(String, usize, Option<u128>, sym_ir::Entries)> {
            let of = |input: &sym_ir::Input| (input.name.clone(), input.shape.len(), input.rank, input.entries);
            program.inputs.iter().map(of).collect()
        };
        assert_eq!(inputs(&again), inputs(&program), "{name}");
        let outputs = |program: &Program| program.outputs.iter().map(|output| output.name.clone()).collect::<Vec<_>>();
        assert_eq!(outputs(&again), outputs(&program), "{name}");
        let twice = programs_of(&format!("{name} again"), &source(&again)).remove(0);
        assert_eq!(source(&twice), source(&again), "{name}");
        count += 1;
    }
    assert!(count > 100, "{count} models");
}
