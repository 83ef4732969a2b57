//! `torch.save` before version 1.6: five pickles (a magic number, a version, the machine, the object, the keys of its arrays in order), then
//! for each key the number of its entries in eight bytes and the entries.

use super::pickle::{Machine, Node, Value};
use super::{Array, flatten};
use crate::archive::{Tensor, Unread};
use crate::cursor::Cursor;
use crate::fault::{Read, truncated};
use crate::place::Data;
use crate::source::Source;
use std::collections::HashMap;

const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

const VERSION: i128 = 1001;

/// Whether these first bytes can be those of such a file: those of a pickle.
pub(crate) fn begins(first: &[u8]) -> bool {
    matches!(first, [0x80, 2..=5, ..])
}

/// The tensors of such a file.
pub(crate) fn tensors(source: &mut Source, unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let end = source.length();
    let mut machine = Machine::default();
    let mut cursor = Cursor::new(source, 0);
    if machine.run(&mut cursor)? != Value::Int(MAGIC) {
        return Err("it is a pickle, but not one of `torch.save`".to_string());
    }
    if machine.run(&mut cursor)? != Value::Int(VERSION) {
        return Err("it is of an unknown version".to_string());
    }
    let about = machine.run(&mut cursor)?;
    let swapped = is_big_endian(&machine, &about);
    let top = machine.run(&mut cursor)?;
    let mut widths: HashMap<String, u64> = HashMap::new();
    for node in &machine.nodes {
        if let Node::Storage(storage) = node
            && let Some(Ok(number)) = &storage.number
        {
            widths.insert(storage.key.clone(), number.width());
        }
    }
    let keys = machine.run(&mut cursor)?;
    let Some(Node::List(keys)) = machine.of(&keys) else { return Err("it does not list its arrays".to_string()) };
    let mut arrays: HashMap<String, Array> = HashMap::new();
    for key in keys {
        let Value::Text(key) = key else { return Err("an array without a key".to_string()) };
        let width = *widths.get(&**key).ok_or_else(|| format!("the array `{key}` is of an unknown type"))?;
        let count = cursor.array().map(u64::from_le_bytes)?;
        let length = count.checked_mul(width).ok_or_else(truncated)?;
        let offset = cursor.position();
        if offset.checked_add(length).is_none_or(|past| past > end) {
            return Err(truncated());
        }
        cursor.skip(length)?;
        arrays.insert(key.to_string(), Array { data: Data::Plain { offset }, length, swapped });
    }
    flatten(&machine, &top, &|key| arrays.get(key).copied(), unread)
}

fn is_big_endian(machine: &Machine, about: &Value) -> bool {
    let Some(Node::Dict(entries)) = machine.of(about) else { return false };
    let order = |(key, value): &(Value, Value)| {
        matches!(key, Value::Text(key) if &**key == "little_endian") && *value == Value::Bool(false)
    };
    entries.iter().any(order)
}
