//! ONNX: a graph of nodes with the tensors that it starts from (`onnx.proto3`, version 1.17 of the format).
//!
//! Messages are walked through where they lie; numbers stay in the file until they are asked for.

mod message;
mod modules;
pub(crate) mod wire;

pub use message::{Attribute, Graph, Node, ValueShape};

use crate::archive::{Tensor, Unread};
use crate::cursor::Cursor;
use crate::fault::Read;
use crate::place::{Data, Place, entries, row_major};
use crate::source::Source;
use message::{Numbers, RawTensor};
use std::path::{Component, Path};

/// What a file holds.
pub(crate) struct Contents {
    pub tensors: Vec<Tensor>,
    pub graph: Graph,
    /// Files beside it that hold numbers.
    pub sources: Vec<Source>,
}

/// Whether these first bytes can be those of such a file: the version of the format comes first.
pub(crate) fn begins(first: &[u8]) -> bool {
    matches!(first, [0x08, 1..=127, ..])
}

/// The initial tensors and constants of a file with its graph; `beside` is the folder of files that numbers may be in.
pub(crate) fn read(source: &mut Source, beside: Option<&Path>, unread: &mut Vec<Unread>) -> Read<Contents> {
    let length = source.length();
    let (mut graph, raw) = message::model(&mut Cursor::new(source, 0), length)?;
    let mut external: Vec<(String, Source)> = Vec::new();
    let mut tensors = Vec::new();
    for raw in raw {
        match place(&raw, beside, &mut external) {
            Ok(Ok(tensor)) => tensors.push(tensor),
            Ok(Err(reason)) => unread.push(Unread { name: raw.name, reason }),
            Err(problem) => return Err(format!("`{}`: {problem}", raw.name)),
        }
    }
    modules::name(&mut graph, &mut tensors);
    Ok(Contents { tensors, graph, sources: external.into_iter().map(|(_, source)| source).collect() })
}

/// A tensor, or the words for one whose numbers are not read.
fn place(raw: &RawTensor, beside: Option<&Path>, external: &mut Vec<(String, Source)>) -> Read<Result<Tensor, String>> {
    let number = match raw.number() {
        Ok(number) => number,
        Err(kind) => return Ok(Err(format!("values of type {kind}"))),
    };
    let shape = raw.shape.clone();
    let place = match &raw.numbers {
        Numbers::None if entries(&shape) == Some(0) => Place::plain(0, 0, 0, number, &shape)?,
        Numbers::None => return Err("it has no numbers".to_string()),
        Numbers::Raw { offset, length } => Place::plain(0, *offset, *length, number, &shape)?,
        Numbers::Varints { offset, length } => {
            let count = entries(&shape).ok_or_else(|| format!("a tensor of shape {shape:?} is beyond counting"))?;
            if count > *length {
                return Err(format!("{count} numbers in {length} bytes"));
            }
            let data = Data::Varints { offset: *offset, length: *length };
            Place { source: 0, data, count, swapped: false, first: 0, strides: row_major(&shape) }
        }
        Numbers::Scattered => return Ok(Err("numbers that are not packed".to_string())),
        Numbers::External { location, offset, length } => {
            let plain = Path::new(location).components().all(|part| matches!(part, Component::Normal(_)));
            if !plain || location.is_empty() {
                return Err(format!("its numbers are in `{location}`, which is no file beside it"));
            }
            let beside = beside.ok_or_else(|| format!("its numbers are in `{location}`"))?;
            let at = if let Some(at) = external.iter().position(|(name, _)| name == location) {
                at
            } else {
                let opened = Source::open(&beside.join(location)).map_err(|problem| problem.message)?;
                external.push((location.clone(), opened));
                external.len() - 1
            };
            let room =
                external[at].1.length().checked_sub(*offset).ok_or_else(|| format!("`{location}` ends before its numbers"))?;
            let length = length.unwrap_or(room);
            if length > room {
                return Err(format!("`{location}` ends before its numbers"));
            }
            Place::plain(at + 1, *offset, length, number, &shape)?
        }
    };
    Ok(Ok(Tensor { name: raw.name.clone(), number, shape, place, alias: None }))
}
