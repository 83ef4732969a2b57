//! NumPy's arrays (`.npy`), alone or many of them in a zip file (`.npz`).
//!
//! The header is a Python dictionary of three entries; only such a dictionary is understood (NEP 1).

use crate::NumberType;
use crate::archive::{Tensor, Unread};
use crate::fault::{Read, truncated};
use crate::place::{Data, Place, entries, row_major};
use crate::source::Source;
use crate::zipped::Member;

/// What such a file begins with.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header.
const MAX_HEADER: u64 = 1 << 16;

/// What a header says.
struct Header {
    /// Its type, or the words for one that is not read.
    number: Result<(NumberType, bool), String>,
    by_columns: bool,
    shape: Vec<u64>,
    /// Where the numbers begin.
    length: u64,
}

/// The tensor of a file, under the name `array`.
pub(crate) fn tensor(source: &mut Source, at: usize, unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let first = source.range(0, source.length().min(MAX_HEADER))?;
    let header = header(&first)?;
    let room = source.length().saturating_sub(header.length);
    let data = Data::Plain { offset: header.length };
    Ok(built("array".to_string(), header, at, data, Some(room), unread)?.into_iter().collect())
}

/// The tensors of the members of a zip file, under their names.
pub(crate) fn tensors(source: &mut Source, at: usize, members: &[Member], unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let mut tensors = Vec::new();
    for member in members {
        let Some(name) = member.name.strip_suffix(".npy") else { continue };
        let first = member.start(source, MAX_HEADER)?;
        let header = header(&first).map_err(|problem| format!("`{name}`: {problem}"))?;
        let room = (!member.deflated).then(|| member.length.saturating_sub(header.length));
        let data = member.data(header.length);
        tensors.extend(built(name.to_string(), header, at, data, room, unread)?);
    }
    Ok(tensors)
}

/// A tensor whose numbers have so much room, where that is known: what is packed shows it when it is read.
fn built(
    name: String,
    header: Header,
    source: usize,
    data: Data,
    room: Option<u64>,
    unread: &mut Vec<Unread>,
) -> Read<Option<Tensor>> {
    let (number, swapped) = match header.number {
        Ok(found) => found,
        Err(reason) => {
            unread.push(Unread { name, reason });
            return Ok(None);
        }
    };
    let shape = header.shape;
    let count = entries(&shape).ok_or_else(|| format!("`{name}` of shape {shape:?} is beyond counting"))?;
    let needed = count.checked_mul(number.width()).ok_or_else(truncated)?;
    if let Some(room) = room.filter(|room| *room < needed) {
        return Err(format!("`{name}` of shape {shape:?} needs {needed} bytes and has {room}"));
    }
    let strides = if header.by_columns {
        let mut turned = shape.clone();
        turned.reverse();
        let mut strides = row_major(&turned);
        strides.reverse();
        strides
    } else {
        row_major(&shape)
    };
    Ok(Some(Tensor { name, number, place: Place { source, data, count, swapped, first: 0, strides }, shape, alias: None }))
}

fn header(bytes: &[u8]) -> Read<Header> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as one")?;
    let (version, rest) = rest.split_at_checked(2).ok_or_else(truncated)?;
    let (length, before, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        (u64::from(u16::from_le_bytes(*length)), 10, rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        (u64::from(u32::from_le_bytes(*length)), 12, rest)
    };
    if length > MAX_HEADER {
        return Err(format!("a header of {length} bytes, where {MAX_HEADER} are the most"));
    }
    let text = rest.get(..length as usize).ok_or_else(truncated)?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is no text")?;
    let descr = value(text, "descr").ok_or("its header has no `descr`")?;
    let order = value(text, "fortran_order").ok_or("its header has no `fortran_order`")?;
    let shape = value(text, "shape").ok_or("its header has no `shape`")?;
    let shape = shape.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or("its `shape` is no tuple")?.0;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Result<Vec<u64>, _> = sizes.map(|size| size.trim_end_matches('L').parse::<u64>()).collect();
    Ok(Header {
        number: number(descr),
        by_columns: order.starts_with("True"),
        shape: shape.map_err(|_| "its `shape` has an entry that is no size")?,
        length: before + length,
    })
}

/// What stands behind `'KEY':` in a header.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let behind = quoted.iter().find_map(|quoted| text.split_once(quoted.as_str()))?.1;
    Some(behind.trim_start().strip_prefix(':')?.trim_start())
}

/// The type that a header names, and whether its bytes are in the other order.
fn number(descr: &str) -> Result<(NumberType, bool), String> {
    let quote = descr.chars().next().filter(|&mark| mark == '\'' || mark == '"');
    let name = quote.and_then(|quote| descr[1..].split_once(quote)).map(|(name, _)| name);
    let name = name.ok_or_else(|| "several fields an entry".to_string())?;
    let (order, kind) = match name.chars().next() {
        Some('<' | '|' | '=') => (false, &name[1..]),
        Some('>') => (true, &name[1..]),
        _ => (false, name),
    };
    let number = match kind {
        "f8" => NumberType::F64,
        "f4" => NumberType::F32,
        "f2" => NumberType::F16,
        "i8" => NumberType::I64,
        "i4" => NumberType::I32,
        "i2" => NumberType::I16,
        "i1" => NumberType::I8,
        "u8" => NumberType::U64,
        "u4" => NumberType::U32,
        "u2" => NumberType::U16,
        "u1" => NumberType::U8,
        "b1" => NumberType::Bool,
        _ => return Err(format!("numbers of type `{name}`")),
    };
    Ok((number, order))
}
