//! safetensors: a header of names, types, shapes and ranges in JSON, and the numbers behind it.
//!
//! The format's own crate reads the header; which range of the file a tensor has is held against the file's length here, so that the numbers
//! themselves are only read when they are asked for.

use crate::NumberType;
use crate::archive::{Tensor, Unread};
use crate::fault::{Read, truncated};
use crate::place::Place;
use crate::source::Source;
use safetensors::Dtype;
use safetensors::tensor::Metadata;

/// The longest header that the format allows.
const MAX_HEADER: u64 = 100_000_000;

/// Whether these first bytes are those of such a file.
pub(crate) fn begins(first: &[u8]) -> bool {
    first.first_chunk::<8>().is_some_and(|length| u64::from_le_bytes(*length) <= MAX_HEADER) && first.get(8) == Some(&b'{')
}

/// The tensors of a file.
pub(crate) fn tensors(source: &mut Source, at: usize, unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let mut length = [0; 8];
    source.fill(0, &mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(format!("a header of {length} bytes, where {MAX_HEADER} are the most"));
    }
    let header = source.range(8, length)?;
    let header: Metadata = serde_json::from_slice(&header).map_err(|error| format!("its header is no valid JSON: {error}"))?;
    let start = 8 + length;
    let room = source.length() - start;
    let mut tensors = Vec::new();
    for name in header.offset_keys() {
        let Some(info) = header.info(&name) else { continue };
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        if from > to || to > room {
            return Err(format!("`{name}` at bytes {from} to {to} of {room}"));
        }
        let shape: Vec<u64> = info.shape.iter().map(|&size| size as u64).collect();
        let Some(number) = number(info.dtype) else {
            unread.push(Unread { name, reason: format!("numbers of type {:?}", info.dtype) });
            continue;
        };
        let place = Place::plain(at, start.checked_add(from).ok_or_else(truncated)?, to - from, number, &shape)
            .map_err(|problem| format!("`{name}`: {problem}"))?;
        if place.count * number.width() != to - from {
            return Err(format!("`{name}` of shape {shape:?} in {} bytes", to - from));
        }
        tensors.push(Tensor { name, number, shape, place, alias: None });
    }
    Ok(tensors)
}

fn number(dtype: Dtype) -> Option<NumberType> {
    Some(match dtype {
        Dtype::F64 => NumberType::F64,
        Dtype::F32 => NumberType::F32,
        Dtype::F16 => NumberType::F16,
        Dtype::BF16 => NumberType::Bf16,
        Dtype::F8_E4M3 => NumberType::F8E4M3,
        Dtype::F8_E5M2 => NumberType::F8E5M2,
        Dtype::I64 => NumberType::I64,
        Dtype::I32 => NumberType::I32,
        Dtype::I16 => NumberType::I16,
        Dtype::I8 => NumberType::I8,
        Dtype::U64 => NumberType::U64,
        Dtype::U32 => NumberType::U32,
        Dtype::U16 => NumberType::U16,
        Dtype::U8 => NumberType::U8,
        Dtype::BOOL => NumberType::Bool,
        _ => return None,
    })
}
