//! The messages of the format that are of use here.

use super::wire::{self, Payload};
use crate::NumberType;
use crate::cursor::Cursor;
use crate::fault::Read;
use std::collections::BTreeMap;

/// The most nodes, and the most tensors, of a graph.
const MAX_PARTS: usize = 1 << 20;

/// How deep graphs may be nested in the attributes of nodes.
const MAX_DEPTH: usize = 16;

/// A graph of operations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// Its name.
    pub name: String,
    /// Its nodes, each behind those that it uses.
    pub nodes: Vec<Node>,
    /// What it is given, with shapes; initial tensors may be among it.
    pub inputs: Vec<ValueShape>,
    /// What it gives.
    pub outputs: Vec<ValueShape>,
    /// Shapes of values in between, where the file has them.
    pub values: Vec<ValueShape>,
    /// Which program wrote it.
    pub producer: String,
}

/// A node: one operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its name; exporters write the path of the module in it.
    pub name: String,
    /// The operation, such as `Conv`.
    pub operation: String,
    /// The values that it uses; an absent one is empty.
    pub inputs: Vec<String>,
    /// The values that it gives.
    pub outputs: Vec<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Attribute>,
}

/// An attribute of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Text.
    Text(String),
    /// A tensor, a graph or something else that has no meaning here.
    Other,
}

/// A value with its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueShape {
    /// The value's name.
    pub name: String,
    /// Its sizes where the file has them; the name of one that is not fixed.
    pub shape: Vec<Result<u64, String>>,
}

impl Node {
    /// An attribute that is a whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name) {
            Some(Attribute::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// An attribute that is a list of whole numbers.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name) {
            Some(Attribute::Ints(values)) => Some(values),
            _ => None,
        }
    }

    /// An attribute that is a number.
    pub fn float(&self, name: &str) -> Option<f32> {
        match self.attributes.get(name) {
            Some(Attribute::Float(value)) => Some(*value),
            _ => None,
        }
    }
}

/// A tensor as it lies in the file.
#[derive(Debug, Clone, Default)]
pub(super) struct RawTensor {
    pub name: String,
    pub shape: Vec<u64>,
    pub kind: u64,
    pub numbers: Numbers,
}

/// Where its numbers are.
#[derive(Debug, Clone, Default)]
pub(super) enum Numbers {
    #[default]
    None,
    /// As bytes, from here on.
    Raw { offset: u64, length: u64 },
    /// Whole numbers of variable length.
    Varints { offset: u64, length: u64 },
    /// One field a number.
    Scattered,
    /// In another file.
    External { location: String, offset: u64, length: Option<u64> },
}

impl RawTensor {
    /// Its type, or the name of one that is not read. `int32_data` holds numbers of 16 bits and less as well, floating-point ones by their bits.
    pub fn number(&self) -> Result<NumberType, String> {
        Ok(match self.kind {
            1 => NumberType::F32,
            2 => NumberType::U8,
            3 => NumberType::I8,
            4 => NumberType::U16,
            5 => NumberType::I16,
            6 => NumberType::I32,
            7 => NumberType::I64,
            9 => NumberType::Bool,
            10 => NumberType::F16,
            11 => NumberType::F64,
            12 => NumberType::U32,
            13 => NumberType::U64,
            16 => NumberType::Bf16,
            17 => NumberType::F8E4M3,
            19 => NumberType::F8E5M2,
            8 => return Err("text".to_string()),
            other => return Err(other.to_string()),
        })
    }
}

/// A `ModelProto`: its graph, and the tensors of the graph.
pub(super) fn model(cursor: &mut Cursor<'_>, length: u64) -> Read<(Graph, Vec<RawTensor>)> {
    let mut found = None;
    let mut producer = String::new();
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (2, Payload::Length(_)) => producer = wire::string(cursor, payload)?,
            (7, Payload::Length(length)) => found = Some(graph(cursor, length)?),
            _ => wire::pass(cursor, payload)?,
        }
        Ok(())
    })?;
    let (mut graph, tensors) = found.ok_or("it has no graph")?;
    graph.producer = producer;
    Ok((graph, tensors))
}

fn graph(cursor: &mut Cursor<'_>, length: u64) -> Read<(Graph, Vec<RawTensor>)> {
    let mut graph = Graph::default();
    let mut tensors = Vec::new();
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Length(length)) => {
                let (node, constant) = node(cursor, length)?;
                tensors.extend(constant);
                graph.nodes.push(node);
            }
            (2, Payload::Length(_)) => graph.name = wire::string(cursor, payload)?,
            (5, Payload::Length(length)) => tensors.push(tensor(cursor, length)?),
            (11, Payload::Length(length)) => graph.inputs.push(value(cursor, length)?),
            (12, Payload::Length(length)) => graph.outputs.push(value(cursor, length)?),
            (13, Payload::Length(length)) => graph.values.push(value(cursor, length)?),
            _ => wire::pass(cursor, payload)?,
        }
        if graph.nodes.len() > MAX_PARTS || tensors.len() > MAX_PARTS {
            return Err(format!("a graph of more than {MAX_PARTS} parts"));
        }
        Ok(())
    })?;
    Ok((graph, tensors))
}

/// A `NodeProto`, and the tensor of one that is a constant, under the name of what it gives.
fn node(cursor: &mut Cursor<'_>, length: u64) -> Read<(Node, Option<RawTensor>)> {
    let mut node = Node::default();
    let mut constant = None;
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Length(_)) => node.inputs.push(wire::string(cursor, payload)?),
            (2, Payload::Length(_)) => node.outputs.push(wire::string(cursor, payload)?),
            (3, Payload::Length(_)) => node.name = wire::string(cursor, payload)?,
            (4, Payload::Length(_)) => node.operation = wire::string(cursor, payload)?,
            (5, Payload::Length(length)) => {
                let (name, value, tensor) = attribute(cursor, length)?;
                if name == "value" {
                    constant = tensor;
                }
                node.attributes.insert(name, value);
            }
            _ => wire::pass(cursor, payload)?,
        }
        Ok(())
    })?;
    let constant = constant
        .filter(|_| node.operation == "Constant")
        .map(|tensor: RawTensor| RawTensor { name: node.outputs.first().cloned().unwrap_or_default(), ..tensor });
    Ok((node, constant))
}

fn attribute(cursor: &mut Cursor<'_>, length: u64) -> Read<(String, Attribute, Option<RawTensor>)> {
    let (mut name, mut value, mut found) = (String::new(), Attribute::Other, None);
    let mut ints = Vec::new();
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Length(_)) => name = wire::string(cursor, payload)?,
            (2, Payload::Fixed32(bits)) => value = Attribute::Float(f32::from_bits(bits)),
            (3, Payload::Varint(bits)) => value = Attribute::Int(bits as i64),
            (4, Payload::Length(length)) if length <= 4096 => value = Attribute::Text(wire::string(cursor, payload)?),
            (5, Payload::Length(length)) => found = Some(tensor(cursor, length)?),
            (8, Payload::Varint(bits)) => ints.push(bits as i64),
            (8, Payload::Length(length)) => {
                let outer = cursor.narrow(length)?;
                while !cursor.is_at_end() {
                    ints.push(wire::varint(cursor)? as i64);
                }
                cursor.widen(outer);
            }
            _ => wire::pass(cursor, payload)?,
        }
        Ok(())
    })?;
    if !ints.is_empty() {
        value = Attribute::Ints(ints);
    }
    Ok((name, value, found))
}

/// A `TensorProto`.
fn tensor(cursor: &mut Cursor<'_>, length: u64) -> Read<RawTensor> {
    let mut tensor = RawTensor::default();
    let mut external = BTreeMap::new();
    let mut elsewhere = false;
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Varint(size)) => tensor.shape.push(size),
            (1, Payload::Length(length)) => {
                let outer = cursor.narrow(length)?;
                while !cursor.is_at_end() {
                    tensor.shape.push(wire::varint(cursor)?);
                }
                cursor.widen(outer);
            }
            (2, Payload::Varint(kind)) => tensor.kind = kind,
            (8, Payload::Length(_)) => tensor.name = wire::string(cursor, payload)?,
            (13, Payload::Length(length)) => {
                let (key, value) = entry(cursor, length)?;
                external.insert(key, value);
            }
            (14, Payload::Varint(place)) => elsewhere = place == 1,
            // float_data, raw_data and double_data lie in the file as they are in memory.
            (4 | 9 | 10, Payload::Length(length)) => {
                tensor.numbers = Numbers::Raw { offset: cursor.position(), length };
                cursor.skip(length)?;
            }
            (5 | 7 | 11, Payload::Length(length)) => {
                tensor.numbers = Numbers::Varints { offset: cursor.position(), length };
                cursor.skip(length)?;
            }
            (4 | 5 | 7 | 10 | 11, _) => tensor.numbers = Numbers::Scattered,
            _ => wire::pass(cursor, payload)?,
        }
        if tensor.shape.len() > 64 {
            return Err("a tensor of more than 64 axes".to_string());
        }
        Ok(())
    })?;
    if elsewhere {
        let number = |key: &str| external.get(key).and_then(|text: &String| text.parse::<u64>().ok());
        tensor.numbers = Numbers::External {
            location: external.get("location").cloned().unwrap_or_default(),
            offset: number("offset").unwrap_or(0),
            length: number("length"),
        };
    }
    Ok(tensor)
}

fn entry(cursor: &mut Cursor<'_>, length: u64) -> Read<(String, String)> {
    let (mut key, mut value) = (String::new(), String::new());
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Length(_)) => key = wire::string(cursor, payload)?,
            (2, Payload::Length(_)) => value = wire::string(cursor, payload)?,
            _ => wire::pass(cursor, payload)?,
        }
        Ok(())
    })?;
    Ok((key, value))
}

/// A `ValueInfoProto`: a name, and through `type`, `tensor_type` and `shape` the sizes.
fn value(cursor: &mut Cursor<'_>, length: u64) -> Read<ValueShape> {
    let mut found = ValueShape { name: String::new(), shape: Vec::new() };
    wire::message(cursor, length, &mut |cursor, number, payload| {
        match (number, payload) {
            (1, Payload::Length(_)) => found.name = wire::string(cursor, payload)?,
            (2, Payload::Length(length)) => sizes(cursor, length, &[1, 2, 1], &mut found.shape, 0)?,
            _ => wire::pass(cursor, payload)?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// Follows the fields of `path` and reads the dimensions at its end.
fn sizes(cursor: &mut Cursor<'_>, length: u64, path: &[u64], shape: &mut Vec<Result<u64, String>>, depth: usize) -> Read<()> {
    if depth > MAX_DEPTH {
        return Err("a shape within a shape".to_string());
    }
    let Some((first, rest)) = path.split_first() else {
        let mut size = Err(String::new());
        wire::message(cursor, length, &mut |cursor, number, payload| {
            match (number, payload) {
                (1, Payload::Varint(value)) => size = Ok(value),
                (2, Payload::Length(_)) => size = Err(wire::string(cursor, payload)?),
                _ => wire::pass(cursor, payload)?,
            }
            Ok(())
        })?;
        if shape.len() >= 64 {
            return Err("a value of more than 64 axes".to_string());
        }
        shape.push(size);
        return Ok(());
    };
    wire::message(cursor, length, &mut |cursor, number, payload| match payload {
        Payload::Length(length) if number == *first => sizes(cursor, length, rest, shape, depth + 1),
        _ => wire::pass(cursor, payload),
    })
}
