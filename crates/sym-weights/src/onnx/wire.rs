//! The wire format of protocol buffers: numbered fields of four kinds.

use crate::cursor::Cursor;
use crate::fault::Read;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// A number of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// So many bytes, which the cursor stands before.
    Length(u64),
    /// Four bytes.
    Fixed32(u32),
}

/// A number of variable length: seven bits a byte, the last without the eighth.
pub(crate) fn varint(cursor: &mut Cursor<'_>) -> Read<u64> {
    let mut value = 0u64;
    for at in 0..10 {
        let byte = cursor.byte()?;
        let bits = u64::from(byte & 0x7f);
        if at == 9 && bits > 1 {
            break;
        }
        value |= bits << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number of more than 64 bits".to_string())
}

/// The next field's number with what it holds; `None` at the end.
pub(crate) fn field(cursor: &mut Cursor<'_>) -> Read<Option<(u64, Payload)>> {
    if cursor.is_at_end() {
        return Ok(None);
    }
    let tag = varint(cursor)?;
    let payload = match tag & 7 {
        0 => Payload::Varint(varint(cursor)?),
        1 => Payload::Fixed64(u64::from_le_bytes(cursor.array()?)),
        2 => Payload::Length(varint(cursor)?),
        5 => Payload::Fixed32(u32::from_le_bytes(cursor.array()?)),
        _ => return Err("it has a field of an unknown kind".to_string()),
    };
    if tag >> 3 == 0 {
        return Err("it has a field without a number".to_string());
    }
    Ok(Some((tag >> 3, payload)))
}

/// Moves over what a field holds.
pub(crate) fn pass(cursor: &mut Cursor<'_>, payload: Payload) -> Read<()> {
    match payload {
        Payload::Length(length) => cursor.skip(length),
        Payload::Varint(_) | Payload::Fixed64(_) | Payload::Fixed32(_) => Ok(()),
    }
}

/// Calls `each` for the fields of a message of so many bytes, which must move over what it is given.
pub(crate) fn message(
    cursor: &mut Cursor<'_>,
    length: u64,
    each: &mut dyn FnMut(&mut Cursor<'_>, u64, Payload) -> Read<()>,
) -> Read<()> {
    let outer = cursor.narrow(length)?;
    while let Some((number, payload)) = field(cursor)? {
        each(cursor, number, payload)?;
    }
    cursor.widen(outer);
    Ok(())
}

/// The longest string that is kept.
const MAX_STRING: u64 = 1 << 20;

/// A string of so many bytes.
pub(crate) fn string(cursor: &mut Cursor<'_>, payload: Payload) -> Read<String> {
    match payload {
        Payload::Length(length) if length <= MAX_STRING => Ok(String::from_utf8_lossy(&cursor.bytes(length)?).into_owned()),
        Payload::Length(length) => Err(format!("a name of {length} bytes")),
        _ => Err("a name that is a number".to_string()),
    }
}
