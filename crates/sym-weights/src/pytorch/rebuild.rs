//! The functions of PyTorch that describe tensors in pickles.

use super::pickle::{Machine, Node, Value};
use crate::NumberType;
use crate::fault::Read;

/// An array beside the pickle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    /// Its key.
    pub key: String,
    /// The type of its numbers where it says so, or the name of one that is not known. An array of bytes gets it from each tensor.
    pub number: Option<Result<NumberType, String>>,
    /// How many numbers it says it has.
    pub count: u64,
}

/// A tensor as a view of an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rebuilt {
    pub key: String,
    pub number: Result<NumberType, String>,
    /// The place of the first entry in the array.
    pub first: u64,
    pub shape: Vec<u64>,
    pub strides: Vec<u64>,
}

/// What a call makes.
pub(super) enum Made {
    Node(Node),
    /// One of its arguments.
    Value(Value),
}

/// The array that a reference `('storage', type, key, place, count, …)` names.
pub(super) fn storage(machine: &Machine, reference: &Value) -> Option<Storage> {
    let Node::Tuple(parts) = machine.of(reference)? else { return None };
    let [Value::Text(kind), class, key, _, Value::Int(count), ..] = parts.as_slice() else { return None };
    if &**kind != "storage" {
        return None;
    }
    let Node::Global { name, .. } = machine.of(class)? else { return None };
    let key = match key {
        Value::Text(key) => key.to_string(),
        Value::Int(key) => key.to_string(),
        _ => return None,
    };
    let kind = name.strip_suffix("Storage").unwrap_or(name);
    let number = match kind {
        "Double" => Ok(NumberType::F64),
        "Float" => Ok(NumberType::F32),
        "Half" => Ok(NumberType::F16),
        "BFloat16" => Ok(NumberType::Bf16),
        "Long" => Ok(NumberType::I64),
        "Int" => Ok(NumberType::I32),
        "Short" => Ok(NumberType::I16),
        "Char" => Ok(NumberType::I8),
        "Byte" => Ok(NumberType::U8),
        "Bool" => Ok(NumberType::Bool),
        _ => Err(kind.to_string()),
    };
    let number = if kind == "Untyped" { None } else { Some(number) };
    Some(Storage { key, number, count: u64::try_from(*count).ok()? })
}

/// The type of a `torch.dtype`.
fn dtype(name: &str) -> Result<NumberType, String> {
    match name {
        "float64" | "double" => Ok(NumberType::F64),
        "float32" | "float" => Ok(NumberType::F32),
        "float16" | "half" => Ok(NumberType::F16),
        "bfloat16" => Ok(NumberType::Bf16),
        "float8_e4m3fn" => Ok(NumberType::F8E4M3),
        "float8_e5m2" => Ok(NumberType::F8E5M2),
        "int64" | "long" => Ok(NumberType::I64),
        "int32" | "int" => Ok(NumberType::I32),
        "int16" | "short" => Ok(NumberType::I16),
        "int8" => Ok(NumberType::I8),
        "uint64" => Ok(NumberType::U64),
        "uint32" => Ok(NumberType::U32),
        "uint16" => Ok(NumberType::U16),
        "uint8" => Ok(NumberType::U8),
        "bool" => Ok(NumberType::Bool),
        other => Err(other.to_string()),
    }
}

/// What a call of a known function makes; `None` for any other, which stays a name.
pub(super) fn call(machine: &Machine, function: &Value, arguments: &Value) -> Read<Option<Made>> {
    let Some(Node::Global { module, name }) = machine.of(function) else { return Ok(None) };
    let Some(Node::Tuple(arguments)) = machine.of(arguments) else { return Ok(None) };
    match (&**module, &**name) {
        ("collections", "OrderedDict") => Ok(Some(Made::Node(Node::Dict(entries(machine, arguments.first()))))),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => {
            tensor(machine, arguments).map(|rebuilt| Some(Made::Node(Node::Tensor(rebuilt))))
        }
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Ok(arguments.first().cloned().map(Made::Value))
        }
        ("torch", "Size") => Ok(arguments.first().cloned().map(Made::Value)),
        _ => Ok(None),
    }
}

/// The entries of a list of pairs.
fn entries(machine: &Machine, list: Option<&Value>) -> Vec<(Value, Value)> {
    let Some(Node::List(pairs) | Node::Tuple(pairs)) = list.and_then(|list| machine.of(list)) else { return Vec::new() };
    let pair = |pair: &Value| match machine.of(pair) {
        Some(Node::Tuple(pair) | Node::List(pair)) if pair.len() == 2 => Some((pair[0].clone(), pair[1].clone())),
        _ => None,
    };
    pairs.iter().filter_map(pair).collect()
}

fn sizes(machine: &Machine, value: &Value) -> Option<Vec<u64>> {
    let Some(Node::Tuple(values) | Node::List(values)) = machine.of(value) else { return None };
    let size = |value: &Value| match value {
        Value::Int(size) => u64::try_from(*size).ok(),
        _ => None,
    };
    values.iter().map(size).collect()
}

/// `(storage, offset, size, stride, …)`, for an array of bytes with the type as the seventh.
fn tensor(machine: &Machine, arguments: &[Value]) -> Read<Rebuilt> {
    let bad = || "a tensor without an array, sizes and steps".to_string();
    let [array, Value::Int(first), shape, strides, ..] = arguments else { return Err(bad()) };
    let Some(Node::Storage(storage)) = machine.of(array) else { return Err(bad()) };
    let first = u64::try_from(*first).map_err(|_| bad())?;
    let (shape, strides) = (sizes(machine, shape).ok_or_else(bad)?, sizes(machine, strides).ok_or_else(bad)?);
    let given = arguments.get(6).and_then(|value| match machine.of(value) {
        Some(Node::Global { module, name }) if &**module == "torch" => Some(dtype(name)),
        _ => None,
    });
    let number = given.or_else(|| storage.number.clone()).unwrap_or_else(|| Err("bytes".to_string()));
    Ok(Rebuilt { key: storage.key.clone(), number, first, shape, strides })
}
