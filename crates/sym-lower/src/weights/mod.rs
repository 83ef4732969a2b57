//! Weights outside of a module: their sizes, layouts and files.

mod number;
mod packed;
mod pytorch;
mod safetensors;
mod stored;

pub use packed::Packed;
pub use pytorch::load_pytorch;
pub use safetensors::{from_safetensors, load_safetensors, save_safetensors, to_safetensors};
pub use stored::{Stored, from_state_dict, from_state_dict_partly, to_state_dict};

use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::Weights;
use sym_ir::Program;

/// Whether there is one value an entry of every parameter.
///
/// # Errors
///
/// One E0607 for each parameter that differs.
pub fn check_sizes(program: &Program, weights: &Weights) -> Result<(), Vec<Diagnostic>> {
    if weights.values.len() != program.parameters.len() {
        let message =
            format!("weights of {} tensors for `{}`, which has {}", weights.values.len(), program.name, program.parameters.len());
        return Err(vec![Diagnostic::without_span(Code::E0607, message)]);
    }
    let differing = program.parameters.iter().zip(&weights.values).filter_map(|(parameter, values)| {
        let entries = parameter.entries();
        (entries != Some(values.len() as u128)).then(|| {
            let expected = entries.map_or_else(|| "more".to_string(), |entries| entries.to_string());
            Diagnostic::new(
                Code::E0607,
                parameter.span,
                format!("`{}` has {expected} entries, not {}", parameter.path, values.len()),
            )
            .found(format!("{} entries", values.len()))
            .expected(format!("{expected} entries"))
        })
    });
    let diagnostics: Vec<Diagnostic> = differing.collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

/// Reads the weights of a program from a safetensors file or, by its ending `.pt`, `.pth` or `.bin`, from one of `PyTorch`.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for tensors that do not fit the program.
pub fn load(path: &Path, program: &Program) -> Result<Weights, Diagnostic> {
    from_state_dict(program, &load_state_dict(path)?, &path.display().to_string())
}

/// All tensors of a file of either kind under their stored names, sorted by name.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for numbers that are not floating-point.
pub fn load_state_dict(path: &Path) -> Result<Vec<Stored>, Diagnostic> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("pt" | "pth" | "bin") => pytorch::tensors(path),
        _ => safetensors::tensors(&read(path)?, &path.display().to_string()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    std::fs::read(path).map_err(|error| missing(path, &error))
}

fn missing(path: &Path, error: &std::io::Error) -> Diagnostic {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::without_span(Code::E0601, format!("the weights `{}` cannot be read: {reason}", path.display()))
        .help("a file of weights is a safetensors file, or one of PyTorch that ends in `.pt`, `.pth` or `.bin`")
}

fn damaged(source: &str, format: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::without_span(Code::E0602, format!("`{source}` is no readable {format} file: {error}"))
}

fn unsupported(source: &str, name: &str, dtype: &str) -> Diagnostic {
    Diagnostic::without_span(Code::E0607, format!("`{name}` in `{source}` has numbers of type {dtype}"))
        .found(dtype)
        .expected("floating-point numbers of 16, 32 or 64 bits")
}
