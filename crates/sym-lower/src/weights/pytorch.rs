//! Weights in files of `torch.save`.

use super::number::NumberType;
use super::stored::{Stored, from_state_dict};
use super::{damaged, missing};
use burn_store::pytorch_reader::{DType, PytorchReader};
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;

/// Reads the weights of a program from a state dict saved by `PyTorch`, alone or under the key `state_dict`.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one, E0607 for tensors that do not fit the program.
pub fn load_pytorch(path: &Path, program: &Program) -> Result<Weights, Diagnostic> {
    from_state_dict(program, &tensors(path)?, &path.display().to_string())
}

/// The tensors of such a file, by name, without those of whole numbers.
///
/// # Errors
///
/// E0601 for a missing file, E0602 for a damaged one.
pub(super) fn tensors(path: &Path) -> Result<Vec<Stored>, Diagnostic> {
    let source = path.display().to_string();
    if !path.is_file() {
        // The reader itself does not say which file is meant.
        let reason = if path.exists() { std::io::ErrorKind::IsADirectory } else { std::io::ErrorKind::NotFound };
        return Err(missing(path, &reason.into()));
    }
    let reader = PytorchReader::new(path).map_err(|error| damaged(&source, "PyTorch", &error))?;
    let prefix = if reader.keys().iter().all(|key| key.starts_with(NESTED)) { NESTED } else { "" };
    let mut tensors = Vec::new();
    for (name, tensor) in reader.tensors() {
        let number = match tensor.dtype() {
            DType::F64 => NumberType::F64,
            DType::F32 => NumberType::F32,
            DType::F16 => NumberType::F16,
            DType::BF16 => NumberType::BF16,
            // Counters and masks, such as `num_batches_tracked`: no parameter is one.
            DType::I64 | DType::I32 | DType::I16 | DType::I8 | DType::U64 | DType::U32 | DType::U16 | DType::U8 | DType::Bool => {
                continue;
            }
        };
        // The reader gives native order, and the only supported machines are little-endian.
        let bytes = tensor.read().map_err(|error| damaged(&source, "PyTorch", &error))?;
        let name = name.strip_prefix(prefix).unwrap_or(name).to_string();
        tensors.push(Stored { name, shape: tensor.shape().to_vec(), values: number.widen(&bytes) });
    }
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tensors)
}

/// What precedes every name where training scripts save the state dict among other things.
const NESTED: &str = "state_dict.";
