//! Weights in safetensors files.

use super::Packed;
use super::number::NumberType;
use super::stored::{Stored, from_state_dict, to_state_dict};
use super::{damaged, read, unsupported};
use burn::tensor::DType;
use safetensors::{Dtype, SafeTensors};
use std::io::Write;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::Weights;
use sym_ir::Program;

/// Writes weights under their stored names and layouts, in single precision where `dtype` says so and in double precision otherwise. The
/// file appears whole or not at all: it is written beside its place and then moved there.
///
/// # Errors
///
/// E0603 where the file cannot be written.
pub fn save_safetensors(path: &Path, program: &Program, weights: &Weights, dtype: DType) -> Result<(), Diagnostic> {
    write_whole(path, &to_safetensors(program, weights, dtype)).map_err(|error| {
        Diagnostic::without_span(Code::E0603, format!("`{}` cannot be written: {error}", path.display()))
            .help("choose a directory that exists and can be written to")
    })
}

/// The content of such a file.
pub fn to_safetensors(program: &Program, weights: &Weights, dtype: DType) -> Vec<u8> {
    let tensors = to_state_dict(program, weights);
    let packed = tensors
        .iter()
        .map(|Stored { name, shape, values }| (name, Packed { values, shape: shape.clone(), single: dtype == DType::F32 }));
    safetensors::serialize(packed, None).expect("a header of names and shapes can be written")
}

/// Reads the weights of a program from a safetensors file; numbers of other floating-point types are converted.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for tensors that do not fit the program.
pub fn load_safetensors(path: &Path, program: &Program) -> Result<Weights, Diagnostic> {
    from_safetensors(&read(path)?, program, &path.display().to_string())
}

/// Reads the content of such a file; `source` is its name for messages.
///
/// # Errors
///
/// E0602 for damaged content, E0607 for tensors that do not fit the program.
pub fn from_safetensors(bytes: &[u8], program: &Program, source: &str) -> Result<Weights, Diagnostic> {
    from_state_dict(program, &tensors(bytes, source)?, source)
}

/// The tensors that such a file holds, by name, without those of whole numbers.
///
/// # Errors
///
/// E0602 for damaged content, E0607 for numbers that are not floating-point.
pub(super) fn tensors(bytes: &[u8], source: &str) -> Result<Vec<Stored>, Diagnostic> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(source, "safetensors", &error))?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let number = match view.dtype() {
            Dtype::F64 => NumberType::F64,
            Dtype::F32 => NumberType::F32,
            Dtype::F16 => NumberType::F16,
            Dtype::BF16 => NumberType::BF16,
            // Counters and masks of published models, such as `num_batches_tracked`: no parameter is one.
            Dtype::I64 | Dtype::I32 | Dtype::I16 | Dtype::I8 | Dtype::U64 | Dtype::U32 | Dtype::U16 | Dtype::U8 | Dtype::BOOL => {
                continue;
            }
            other => return Err(unsupported(source, &name, &format!("{other:?}"))),
        };
        tensors.push(Stored { name, shape: view.shape().to_vec(), values: number.widen(view.data()) });
    }
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tensors)
}

/// Writes beside the path and moves the result there.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?.to_os_string();
    name.push(format!(".{}.partial", std::process::id()));
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&beside, path));
    if moved.is_err() {
        // What is left of a failed attempt is of no use; that it cannot be removed either adds nothing to the error at hand.
        let _ = std::fs::remove_file(&beside);
    }
    moved
}
