//! Emits a miniature of each model of the gallery and of the interventions, and a test for each.

#[path = "src/miniature.rs"]
mod miniature;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use sym_build::{Build, Emitted};
use sym_ir::Entries;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut text = String::new();
    for folder in ["gallery", "interventions"] {
        let directory = Path::new("../../examples").join(folder);
        println!("cargo:rerun-if-changed={}", directory.display());
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "sym")) {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let _ = writeln!(text, "mod {stem} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{stem}.rs\")); }}");
            for model in Build::new().file(file).rewrite(miniature::miniature).compile() {
                text.push_str(&test(&format!("{folder}/{stem}.sym"), &stem, &model));
            }
        }
    }
    if let Err(error) = std::fs::write(out.join("models.rs"), text) {
        eprintln!("the list of models cannot be written: {error}");
        std::process::exit(1);
    }
}

/// How a module is called by the comparison, and a test that does it.
fn test(file: &str, stem: &str, model: &Emitted) -> String {
    let Emitted { module, name, program, .. } = model;
    let arguments: Vec<String> = program
        .inputs
        .iter()
        .enumerate()
        .map(|(at, input)| {
            let integers = matches!(input.entries, Entries::Integer { .. });
            format!("{}(&inputs[{at}])", if integers { "numbers" } else { "tensor" })
        })
        .collect();
    let outputs = if program.outputs.len() == 1 {
        "vec![outputs.into()]".to_string()
    } else {
        let all: Vec<String> = (0..program.outputs.len()).map(|at| format!("outputs.{at}.into()")).collect();
        format!("vec![{}]", all.join(", "))
    };
    format!(
        "impl Emitted for {stem}::{module}::{name} {{
            fn start(options: TensorCreationOptions) -> Self {{ Self::init(options) }}
            fn outputs(&self, inputs: &[Array]) -> Vec<Array> {{
                let _ = inputs;
                let outputs = self.forward({});
                {outputs}
            }}
        }}
        #[test]
        fn {stem}_{module}() {{ compare::<{stem}::{module}::{name}>({file:?}, {:?}); }}
        ",
        arguments.join(", "),
        program.name,
    )
}
