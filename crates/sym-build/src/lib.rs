//! Models of `.sym` files as Rust modules, from a build script.
//!
//! ```no_run
//! // In `main` of build.rs:
//! sym_build::compile("src/mlp.sym");
//! ```
//!
//! ```text
//! // src/main.rs
//! include!(concat!(env!("OUT_DIR"), "/mlp.rs"));
//!
//! fn main() {
//!     let model = mlp::Mlp::init(&burn::tensor::Device::flex());
//! }
//! ```
//!
//! Each model of `mlp.sym` is a module of its own in `OUT_DIR/mlp.rs`, named as the model in small letters. Cargo runs the script again when the file or
//! one that it uses has changed. An error in a file ends the build with the place in that file, and a warning is one of Cargo.
//!
//! Architecture invariant: a build script that uses this crate compiles no tensor library. Only emitted modules need burn.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use sym_compiler::Settings;
use sym_compiler::render::{Style, human, short};
use sym_diagnostics::Sources;
use sym_ir::Program;

/// Emits the models of a file into `OUT_DIR`.
///
/// An error in the file is printed with its place, and ends the build script.
pub fn compile(file: impl AsRef<Path>) {
    Build::new().file(file).compile();
}

/// What changes a program before it is emitted.
type Rewrite = Box<dyn Fn(&Program) -> Program>;

/// Which files are emitted, and how.
#[derive(Default)]
pub struct Build {
    files: Vec<PathBuf>,
    settings: Settings,
    rewrite: Option<Rewrite>,
    directory: Option<PathBuf>,
}

/// A model that was emitted.
#[derive(Debug, Clone)]
pub struct Emitted {
    /// The file that holds its source.
    pub file: PathBuf,
    /// The module in that file.
    pub module: String,
    /// The struct in that module.
    pub name: String,
    /// What was emitted.
    pub program: Program,
}

impl Build {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, relative to the package.
    #[must_use]
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.files.push(file.as_ref().to_path_buf());
        self
    }

    /// Sets the default of a model's argument: `set("Mlp.width", "128")`.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.set.push((key.into(), value.into()));
        self
    }

    /// Changes every program before it is emitted: a reduction, a miniature.
    #[must_use]
    pub fn rewrite(mut self, rewrite: impl Fn(&Program) -> Program + 'static) -> Self {
        self.rewrite = Some(Box::new(rewrite));
        self
    }

    /// Writes to this directory in place of `OUT_DIR`.
    #[must_use]
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_path_buf());
        self
    }

    /// Emits all models. An error in a file is printed with its place, and ends the build script.
    pub fn compile(self) -> Vec<Emitted> {
        self.try_compile().unwrap_or_else(|errors| {
            // Cargo shows what a failed script wrote here.
            eprint!("{errors}");
            std::process::exit(1)
        })
    }

    /// Emits all models, and tells Cargo what they depend on.
    ///
    /// # Errors
    ///
    /// The errors of all files as text, drawn with their places.
    pub fn try_compile(self) -> Result<Vec<Emitted>, String> {
        let Some(directory) = self.directory.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from)) else {
            return Err("error: OUT_DIR is not set: call this from a build script, or name a directory\n".to_string());
        };
        let (mut emitted, mut errors) = (Vec::new(), String::new());
        for file in &self.files {
            match self.emit(file, &directory) {
                Ok(models) => emitted.extend(models),
                Err(text) => errors.push_str(&text),
            }
        }
        if errors.is_empty() { Ok(emitted) } else { Err(errors) }
    }

    fn emit(&self, file: &Path, directory: &Path) -> Result<Vec<Emitted>, String> {
        println!("cargo:rerun-if-changed={}", file.display());
        let compiled = sym_compiler::compile(file, &self.settings);
        let sources = &compiled.sources;
        // The standard library is part of the program: it is no file.
        for (_, source) in sources.iter().filter(|(_, source)| Path::new(&source.name).is_file()) {
            println!("cargo:rerun-if-changed={}", source.name);
        }
        let (errors, others): (Vec<_>, Vec<_>) =
            compiled.document.diagnostics.iter().partition(|diagnostic| diagnostic.is_error());
        for other in others {
            println!("cargo:warning={}", short::diagnostic(sources, other).trim_end().replace('\n', " "));
        }
        if !errors.is_empty() {
            return Err(drawn(sources, errors));
        }
        let stem = file.file_stem().map_or_else(|| "models".to_string(), |stem| stem.to_string_lossy().into_owned());
        let path = directory.join(format!("{stem}.rs"));
        let (mut text, mut emitted) = (String::new(), Vec::new());
        for model in compiled.document.models.values() {
            let program = self.rewrite.as_ref().map_or_else(|| model.program.clone(), |rewrite| rewrite(&model.program));
            let module = sym_emit::file_stem(&program.name);
            let constants = format!("{stem}_{module}.safetensors");
            let found = sym_emit::rust(&program, &constants).map_err(|errors| drawn(sources, errors.iter().collect()))?;
            if let Some(bytes) = &found.constants {
                write(&directory.join(&constants), bytes)?;
            }
            let _ = write!(
                text,
                "/// The models of `{}`.\n#[allow(missing_docs, clippy::all, clippy::pedantic)]\npub mod {module} {{\n{}}}\n\n",
                file.display(),
                indented(&found.source)
            );
            emitted.push(Emitted { file: path.clone(), module, name: found.name, program });
        }
        write(&path, text.as_bytes())?;
        Ok(emitted)
    }
}

/// Diagnostics as a person reads them.
fn drawn(sources: &Sources, diagnostics: Vec<&sym_diagnostics::Diagnostic>) -> String {
    diagnostics.into_iter().map(|diagnostic| human::diagnostic(sources, diagnostic, Style::PLAIN) + "\n").collect()
}

fn indented(source: &str) -> String {
    source.lines().map(|line| if line.is_empty() { "\n".to_string() } else { format!("    {line}\n") }).collect()
}

/// Writes a file whose content is new: Cargo compiles again what is newer than its result.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if std::fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    std::fs::write(path, bytes).map_err(|error| format!("error: {} cannot be written: {error}\n", path.display()))
}

#[cfg(test)]
mod tests {
    use super::Build;

    fn build(text: &str) -> (tempfile::TempDir, Result<Vec<super::Emitted>, String>) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("nets.sym");
        std::fs::write(&file, text).expect("the file is written");
        let result = Build::new().file(&file).directory(directory.path()).set("Wide.width", "8").try_compile();
        (directory, result)
    }

    #[test]
    fn each_model_is_a_module_of_one_file() {
        let (directory, result) = build(
            "model Wide(width: int = 4) { input x[3]\n output linear(x, width, name: \"fc\") }\nmodel DeepNet { input x[3]\n output tanh(x) }",
        );
        let emitted = result.expect("the file is sound");
        let names: Vec<(&str, &str)> = emitted.iter().map(|model| (model.module.as_str(), model.name.as_str())).collect();
        assert_eq!(names, [("wide", "Wide"), ("deep_net", "DeepNet")]);
        let source = std::fs::read_to_string(directory.path().join("nets.rs")).expect("it is written");
        assert!(source.contains("pub mod wide {") && source.contains("pub mod deep_net {"));
        assert!(source.contains("uniform([8, 3]"), "the set width counts");
    }

    #[test]
    fn an_error_shows_its_place_in_the_file() {
        let (_directory, result) = build("model M {\n    input x[3]\n    output tanhh(x)\n}\n");
        let errors = result.expect_err("there is no such function");
        assert!(errors.contains("nets.sym:3:12") && errors.contains("output tanhh(x)") && errors.contains("E0201"), "{errors}");
    }

    #[test]
    fn constants_are_in_a_file_of_the_model() {
        let (directory, result) = build(
            "model Wide(width: int = 4) { input x[3]\n output linear(tanh(linear(x, width, name: \"fc\")), 2, name: \"head\") }\nmodel Free = Wide with { remove permutation by syre }",
        );
        assert_eq!(result.expect("the file is sound").len(), 2);
        assert!(directory.path().join("nets_free.safetensors").is_file());
        assert!(!directory.path().join("nets_wide.safetensors").exists());
    }
}
